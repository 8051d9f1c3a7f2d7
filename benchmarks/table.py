"""Print what a benchmark has measured, as JSON for machines or as a table for people."""

import json
from collections.abc import Callable, Sequence
from typing import Any


def show(rows: Sequence[dict[str, Any]], as_json: bool, head: str, line: Callable[[dict[str, Any]], str]) -> None:
    """Print the rows; head and lines are the cells of a Markdown table: "what | ms"."""
    if as_json:
        print(json.dumps(rows))
        return
    print(f"| {head} |\n|{'---|' * (head.count('|') + 1)}")
    for row in rows:
        print(f"| {line(row)} |")

"""Fold lines of a plain script that are too long, as with a learning rate of many digits, inside their brackets."""

import re
from itertools import accumulate

LONGEST_LINE = 120
_INDENT = "    "
_PLACES = re.compile(r"(?<=,) | (?=for |\* )")  # after a comma, before a loop or a product
_BRACKETS = dict.fromkeys("([{", 1) | dict.fromkeys(")]}", -1)


def folded(line: str) -> list[str]:
    """Fold a statement into as many lines as it takes; a comment at its end comes first."""
    if len(line) <= LONGEST_LINE:
        return [line]
    line, mark, about = line.partition("  # ")
    indent = line[: len(line) - len(line.lstrip())]
    pieces, start = [f"{indent}# {about}"] if mark else [], 0
    depths, lead = _depths(line), ""
    while len(lead) + len(line) - start > LONGEST_LINE:
        end = start + LONGEST_LINE - len(lead)
        places = [found.start() for found in _PLACES.finditer(line, start + 1, end + 1) if depths[found.start()] > 0]
        if not places:
            break
        place = max(places, key=lambda at: (-depths[at], at))  # within as few brackets, and as late, as possible
        pieces.append(lead + line[start:place])
        start, lead = place + 1, indent + _INDENT
    return [*pieces, lead + line[start:]]


def _depths(line: str) -> list[int]:
    """How many brackets are open at each character; 0 inside a string, where no line may end."""
    in_text = list(accumulate((sign == '"' for sign in line), lambda inside, quote: inside != quote))
    steps = [0 if quoted else _BRACKETS.get(sign, 0) for sign, quoted in zip(line, in_text, strict=True)]
    return [0 if quoted else depth for depth, quoted in zip(accumulate(steps), in_text, strict=True)]

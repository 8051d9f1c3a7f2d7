"""Measure the lab: `python -m benchmarks NAME`. A benchmark prints figures; it passes no judgement."""

import importlib
import sys

# A name on the command line, and the module whose main(arguments) it runs.
BENCHMARKS = {
    "pages": "benchmarks.pages",
    "drawing": "benchmarks.drawing",
    "runs": "benchmarks.runs",
    "live": "benchmarks.live",
    "classroom": "benchmarks.classroom",
    "cluster": "benchmarks.cluster",
    "memory": "benchmarks.memory",
    "recipes": "benchmarks.recipes",
    "training": "benchmarks.training",
    "warps": "benchmarks.warps",
}


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in BENCHMARKS:
        sys.exit(f"Which benchmark? python -m benchmarks {' | '.join(BENCHMARKS)} [--help]")
    importlib.import_module(BENCHMARKS[name]).main(sys.argv[2:])


main()

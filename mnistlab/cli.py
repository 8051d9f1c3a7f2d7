"""The command line: what may be asked, and which command answers.

python -m mnistlab train --preset tutorial-mlp --epochs 2
python -m mnistlab evaluate RUN
python -m mnistlab classify FILE.png --model best-cnn
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from mnistlab import commands
from mnistlab.errors import MnistLabError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, 1 after an error that was told, or 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    if options.db:
        os.environ["MNISTLAB_DB"] = options.db
    try:
        return int(options.command(options))
    except MnistLabError as error:
        print(f"mnistlab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mnistlab: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, head for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print JSON for machines")
    shared.add_argument("--db", metavar="URL", help="the database (default: MNISTLAB_DB, or SQLite in lab/)")
    parser = argparse.ArgumentParser(prog="python -m mnistlab", description="Teach a computer to read digits.")
    commands_of = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands_of.add_parser("train", parents=[shared], help="train a preset in the foreground")
    train.set_defaults(command=commands.train)
    train.add_argument("--preset", default="tutorial-mlp", help="a name that `presets` lists (default: %(default)s)")
    train.add_argument("--epochs", type=int, help="passes over the data (default: the preset's)")
    train.add_argument("--seed", type=int, help="same seed, same machine, same weights (default: 0)")
    train.add_argument("--device", help="auto, cpu, cuda, mps or xpu (default: auto)")

    evaluate = commands_of.add_parser("evaluate", parents=[shared], help="test a run or a built-in model")
    evaluate.set_defaults(command=commands.evaluate)
    evaluate.add_argument("run", metavar="RUN", help="a run's id or a built-in model's name")
    evaluate.add_argument("--split", default="test", choices=("train", "validation", "test"))

    classify = commands_of.add_parser("classify", parents=[shared], help="read pictures of single digits")
    classify.set_defaults(command=commands.classify)
    classify.add_argument("files", nargs="+", metavar="FILE", help="PNG or JPEG, one digit each")
    classify.add_argument("--model", metavar="NAME", help="a run's id or a built-in model (default: best-cnn)")

    presets = commands_of.add_parser("presets", parents=[shared], help="list what can be trained")
    presets.set_defaults(command=commands.presets)

    runs = commands_of.add_parser("runs", parents=[shared], help="list the runs, the newest first")
    runs.set_defaults(command=commands.runs)
    runs.add_argument("--watch", action="store_true", help="show what is going on until Ctrl-C")

    _add_steering(commands_of, shared)

    export = commands_of.add_parser("export", parents=[shared], help="write a run's weights to a file")
    export.set_defaults(command=commands.export)
    export.add_argument("run", metavar="RUN", help="a run's id or a built-in model's name")
    export.add_argument("--to", required=True, metavar="FILE.safetensors", help="where to write")
    return parser


def _add_steering(commands_of: Any, shared: argparse.ArgumentParser) -> None:
    def add(name: str, command: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands_of.add_parser(name, parents=[shared], help=about)
        parser.set_defaults(command=command)
        parser.add_argument("run", metavar="RUN", help="a run's id, as `runs` lists it")
        return parser

    stop = add("stop", commands.stop, "stop a run, which keeps what it has learned")
    stop.add_argument("--force", action="store_true", help="end its process at once, for a run that hangs")
    add("pause", commands.pause, "let a run wait after its present step")
    add("go-on", commands.go_on, "let a paused run go on")
    rate = add("rate", commands.rate, "change the learning rate of a run while it runs")
    rate.add_argument("learning_rate", type=float, metavar="RATE", help="from its next step on; a schedule's new peak")
    resume = add("resume", commands.resume, "go on with a stopped, failed or lost run in the foreground")
    resume.add_argument("--more-epochs", type=int, default=0, metavar="N", help="N epochs more than it was to have")

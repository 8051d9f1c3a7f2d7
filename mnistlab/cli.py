"""The command line: its arguments, and which command handles them.

python -m mnistlab train --preset tutorial-mlp --epochs 2
python -m mnistlab evaluate RUN
python -m mnistlab classify FILE.png --model best-cnn
"""

import argparse
import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, get_args

from mnistlab import commands, engine, keeping
from mnistlab.errors import ConfigError, MnistLabError
from mnistlab.export import FORMATS
from mnistlab.sweep_config import Pruner, Sampler

_Adding = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, 1 after a reported error, 130 after Ctrl-C, 128 + n after signal n."""
    _print_nowhere_if_closed()
    _print_whatever_a_name_holds()
    options = _parser().parse_args(arguments)
    try:
        if options.db is not None:
            os.environ["MNISTLAB_DB"] = _address(options.db)
        code = int(options.command(options))
        sys.stdout.flush()
        return code
    except MnistLabError as error:
        for line in str(error).splitlines():
            print(f"mnistlab: {line}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mnistlab: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, head for one, has seen enough
        _print_no_more()
        return 0
    except OSError as error:
        if _can_print():
            raise
        _print_no_more()
        if sys.platform == "win32" and error.errno == errno.EINVAL:  # Windows' broken pipe
            return 0
        with suppress(OSError):  # the terminal was closed
            print(f"mnistlab: the output of this command cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    finally:
        engine.hang_up()


def _can_print() -> bool:
    try:
        print(flush=True)  # what failed is not kept to be written again
    except OSError:
        return False
    return True


def _print_no_more() -> None:
    """Discard what is left to print, which Python would otherwise try to write again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _address(given: str) -> str:
    if not given:
        raise ConfigError("--db '' names no database. Give an address such as sqlite:///lab.sqlite, or leave it out.")
    return given


def _print_nowhere_if_closed() -> None:
    """Replace a stream that was closed (`>&-`), and is None in Python, by one that discards everything."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the process ends


def _print_whatever_a_name_holds() -> None:
    """Escape what the terminal's encoding lacks: one run's name must not keep the others from being listed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print JSON for machines")
    shared.add_argument("--db", metavar="URL", help="the database (default: MNISTLAB_DB, or SQLite in lab/)")
    parser = argparse.ArgumentParser(prog="python -m mnistlab", description="Teach a computer to read digits.")
    commands_of = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands_of.add_parser("train", parents=[shared], help="train a preset in the foreground")
    train.set_defaults(command=commands.train)
    _add_recipe(train, "a preset that `presets` lists (default: tutorial-mlp)")
    train.add_argument("--epochs", type=int, help="passes over the data (default: the preset's)")
    train.add_argument("--seed", type=int, help="same seed, same machine, same weights (default: 0)")
    train.add_argument("--device", help="auto, cpu, cuda, mps or xpu (default: auto)")

    evaluate = commands_of.add_parser("evaluate", parents=[shared], help="test a run or a built-in model")
    evaluate.set_defaults(command=commands.evaluate)
    evaluate.add_argument("run", metavar="RUN", help="a run's id or a built-in model's name")
    evaluate.add_argument("--split", default="test", choices=("train", "validation", "test"))

    classify = commands_of.add_parser("classify", parents=[shared], help="read pictures of single digits")
    classify.set_defaults(command=commands.classify)
    classify.add_argument("files", nargs="+", metavar="FILE", help="PNG, JPEG or WebP, one digit each")
    classify.add_argument("--model", metavar="NAME", help="a run's id or a built-in model (default: pen-cnn)")

    presets = commands_of.add_parser("presets", parents=[shared], help="list what can be trained")
    presets.set_defaults(command=commands.presets)

    settings = commands_of.add_parser("settings", parents=[shared], help="list what --set can change, and to what")
    settings.set_defaults(command=commands.settings)

    runs = commands_of.add_parser("runs", parents=[shared], help="list the runs, the newest first")
    runs.set_defaults(command=commands.runs)
    runs.add_argument("--watch", action="store_true", help="show what is going on until Ctrl-C")

    _add_steering(commands_of, shared)
    _add_keeping(commands_of, shared)
    _add_sweep(commands_of, shared)

    _add_sharing(commands_of, shared)
    return parser


def _add_recipe(parser: argparse.ArgumentParser, about_preset: str) -> None:
    recipe = parser.add_mutually_exclusive_group()
    recipe.add_argument("--preset", help=about_preset)
    recipe.add_argument("--like", metavar="RUN", help="the recipe of this run, by its id, instead of a preset's")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SETTING=VALUE",
        help="change a setting of the recipe: optimizer=adam, learning_rate=1e-3, hidden=256-128, batch_norm=on; as "
        "often as you like. `settings` lists them all",
    )


def _add_sharing(commands_of: Any, shared: argparse.ArgumentParser) -> None:
    export = commands_of.add_parser("export", parents=[shared], help="write a run in a form that others can use")
    export.set_defaults(command=commands.export)
    export.add_argument("run", metavar="RUN", help="a run's id or a built-in model's name")
    export.add_argument(
        "--to",
        required=True,
        metavar="FILE",
        help="FILE.safetensors, .onnx, .zip (the whole run), .html (a report) or .py; a FOLDER for TensorBoard",
    )
    export.add_argument("--as", dest="kind", choices=tuple(FORMATS), help="the format (default: by the file's ending)")

    take_in = commands_of.add_parser("import", parents=[shared], help="import a run that was exported as a zip")
    take_in.set_defaults(command=commands.import_)
    take_in.add_argument("file", metavar="FILE.zip", help="a file that `export RUN --to FILE.zip` has written")


def _adding_to(commands_of: Any, shared: argparse.ArgumentParser) -> _Adding:
    """A function that adds a command taking one run."""

    def add(name: str, command: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands_of.add_parser(name, parents=[shared], help=about)
        parser.set_defaults(command=command)
        parser.add_argument("run", metavar="RUN", help="a run's id, as `runs` lists it")
        return parser

    return add


def _add_steering(commands_of: Any, shared: argparse.ArgumentParser) -> None:
    add = _adding_to(commands_of, shared)
    stop = add("stop", commands.stop, "stop a run, which keeps what it has learned")
    stop.add_argument("--force", action="store_true", help="end its process at once, for a run that hangs")
    add("pause", commands.pause, "pause a run after its current step")
    add("go-on", commands.go_on, "let a paused run go on")
    rate = add("rate", commands.rate, "change the learning rate of a run while it runs")
    rate.add_argument("learning_rate", type=float, metavar="RATE", help="from its next step on; a schedule's new peak")
    resume = add("resume", commands.resume, "go on with a stopped, failed or lost run in the foreground")
    resume.add_argument("--more-epochs", type=int, metavar="N", help="N more epochs than it was planned to have")


def _add_keeping(commands_of: Any, shared: argparse.ArgumentParser) -> None:
    add = _adding_to(commands_of, shared)
    rename = add("rename", commands.rename, "give a run a name")
    rename.add_argument("name", metavar="NAME", help=f"at most {keeping.MAX_NAME} characters; '' takes it away")
    note = add("note", commands.note, "write a note about a run")
    note.add_argument("text", metavar="TEXT", help=f"at most {keeping.MAX_NOTE:,} characters; '' takes it away")
    star = add("star", commands.star, "give a run a star, to find it again")
    star.add_argument("--off", action="store_true", help="take it away")
    delete = commands_of.add_parser(
        "delete", parents=[shared], help="delete runs; one that is still going on is stopped"
    )
    delete.set_defaults(command=commands.delete)
    delete.add_argument("runs", metavar="RUN", nargs="+", help="their ids, as `runs` lists them")
    add("restore", commands.restore, "bring a deleted run back")
    compare = add("compare", commands.compare, "say which of two runs was better, and whether it was luck")
    compare.add_argument("other", metavar="OTHER", help="the other run's id")
    compare.add_argument("--seeds", action="store_true", help="count all runs of each recipe, whatever their seed")


def _add_sweep(commands_of: Any, shared: argparse.ArgumentParser) -> None:
    about = "many runs that differ in a few settings"
    verbs = commands_of.add_parser("sweep", help=about).add_subparsers(required=True, metavar="VERB")
    here = argparse.ArgumentParser(add_help=False)
    here.add_argument("--here", action="store_true", help="train the trials in this process, without an engine")

    start = verbs.add_parser("start", parents=[shared, here], help="start a sweep")
    start.set_defaults(command=commands.sweep_start)
    start.add_argument(
        "experiment", nargs="?", metavar="EXPERIMENT", help="an experiment that `sweep list --classics` lists"
    )
    start.add_argument(
        "--vary",
        action="append",
        metavar="SETTING=VALUES",
        help="learning_rate=1e-4..10 (followed by :6 for 6 points of a grid) or activation=relu,tanh; once per "
        "setting. Replaces what a named experiment varies",
    )
    _add_recipe(start, "the recipe of all trials (default: the experiment's, else tutorial-mlp)")
    start.add_argument("--epochs", type=int, help="passes over the data of each trial")
    start.add_argument("--sampler", choices=get_args(Sampler), help="how values are chosen (default: grid)")
    start.add_argument("--trials", type=int, metavar="N", help="how many, unless it is a grid (default: 12)")
    start.add_argument(
        "--pruner", choices=get_args(Pruner), help="how trials that lag behind are ended (default: none)"
    )
    start.add_argument("--seed", type=int, help="same seed, same first trials (default: 0)")
    start.add_argument("--title", help="the name of the sweep")

    listed = verbs.add_parser("list", parents=[shared], help="list the sweeps, the newest first")
    listed.set_defaults(command=commands.sweep_list)
    listed.add_argument("--classics", action="store_true", help="list the experiments that can be started by name")

    for name, command, help_text, parents in (
        ("show", commands.sweep_show, "list the trials of a sweep, the best first", [shared]),
        ("stop", commands.sweep_stop, "stop a sweep; what is done is kept", [shared]),
        ("resume", commands.sweep_resume, "go on with trials that were stopped or lost", [shared, here]),
    ):
        verb = verbs.add_parser(name, parents=parents, help=help_text)
        verb.set_defaults(command=command)
        verb.add_argument("sweep", metavar="SWEEP", help="a sweep's id, as `sweep list` lists it")

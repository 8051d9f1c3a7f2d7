"""`runs`: what was trained, and what is going on."""

import argparse
import json
import select
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from mnistlab import queue
from mnistlab.commands.columns import in_column
from mnistlab.commands.foreground import noting_interrupts
from mnistlab.figures import percent
from mnistlab.presets import changed_from_preset
from mnistlab.runs import Run
from mnistlab.store import MOST_LISTED, Store

_WATCH_EVERY = 1.0  # seconds
_WATCHED = 20  # runs, which fit on a terminal
_NAME = 32  # columns
_EMPTY = "No run yet."
_CLEAR = "\033[H\033[2J"  # ANSI: cursor home, clear the screen


def runs(options: argparse.Namespace) -> int:
    """Print the runs, the newest first; with --watch again and again."""
    store = Store()
    if options.watch:
        with noting_interrupts() as is_interrupted:  # raised inside a database callback, Ctrl-C would be lost
            _watch(store, options.json, is_interrupted)
        print("mnistlab: interrupted", file=sys.stderr)
        return is_interrupted.exit_code
    found = store.runs(limit=MOST_LISTED + 1)
    if len(found) > MOST_LISTED:
        found = found[:MOST_LISTED]
        print(f"mnistlab: these are the newest {MOST_LISTED} runs; older ones are left out", file=sys.stderr)
    if not found and not options.json:
        print("No run yet. Start one with: python -m mnistlab train --preset tutorial-mlp --epochs 2")
    if found and _is_for_a_person(options.json):
        print(_HEADER)
    for line in _lines(store, found, options.json):
        print(line)
    return 0


def _watch(store: Store, as_json: bool, is_interrupted: Callable[[], bool]) -> None:
    """Show what is going on until Ctrl-C: in place on a terminal, else each line as it changes."""
    shown: dict[str, str] | None = None
    while not is_interrupted():
        if not _is_read():
            raise BrokenPipeError
        found = _watched(store)
        lines = dict(zip((run.id for run in found), _lines(store, found, as_json), strict=True))
        if _is_for_a_person(as_json):
            print(_CLEAR + "\n".join([_HEADER, *lines.values()] if lines else [_EMPTY]), flush=True)
        else:
            _print_changes(shown, lines, as_json)
        shown = lines
        time.sleep(_WATCH_EVERY)


def _print_changes(shown: dict[str, str] | None, lines: dict[str, str], as_json: bool) -> None:
    """Print the line of each run that differs from what was shown; None if nothing was shown yet."""
    for run_id, line in lines.items():
        if shown is None or shown.get(run_id) != line:
            print(line, flush=True)
    if not lines and shown != {} and not as_json:
        print(_EMPTY, flush=True)


def _is_read() -> bool:
    """Whether anybody still reads what is printed; while nothing changes, no write would reveal that."""
    try:
        stdout = select.poll()
        stdout.register(sys.stdout.fileno(), 0)  # no events: that the other end is gone is always reported
        return not any(what & (select.POLLERR | select.POLLHUP) for _, what in stdout.poll(0))
    except (AttributeError, OSError):  # Windows has no poll; a test's output no number
        return True


def _is_for_a_person(as_json: bool) -> bool:
    """Whether output goes to a person at a terminal; for a program it is runs alone, without a header."""
    return sys.stdout.isatty() and not as_json


def _watched(store: Store) -> list[Run]:
    """The running runs, the waiting ones in queue order, then the newest: as many as are watched."""
    running, newest = store.runs(limit=_WATCHED, states=["running"]), store.runs(limit=_WATCHED)
    by_id = {run.id: run for run in [*running, *queue.waiting(store), *newest]}
    return list(by_id.values())[:_WATCHED]


def _lines(store: Store, found: list[Run], as_json: bool) -> list[str]:
    places = queue.places(store)
    if as_json:
        return [json.dumps(_as_object(run) | {"place": places.get(run.id)}) for run in found]
    return [_as_line(run, places.get(run.id)) for run in found]


def _as_object(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "name": run.name,
        "starred": run.is_starred,
        "note": run.note,
        "preset": run.config.preset,
        "state": run.state,
        "paused": run.is_paused,
        "epoch": run.epoch,
        "step": run.step,
        "num_steps": run.num_steps,
        "seed": run.config.train.seed,
        "created": run.created,
        "train_seconds": run.seconds,
        "images_per_second": run.images_per_second,
        "worker": run.worker,
        "result": run.result,
        "error": run.error,
        "config": run.config.model_dump(),
    }


def _as_line(run: Run, place: int | None) -> str:
    when = datetime.fromtimestamp(run.created).strftime("%Y-%m-%d %H:%M")
    star = "*" if run.is_starred else " "
    return _row(run.id, star, when, _called(run), run.shown_state, f"epoch {run.epoch:5.2f}", _news(run, place))


def _row(run_id: str, star: str, when: str, called: str, state: str, epoch: str, news: str) -> str:
    return f"{run_id:8} {star} {when:16}  {in_column(called, _NAME)} {state:9} {epoch:11}  {news}".rstrip()


def _called(run: Run) -> str:
    return f"{run.name} ({run.config.preset})" if run.name else run.config.preset


def _news(run: Run, place: int | None) -> str:
    if place is not None:
        return f"place {place} in the queue. {run.error or ''}".rstrip()
    if run.state == "finished":
        tested = [f"test accuracy {percent(run.result['test_accuracy'])}"] if run.result else []
        return "; ".join([*tested, *_changed(run)])
    if run.state == "running":
        left = f", {run.seconds_left:,.0f} s left" if run.seconds_left is not None else ""
        return f"{percent(run.progress, 0)} at {run.images_per_second or 0:,.0f} images/s{left}, on {run.worker}"
    return run.error or ""


def _changed(run: Run) -> list[str]:
    """What sets it apart from its preset, of which only the name is shown."""
    changed = ", ".join(f"{one.name} {one.now}" for one in changed_from_preset(run.config))
    return [changed] if changed else []


_HEADER = _row("run", " ", "created", "name (preset)", "state", "trained", "result, or what is going on")

"""`sweep start | list | show | stop | resume`: many runs that differ in a few settings."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from mnistlab import queue, space, sweep
from mnistlab.classics import CLASSICS
from mnistlab.commands.foreground import Interrupt, noting_interrupts
from mnistlab.commands.sweep_options import sweep_asked_for
from mnistlab.errors import DatabaseGoneError, MnistLabError, OtherVersionError, StoreError
from mnistlab.figures import percent
from mnistlab.runs import ACTIVE, TERMINAL
from mnistlab.store import Store
from mnistlab.sweep_config import SweepConfig
from mnistlab.sweep_state import Sweep, Trial

_SHOWN = 20  # sweeps that `list` prints


def sweep_start(options: argparse.Namespace) -> int:
    """Start a sweep: a classic experiment by its name, or one made of options."""
    config = sweep_asked_for(options, store := Store())
    if not options.here:
        sweep_id = sweep.start(config, store, TERMINAL)
        return _tell(options, sweep.find(sweep_id, store), "started")
    return _work(options, store, lambda: sweep.create(config, store, TERMINAL))


def sweep_list(options: argparse.Namespace) -> int:
    """Print the sweeps, the newest first, or the classic experiments."""
    if options.classics:
        for classic in CLASSICS.values():
            about = {"experiment": classic.name, "watch": classic.watch, **_plan(classic.config)}
            _print(options, about, f"{classic.name:18} {classic.config.size:3} trials  {classic.watch}")
        return 0
    found = sweep.latest(Store(), _SHOWN)
    if not found and not options.json:
        print("No sweep yet. Start one with: python -m mnistlab sweep start learning-rate --here")
    for one in found:
        _print(options, _as_object(one), _as_line(one))
    return 0


def sweep_show(options: argparse.Namespace) -> int:
    """Print the trials of a sweep, the best first."""
    one = sweep.find(options.sweep, Store())
    ranked = [*one.ranked, *(trial for trial in one.trials if trial.accuracy is None)]
    for trial in ranked:
        _print(options, _trial_as_object(trial), _trial_as_line(trial))
    _print(options, _as_object(one), _as_line(one))
    return 0


def sweep_stop(options: argparse.Namespace) -> int:
    """Remove a sweep's waiting trials from the queue, and ask the running ones to stop."""
    store = Store()
    is_active = any(run.state in ACTIVE for run in queue.active_trials(options.sweep, store))
    said = "asked to stop" if is_active else "was already over"
    try:
        sweep.stop(options.sweep, store)
        return _tell(options, sweep.find(options.sweep, store), said)
    except OtherVersionError:
        if not is_active:
            raise
        _print(options, {"sweep": options.sweep, "said": said}, f"{options.sweep} ({said})")
        return 0


def sweep_resume(options: argparse.Namespace) -> int:
    """Resume the trials that were stopped or lost, or failed before they began; report the others that failed."""
    store = Store()
    if not options.here:
        one = sweep.find(options.sweep, store)
        failed = [trial for trial in _failed(one) if trial not in one.resumable]
        _say_what_failed(failed)
        if not (one.can_be_resumed or one.is_active):
            _tell(options, one, "nothing left to go on with")
            return 1 if failed else 0
        sweep.resume(options.sweep, store)
        return _tell(options, sweep.find(options.sweep, store), "goes on")

    def requeue() -> str:
        sweep.requeue(options.sweep, store)
        return str(options.sweep)

    return _work(options, store, requeue)


def _work(options: argparse.Namespace, store: Store, begin: Callable[[], str]) -> int:
    """Train waiting trials one after another in this process; other processes may do so at the same time.

    begin: queues them and returns the sweep's id; called once Ctrl-C is being handled.
    """
    from mnistlab.execution import this_worker  # takes seconds, so before any trial waits for it

    with noting_interrupts() as is_interrupted:
        sweep_id = begin()
        with _leaving_nothing_behind(sweep_id, store, this_worker(), is_interrupted):
            _train_all(options, sweep_id, store, is_interrupted)
    return _tell_end(options, sweep.find(sweep_id, store), is_interrupted)


@contextmanager
def _leaving_nothing_behind(sweep_id: str, store: Store, me: str, is_interrupted: Interrupt) -> Iterator[None]:
    """If this process ends before its sweep does, take waiting trials from the queue; if the store fails, say so."""
    try:
        yield
    except DatabaseGoneError:
        raise  # the sweep cannot be resumed from whatever is there now
    except StoreError as error:
        with suppress(MnistLabError):
            _leave(sweep_id, store, me)
        raise StoreError(
            f"{error} Once that is put right, `python -m mnistlab sweep resume {sweep_id} --here` goes on."
        ) from error
    except BaseException:  # a second Ctrl-C, or a reader that closed its end
        _leave(sweep_id, store, me)
        raise
    if is_interrupted():
        _leave(sweep_id, store, me)


def _tell_end(options: argparse.Namespace, one: Sweep, is_interrupted: Interrupt) -> int:
    """Print a sweep's outcome; return the exit code."""
    if one.counts["stopped"]:
        print(f"mnistlab: stopped; sweep resume {one.id} goes on", file=sys.stderr)
    elif is_interrupted():
        print("mnistlab: interrupted; the waiting trials are left to whoever else trains this sweep", file=sys.stderr)
    _print(options, _as_object(one), _as_line(one))
    if one.counts["stopped"] or is_interrupted():
        return is_interrupted.exit_code
    failed = _failed(one)
    _say_what_failed(failed)
    return 1 if failed else 0


def _failed(one: Sweep) -> list[Trial]:
    return [trial for trial in one.trials if trial.state == "failed"]


def _say_what_failed(trials: Sequence[Trial]) -> None:
    if trials:
        print(
            f"mnistlab: {len(trials)} failed: {', '.join(trial.run.id for trial in trials)}. Trained again with the "
            f"same values, most would fail again; `python -m mnistlab resume {trials[0].run.id}` tries one of them.",
            file=sys.stderr,
        )


def _train_all(options: argparse.Namespace, sweep_id: str, store: Store, is_interrupted: Callable[[], bool]) -> None:
    from mnistlab.execution import execute

    if not options.json:
        print(f"Sweep {sweep_id}: {sweep.find(sweep_id, store).config.size} trials.", flush=True)
    while (following := sweep.next_waiting(sweep_id, store)) is not None and not is_interrupted():
        execute(store, following.id, wants_stop=is_interrupted, seen=following.attempt)
        for trial in sweep.find(sweep_id, store).trials:
            if trial.run.id == following.id:  # it may have been deleted meanwhile
                _print(options, _trial_as_object(trial), _trial_as_line(trial))


def _leave(sweep_id: str, store: Store, me: str) -> None:
    """Take waiting trials from the queue, unless another process is training this sweep too."""
    trials = sweep.find(sweep_id, store).trials
    if not any(trial.run.state == "running" and trial.run.worker != me for trial in trials):
        sweep.stop(sweep_id, store)


def _tell(options: argparse.Namespace, one: Sweep, said: str) -> int:
    _print(options, _as_object(one) | {"said": said}, f"{_as_line(one)} ({said})")
    return 0


def _print(options: argparse.Namespace, about: dict[str, Any], line: str) -> None:
    """Print the line for people, or the object it describes for programs."""
    print(json.dumps(about) if options.json else line, flush=True)


def _plan(config: SweepConfig) -> dict[str, Any]:
    return {
        "name": config.name,
        "varied": [one.model_dump() for one in config.parameters],
        "sampler": config.sampler,
        "pruner": config.pruner,
        "trials": config.size,
    }


def _as_object(one: Sweep) -> dict[str, Any]:
    best = _trial_as_object(one.best) if one.best else None
    return {"sweep": one.id, "created": one.created, **_plan(one.config), "counts": dict(one.counts), "best": best}


def _trial_as_object(trial: Trial) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "run": trial.run.id,
        "state": trial.state,
        "values": trial.values,
        "validation_accuracy": trial.last_accuracy,
        "epoch": trial.run.epoch,
        "train_seconds": trial.run.seconds,
        "error": trial.run.error,
    }


def _as_line(one: Sweep) -> str:
    states = ", ".join(f"{number} {state}" for state, number in one.counts.most_common())
    best = one.best
    told = (
        f"; best: {space.described(best.values)}, validation accuracy {percent(best.accuracy)}"
        if best and best.accuracy
        else ""
    )
    return f"Sweep {one.id} ({one.config.name}): {states}{told}"


def _trial_as_line(trial: Trial) -> str:
    number = "-" if trial.number is None else str(trial.number)
    accuracy = (percent(trial.last_accuracy) if trial.last_accuracy is not None else "-").rjust(8)
    reason = f"  {trial.run.error}" if trial.run.error and not trial.is_pruned else ""
    return f"{number:>3}  {trial.run.id}  {trial.state:9} {accuracy}  {space.described(trial.values)}{reason}"

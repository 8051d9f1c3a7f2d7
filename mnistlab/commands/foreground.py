"""A run in the foreground: executed in this process, with a progress bar or JSON lines."""

import argparse
import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import wraps
from types import FrameType
from typing import Any

from mnistlab.commands.progress import Progress
from mnistlab.errors import DatabaseGoneError, MnistLabError, RunNotFoundError, StoreError
from mnistlab.events import EpochEnded, Event
from mnistlab.figures import percent
from mnistlab.runs import Run
from mnistlab.store import Store

# From Ctrl-C, a batch system or service manager, a terminal being closed; on Windows, Ctrl-Break instead of the last.
_ASKING = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]

_RESUMED_ELSEWHERE = "taken from this command and resumed elsewhere, where it goes on from its last checkpoint"


def led_by_the_first(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """If torchrun has started several processes, let the first one execute the command and the others train along.

    Ctrl-C reaches all of them, from the terminal and again from torchrun: the first notes it and tells the others.
    """

    @wraps(command)
    def executed(options: argparse.Namespace) -> int:
        if not _are_several():
            return command(options)
        from mnistlab import parallel

        with parallel.joined() as team:
            if team.leads:
                return command(options)
            for each in _ASKING:
                signal.signal(each, signal.SIG_IGN)
            parallel.follow(team)
            return 0

    return executed


def _are_several() -> bool:
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def run_here(begin: Callable[[], str], store: Store, as_json: bool) -> int:
    """Execute a run until it ends; Ctrl-C stops it after the current step.

    Args:
        begin: creates a run for this process to execute and returns its id; called once Ctrl-C is being handled.

    Returns:
        0; if it was stopped, 130, or 128 plus the number of the signal that asked for it.

    Raises:
        MnistLabError: it failed, or another process took it.
    """
    from mnistlab.execution import execute

    with noting_interrupts() as is_interrupted:
        run_id = begin()
        with _saying_how_to_go_on(run_id):
            with closing(_Listener(_JsonLines() if as_json else Progress(run_id))) as listener:
                execute(store, run_id, listener, lambda: is_interrupted() or listener.is_gone)
            run = store.run(run_id)
    if run.is_active:  # checked first, because a queued run's error is the reason why it waits
        taken = f"taken over by {run.worker}, which goes on with it" if run.worker else _RESUMED_ELSEWHERE
        raise MnistLabError(f"The run {run_id} was {taken}.")
    if run.error and run.state != "stopped":  # a trial that was pruned says why, and did not fail
        raise MnistLabError(f"The run {run_id} failed: {run.error}")
    if as_json:
        print(json.dumps(_result(run)), flush=True)
    else:
        print(_summary(run))
    return is_interrupted.exit_code if run.state == "stopped" else 0


@contextmanager
def _saying_how_to_go_on(run_id: str) -> Iterator[None]:
    """If a run is deleted meanwhile, or the store refuses its reports, say what is kept and how to resume it."""
    try:
        yield
    except RunNotFoundError as error:
        raise MnistLabError(
            f"The run {run_id} was deleted while it was trained here, which has ended it. `python -m mnistlab restore "
            f"{run_id}` brings it back, up to its last checkpoint."
        ) from error
    except DatabaseGoneError:
        raise  # the run cannot be resumed from whatever is there now
    except StoreError as error:
        raise StoreError(
            f"{error} The run {run_id} is kept up to its last checkpoint: once that is put right, `python -m mnistlab "
            f"resume {run_id}` goes on with it."
        ) from error


def _result(run: Run) -> dict[str, Any]:
    result = run.result or {}
    return {
        "event": "result" if run.state == "finished" else run.state,
        "run": run.id,
        "preset": run.config.preset,
        "seed": run.config.train.seed,
        "epochs": round(run.epoch, 4) if run.state != "finished" else run.config.train.epochs,
        "train_seconds": run.seconds,
        "images_per_second": run.images_per_second,
        "test_accuracy": result.get("test_accuracy"),
        "test_loss": result.get("test_loss"),
    }


def _summary(run: Run) -> str:
    if run.state == "stopped":
        if run.error:  # taken away, with something lost
            return f"Run {run.id} stopped after {run.epoch:.2f} epochs. {run.error}"
        return f"Stopped after {run.epoch:.2f} epochs. What it has learned is kept as run {run.id}."
    if run.result is None:  # a trial of a sweep, which does not read the test set
        return f"Run {run.id}: finished, not tested, {run.seconds:.1f} s of training."
    return (
        f"Run {run.id}: test accuracy {percent(run.result['test_accuracy'])}, test loss {run.result['test_loss']:.4f}, "
        f"{run.seconds:.1f} s of training ({run.images_per_second or 0:,.0f} images/s)."
    )


@contextmanager
def noting_interrupts() -> Iterator["Interrupt"]:
    """Note the first Ctrl-C, so that the training stops between two steps; the second one ends the program.

    SIGTERM, with which Slurm and systemd end their processes, and SIGHUP, which a closing terminal sends, often more
    than once, are noted too, unless nohup has turned them off.

    torchrun ends all its processes by SIGTERM once one has ended. The leading one keeps noting it even afterwards, or
    it would be killed before its last message reaches the terminal.
    """
    before = {each: signal.getsignal(each) for each in _ASKING}
    try:
        yield Interrupt([each for each in _ASKING if each == signal.SIGINT or before[each] != signal.SIG_IGN])
    finally:
        for each, handler in before.items():
            if not (each == signal.SIGTERM and _are_several()):
                signal.signal(each, handler or signal.SIG_DFL)


class Interrupt:
    """Whether somebody has asked this process to end, and by which signal."""

    def __init__(self, noted: Iterable[signal.Signals]) -> None:
        self._number: int | None = None
        for each in noted:
            signal.signal(each, self._note)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._number = self._number or number
        if not _are_several():  # torchrun forwards what the terminal has sent already
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def __call__(self) -> bool:
        return self._number is not None

    @property
    def exit_code(self) -> int:
        """128 plus the signal's number, as shells have it; 130, that of Ctrl-C, for a stop from elsewhere."""
        return 128 + (self._number or signal.SIGINT)


class _Listener:
    """Prints events to a reader; once that has closed its end, as `head` does, the training stops as after Ctrl-C."""

    def __init__(self, tell: "_JsonLines | Progress") -> None:
        self.is_gone = False
        self._tell = tell

    def __call__(self, event: Event) -> None:
        try:
            self._tell(event)
        except OSError:  # also if the terminal was closed, or a log's disk is full
            self.is_gone = True

    def close(self) -> None:
        with suppress(OSError):
            self._tell.close()


class _JsonLines:
    """Prints a JSON object on a line after each epoch."""

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch > 0:
            print(json.dumps({"event": "epoch", **vars(event)}), flush=True)

    def close(self) -> None:
        """Each line has ended already."""

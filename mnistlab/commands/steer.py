"""`stop`, `pause`, `go-on`, `rate` and `resume`: steering a run, wherever it runs, through the store."""

import argparse
import json

from mnistlab import jobs, steering
from mnistlab.commands.foreground import led_by_the_first, run_here
from mnistlab.commands.given import check_training
from mnistlab.errors import MnistLabError
from mnistlab.runs import Run
from mnistlab.store import Store

_FOREGROUND = (
    "That process runs in somebody's terminal: it can write nothing more, and ends when it next tries to; if it "
    "hangs, end it there"
)


def stop(options: argparse.Namespace) -> int:
    """Ask a run to stop, or take it from its worker at once."""
    from mnistlab import jobs

    store = Store()
    run = store.run(options.run)
    _check(run, "queued", "running", "lost")
    jobs.stop(run.id, store, force=options.force)
    if options.force and run.runs_in_the_foreground:
        return _tell(options, store, f"taken from {run.worker}. {_FOREGROUND}")
    return _tell(options, store, "asked to stop" if store.run(run.id).state == "running" else "stopped")


def pause(options: argparse.Namespace) -> int:
    """Let a run wait after its current step."""
    store = Store()
    _check(store.run(options.run), "running")
    steering.pause(options.run, store)
    return _tell(options, store, "asked to pause")


def go_on(options: argparse.Namespace) -> int:
    """Let a paused run go on."""
    store = Store()
    _check(store.run(options.run), "running")
    steering.go_on(options.run, store)
    return _tell(options, store, "goes on")


def rate(options: argparse.Namespace) -> int:
    """Let a run use another learning rate from its next step on."""
    store = Store()
    _check(store.run(options.run), "queued", "running")
    check_training("RATE", options.learning_rate, "learning_rate")
    steering.set_learning_rate(options.run, options.learning_rate, store)
    return _tell(options, store, f"asked to use a learning rate of {options.learning_rate:g}")


@led_by_the_first
def resume(options: argparse.Namespace) -> int:
    """Resume a stopped, failed or lost run in the foreground, or train a finished one for more epochs."""
    from mnistlab.device import pick_device

    store = Store()
    run = store.run(options.run)
    gets_more = options.more_epochs is not None
    if run.state == "finished" and not gets_more:
        raise MnistLabError(
            f"The run {run.id} has all of its epochs ({run.config.train.epochs}). To train it for longer: "
            f"`python -m mnistlab resume {run.id} --more-epochs 5`."
        )
    _check(run, *(["finished"] if gets_more else []), "stopped", "failed", "lost")
    pick_device(run.config.train.device)

    def begin() -> str:
        if gets_more:
            is_mine = steering.extend(run.id, options.more_epochs, store, state="running")
        else:
            is_mine = steering.requeue(run.id, store, state="running")
        if not is_mine:
            raise MnistLabError(f"Somebody else has just resumed the run {run.id}.")
        jobs.end_hanging_worker(run)
        return run.id

    return run_here(begin, store, options.json)


def _check(run: Run, *states: str) -> None:
    if run.state not in states:
        raise MnistLabError(f"The run {run.id} is {run.state}; this needs one that is {' or '.join(states)}.")


def _tell(options: argparse.Namespace, store: Store, said: str) -> int:
    run = store.run(options.run)
    if options.json:
        print(json.dumps({"run": run.id, "state": run.state, "step": run.step, "epoch": run.epoch, "said": said}))
    else:
        print(f"Run {run.id}: {said}, at step {run.step:,}.")
    return 0

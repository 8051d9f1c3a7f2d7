"""Runs as jobs of the engine: start, stop, resume, extend; and `run_job`, the one function its workers execute.

Everything is said through the store. What the engine gets are tickets: each takes the run that is next in the queue.
"""

import time

from mnistlab import queue, steering
from mnistlab.config import RunConfig
from mnistlab.errors import EngineError, StoreError
from mnistlab.store import Store

_WAKE_EVERY = 5.0  # seconds; thirty pages may ask for it at every tick
_last_wake = 0.0


def start(config: RunConfig, store: Store, owner: str | None = None) -> str:
    """Keep a new run, hand it to the engine and return its id.

    Args:
        owner: the browser or person it is for; whoever has fewest jobs goes first.

    Raises:
        EngineError: the engine cannot be started or reached; the run is kept as failed, with the reason.
    """
    run_id = store.create(config, owner)
    _submit(store, run_id)
    return run_id


def stop(run_id: str, store: Store, force: bool = False) -> None:
    """Ask a run to stop: it keeps what it has learned and can be resumed.

    Args:
        force: take it from its worker at once and end that process, for one that hangs; it loses what it has done
            since its last checkpoint.
    """
    if not force:
        steering.stop(run_id, store)
        return
    from mnistlab import tickets

    ticket = store.run(run_id).ticket
    steering.stop_at_once(run_id, store)
    if ticket is not None:
        tickets.end_worker_of(ticket)


def resume(run_id: str, store: Store) -> None:
    """Let a stopped, failed or lost run go on from its last checkpoint.

    Raises:
        EngineError: as start.
    """
    steering.requeue(run_id, store)
    if store.run(run_id).state == "queued":  # a run that is running already must not be taken from its worker
        _submit(store, run_id)


def extend(run_id: str, num_epochs: int, store: Store) -> None:
    """Let a run that is over go on for more epochs than it was to have.

    Raises:
        ConfigError: more epochs than a run may have.
        EngineError: as start.
    """
    steering.extend(run_id, num_epochs, store)
    if store.run(run_id).state == "queued":
        _submit(store, run_id)


def reconcile(store: Store) -> None:
    """Hand the engine a ticket for every queued run; those it has already are left as they are.

    Raises:
        EngineError: the engine cannot be started or reached.
    """
    from mnistlab import tickets

    for run in reversed(store.runs(states=["queued"])):
        tickets.submit(store.url, run.id, run.attempt)


def wake(store: Store) -> None:
    """Look after a queue that does not move: start the engine if it is gone, hand it what it has not got.

    Runs that no engine can take are closed as failed, with the reason. Cheap to call often.
    """
    global _last_wake
    from mnistlab import tickets

    if time.monotonic() - _last_wake < _WAKE_EVERY:
        return
    _last_wake = time.monotonic()
    try:
        reconcile(store)
        tickets.check_workers()
    except EngineError as error:
        for run in store.runs(states=["queued"]):
            _fail(store, run.id, error)


def run_job(db_url: str, ticket: str) -> None:
    """Train the run that is next in the queue to its end: what a worker executes."""
    from mnistlab.execution import run_next  # torch, which whoever only starts a job need not wait for

    run_next(db_url, ticket)


def ticket_failed(db_url: str, run_id: str, ticket: str, error: BaseException) -> None:
    """Close the run of a ticket that ended with an error outside the training: called by whoever gave the ticket."""
    store = Store(db_url)
    if isinstance(error, StoreError):  # the run is in the queue still, and `wake` tries again
        return
    held = queue.held_by(ticket, store)
    if held is not None or store.run(run_id).state == "queued":
        told = EngineError(
            f"The worker could not execute it: {_root_of(error)}. Is the same mnistlab, with all that it requires, "
            "installed on every worker?"
        )
        _fail(store, held.id if held else run_id, told)


def _root_of(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _submit(store: Store, run_id: str) -> None:
    from mnistlab import tickets

    try:
        tickets.submit(store.url, run_id, store.run(run_id).attempt)
    except EngineError as error:
        _fail(store, run_id, error)
        raise


def _fail(store: Store, run_id: str, error: EngineError) -> None:
    attempt = store.claim(run_id, "none")
    if attempt is not None:
        store.finish(run_id, attempt, "failed", error=str(error))

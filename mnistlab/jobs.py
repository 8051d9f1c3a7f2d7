"""Runs as jobs of the engine: start, stop, resume, extend; and `run_job`, the one function its workers execute.

All communication goes through the store. The engine only gets tickets, each of which takes the next run of the queue.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from mnistlab import queue, steering
from mnistlab.config import RunConfig
from mnistlab.errors import EngineBusyError, EngineError, MnistLabError, StoreError
from mnistlab.offers import Offer, in_a_lab, kind_of, missing
from mnistlab.runs import Run
from mnistlab.store import Store, opened

_ADVICE = "Is the same mnistlab, with all that it requires, installed on every worker, and can each reach the database?"
_WAKE_EVERY = 5.0  # seconds; thirty pages may ask for it at every tick
_last_wake = 0.0
_waking = threading.Lock()


def start(config: RunConfig, store: Store, owner: str | None = None) -> str:
    """Store a new run, hand it to the engine and return its id.

    If an engine of another version is in use, the run stays queued with that reason; `wake` hands it over later.

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
        force: take it from its worker at once and kill that process, in case it hangs; what was learned since the last
            checkpoint is lost. A process in the foreground, which may be on another computer, is not killed: it can no
            longer write, and leaves the run when it next tries to.
    """
    run = store.run(run_id)
    if not force:
        if steering.stop(run_id, store):
            end_hanging_worker(run)
        return
    from mnistlab import tickets

    steering.stop_at_once(run_id, store)
    if run.ticket is not None and run.worker is not None:
        tickets.end_worker_of(run.ticket, run.worker)


def resume(run_id: str, store: Store) -> None:
    """Let a stopped, failed or lost run go on from its last checkpoint.

    Raises:
        EngineError: as start.
    """
    run = store.run(run_id)
    if steering.requeue(run_id, store):
        end_hanging_worker(run)
    if store.run(run_id).state == "queued":  # a run that is running already must not be taken from its worker
        _submit(store, run_id)


def extend(run_id: str, num_epochs: int, store: Store) -> None:
    """Let a run that is over go on for more epochs than were planned.

    Raises:
        ConfigError: more epochs than a run may have.
        EngineError: as start.
    """
    run = store.run(run_id)
    if steering.extend(run_id, num_epochs, store):
        end_hanging_worker(run)
    if store.run(run_id).state == "queued":
        _submit(store, run_id)


def end_hanging_worker(run: Run) -> None:
    """End the worker process of a run that was lost, if it is still there: all that waits would wait behind it.

    In a lab others take what waits, and the worker's computer may be gone, which would be waited for instead.
    """
    if run.state == "lost" and run.ticket is not None and run.worker is not None and not in_a_lab():
        from mnistlab import tickets

        with suppress(EngineError):  # where no engine answers, nothing can wait behind it
            tickets.end_worker_of(run.ticket, run.worker)


def reconcile(store: Store) -> None:
    """Hand the engine a ticket for every queued run; tickets that it already has are left alone.

    Raises:
        EngineError: the engine cannot be started or reached.
    """
    from mnistlab import tickets

    for run in tickets.without_ticket(queue.waiting(store)):
        tickets.submit(store.url, run.id, run.attempt, kind_of(run.config))


def wake(store: Store) -> None:
    """Look after the queue: start the engine if it is gone and hand it missing tickets. Cheap to call often.

    If that fails, the runs stay in the queue with the reason, until it succeeds.
    """
    global _last_wake
    from mnistlab import tickets

    if time.monotonic() - _last_wake < _WAKE_EVERY or not _waking.acquire(blocking=False):
        return
    trouble, offers = None, None
    try:
        reconcile(store)
        offers = tickets.check_workers()
    except EngineError as error:
        trouble = str(error)
    finally:
        _last_wake = time.monotonic()
        _waking.release()
    for run in store.runs(limit=None, states=["queued"]):
        is_of_a_worker = run.error is not None and run.error.startswith(queue.WORKERS_TROUBLE)
        reason = trouble or _lacking(run, offers)
        if run.error != reason and (trouble or not is_of_a_worker):
            store.change(run.id, {"error": reason}, ["queued"], run.attempt)


def _lacking(run: Run, offers: Sequence[Offer] | None) -> str | None:
    """Why none of a lab's workers can take this run; None if one can, or there are none."""
    return missing(run.config, offers) if offers and in_a_lab() else None


def wake_soon(store: Store) -> None:
    """Call `wake` in a thread, so that a page need not wait: an engine that hangs takes ten seconds."""
    if time.monotonic() - _last_wake >= _WAKE_EVERY and not _waking.locked():
        threading.Thread(target=_wake_quietly, args=(store,), daemon=True).start()


def _wake_quietly(store: Store) -> None:
    with suppress(MnistLabError, RuntimeError):  # RuntimeError: the server is being stopped meanwhile
        wake(store)


def run_job(db_url: str, ticket: str, num_gpus: int | None = None) -> None:
    """Train the run that is next in the queue to its end: what a worker executes."""
    from mnistlab.execution import run_next  # imports torch, which is needed only to execute a job

    run_next(db_url, ticket, num_gpus)


def ticket_failed(db_url: str, run_id: str, ticket: str, error: BaseException) -> None:
    """Close the run of a ticket that failed outside the training; called by the process that submitted the ticket."""
    store = opened(db_url)
    held = queue.held_by(ticket, store)
    if held is not None and not isinstance(error, StoreError):
        reason = f"Its worker process died several times, most often for lack of memory ({_root_of(error)})."
        store.finish(held.id, held.attempt, "failed", error=reason)
    elif held is None and not queue.has_taken(ticket, store):  # else its run says why already
        # The run stays in the queue, and `wake` tries again.
        store.change(run_id, {"error": f"{queue.WORKERS_TROUBLE}{_root_of(error)}. {_ADVICE}"}, ["queued"])


def _root_of(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _submit(store: Store, run_id: str) -> None:
    from mnistlab import tickets

    run = store.run(run_id)
    try:
        tickets.submit(store.url, run_id, run.attempt, kind_of(run.config))
        reason = _lacking(run, tickets.offers()) if kind_of(run.config) else None
    except EngineBusyError as error:
        reason = str(error)  # `wake` hands it over once that is resolved
    except EngineError as error:
        # Only if it is unchanged: another process's engine may have taken it in the meantime.
        values = {"state": "failed", "error": str(error), "finished": time.time()}
        store.change(run_id, values, ["queued"], run.attempt)
        raise
    if reason:
        store.change(run_id, {"error": reason}, ["queued"], run.attempt)

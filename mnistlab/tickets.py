"""Tickets: what the engine is given. Each is a Dask task that takes the run that is next in the queue.

A ticket is named after the run it was submitted for and after the engine, so that submitting it twice has no effect.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, TypeVar

from mnistlab import engine, engine_log, renewal
from mnistlab.errors import EngineError
from mnistlab.offers import Offer, demand, in_a_lab
from mnistlab.runs import Run

T = TypeVar("T")

_WORKERLESS_SECONDS = 15.0  # a worker that was killed is back after 3
_tickets: dict[str, Any] = {}  # submitted by this process and not done yet: Dask futures by key
_workerless_since: float | None = None
_last_look = 0.0


def submit(db_url: str, run_id: str, attempt: int, num_gpus: int | None = None) -> None:
    """Give the engine a ticket for a queued run; a second call for the same attempt does nothing.

    Args:
        num_gpus: in a lab, how many GPUs the worker must offer; the ticket takes only runs that need that many.

    Raises:
        EngineBusyError: an engine of another version is in use.
        EngineError: the engine cannot be started or reached.
    """
    from mnistlab.jobs import run_job, ticket_failed

    def give(dask: Any) -> None:
        from distributed import fire_and_forget

        ticket = _name(run_id, attempt, dask)
        if ticket in _tickets:
            return
        wanted = demand(num_gpus, offers()) if num_gpus is not None else {}
        future = dask.submit(run_job, db_url, ticket, num_gpus, key=ticket, pure=False, resources=wanted)
        fire_and_forget(future)
        _tickets[ticket] = future
        future.add_done_callback(lambda done: _look_at(done, partial(ticket_failed, db_url, run_id, ticket)))

    renew()
    _ask(give, "The engine did not take the run")


def renew(with_defaults: bool = False) -> None:
    """Replace a local engine that differs from one that would be started here; see `renewal`."""
    renewal.renew(_ask, with_defaults)


def without_ticket(runs: Sequence[Run]) -> list[Run]:
    """Those for which this process has not given the current engine a ticket; one question to the engine for all.

    Raises:
        EngineError: the engine cannot be started or reached.
    """
    if not runs or not _tickets:
        return list(runs)
    return _ask(lambda dask: [run for run in runs if _name(run.id, run.attempt, dask) not in _tickets])


def _ask(question: Callable[[Any], T], failed: str = "The engine does not answer") -> T:
    """Call `question` with the engine's client, once more if the client was closed meanwhile.

    A thread that finds the engine gone closes the client while others use it, which Dask reports as a RuntimeError.

    Raises:
        EngineError: the engine cannot be started or reached.
    """
    try:
        with suppress(RuntimeError):
            return question(engine.client())
        return question(engine.client())
    except (OSError, TimeoutError, RuntimeError) as error:
        raise EngineError(f"{failed}: {error}. Try again.") from error


def _name(run_id: str, attempt: int, dask: Any) -> str:
    return f"{run_id}-{attempt}-{_engine_id(dask)}"


@lru_cache(maxsize=1)
def _engine_id(dask: Any) -> str:
    """What tells this engine from earlier ones; the scheduler is asked once per client."""
    found: str = dask.scheduler_info(n_workers=0)["id"]
    return found


def _look_at(ticket: Any, when_failed: Callable[[BaseException], None]) -> None:
    """Forget a ticket that is done; call `when_failed` if no worker could begin it, or workers died over it."""
    try:
        if ticket.status == "error":
            when_failed(ticket.exception())
    finally:
        _tickets.pop(ticket.key, None)


def end_worker_of(ticket: str, process: str) -> None:
    """Kill the worker process that executes a ticket; the engine starts another one in its place.

    Args:
        process: that process's name in the store. It is needed because, after a worker's death, Dask lists the ticket
            under another worker, where it waits behind a run that may be anybody's.

    Raises:
        EngineError: the engine cannot be reached.
    """
    if not engine.is_up():
        return

    def end(dask: Any) -> None:
        from distributed import Future

        from mnistlab.worker import end_process

        for worker, keys in dask.processing().items():
            if ticket in keys:
                dask.cancel([Future(ticket, dask)], force=True)  # else Dask would rerun it
                dask.run(end_process, process, workers=[worker], nanny=True)

    _ask(end)


def offers() -> list[Offer]:
    """What each of the engine's workers offers.

    Raises:
        EngineError: the engine cannot be reached.
    """
    workers = _ask(lambda dask: dask.scheduler_info())["workers"]
    return [worker.get("resources", {}) for worker in workers.values()]


def check_workers() -> list[Offer]:
    """Check that there are workers to execute what the engine was given; return what each worker offers.

    Raises:
        EngineError: there have been no workers for some time; for a local engine the message quotes the end of its log.
    """
    global _workerless_since, _last_look
    if time.monotonic() - _last_look > _WORKERLESS_SECONDS:
        _workerless_since = None  # nobody has looked in the meantime
    _last_look = time.monotonic()
    found = offers()
    if found:
        _workerless_since = None
        return found
    _workerless_since = _workerless_since or time.monotonic()
    if time.monotonic() - _workerless_since > _WORKERLESS_SECONDS:
        raise EngineError(_no_workers())
    return []


def _no_workers() -> str:
    if in_a_lab():
        start = f"python -m dask worker {engine.address()} --nthreads 1"
        return f"The scheduler has no workers. Start one in the folder of mnistlab: {start}"
    return f"The engine's workers do not start. The end of {engine_log.log_file()}: {engine_log.last_words()}"

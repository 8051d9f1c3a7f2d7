"""Runs as jobs: start, stop, resume; and `run_job`, the one function that an engine's worker executes.

Everything is said through the store. An engine only carries out `run_job`, which goes on from the last
checkpoint: a retry after a crash, a resume after a stop and a takeover by another host are the same call.
"""

import os
import socket
from collections.abc import Callable

from mnistlab.config import RunConfig
from mnistlab.data import load_dataset
from mnistlab.errors import DivergedError, EngineError, MnistLabError
from mnistlab.events import Event
from mnistlab.store import Store


def start(config: RunConfig, store: Store) -> str:
    """Keep a new run, hand it to the engine and return its id.

    Raises:
        EngineError: the engine cannot be started or reached; the run is kept as failed, with the reason.
    """
    run_id = store.create(config)
    _submit(store, run_id)
    return run_id


def stop(run_id: str, store: Store) -> None:
    """Ask a run to stop: it keeps what it has learned and can be resumed."""
    store.request_stop(run_id)


def resume(run_id: str, store: Store) -> None:
    """Let a stopped, failed or lost run go on from its last checkpoint.

    Raises:
        EngineError: as start.
    """
    store.requeue(run_id)
    if store.run(run_id).state == "queued":  # a run that is running already must not be taken from its worker
        _submit(store, run_id)


def reconcile(store: Store) -> None:
    """Hand every queued run to the engine; those it knows already are left as they are.

    Raises:
        EngineError: the engine cannot be started or reached.
    """
    from mnistlab import engine

    for run in reversed(store.runs(states=["queued"])):
        engine.submit(store.url, run.id, run.attempt)


def wake(store: Store) -> None:
    """Start the local engine again if it is gone, and hand it what is queued; cheap when it is there.

    Raises:
        EngineError: the engine cannot be started.
    """
    from mnistlab import engine

    if not engine.is_up():
        reconcile(store)


def run_job(db_url: str, run_id: str) -> None:
    """Train a run from the store to its end: what a worker executes."""
    from mnistlab.worker import use_own_threads

    use_own_threads()
    execute(Store(db_url), run_id)


def execute(
    store: Store,
    run_id: str,
    on_event: Callable[[Event], None] = lambda event: None,
    wants_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Train a run in this process, write everything to the store and test the finished network once.

    Args:
        on_event: called with each event, for a progress bar.
        wants_stop: asked at each event; true stops the run as a request in the store does.
    """
    attempt = store.claim(run_id, f"{socket.gethostname()}:{os.getpid()}")
    if attempt is None:
        return
    try:
        _follow(store, run_id, attempt, on_event, wants_stop)
    except MnistLabError as error:
        store.finish(run_id, attempt, "failed", error=str(error))
    except Exception as error:
        store.finish(run_id, attempt, "failed", error=f"{type(error).__name__}: {error}")
        raise


def _follow(
    store: Store, run_id: str, attempt: int, on_event: Callable[[Event], None], wants_stop: Callable[[], bool]
) -> None:
    # torch takes two seconds to import, and a page that only starts a job need not wait for it.
    from mnistlab.recorder import Recorder
    from mnistlab.training import train

    config = store.run(run_id).config
    dataset = load_dataset(config.dataset)
    recorder = Recorder(store, run_id, attempt)
    try:
        for event in train(config, dataset, recorder.last_checkpoint()):
            on_event(event)
            request = recorder.record(event)
            if request == "leave":
                return
            if request == "stop" or wants_stop():
                recorder.stop()
                return
    except DivergedError:
        recorder.give_up()
        raise
    recorder.finish(dataset.test)


def _submit(store: Store, run_id: str) -> None:
    from mnistlab import engine

    try:
        engine.submit(store.url, run_id, store.run(run_id).attempt)
    except EngineError as error:
        attempt = store.claim(run_id, "none")
        if attempt is not None:
            store.finish(run_id, attempt, "failed", error=str(error))
        raise

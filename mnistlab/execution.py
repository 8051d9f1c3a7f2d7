"""Execute a run in this process: claim it, train, obey the store's requests, close it. What an engine's worker does.

A run continues from its last checkpoint, so that a retry after a crash, a resume after a stop and a takeover by
another host are the same call.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from mnistlab import data, parallel, queue
from mnistlab.errors import (
    DatabaseReplacedError,
    DivergedError,
    MnistLabError,
    OutOfMemoryError,
    RunNotFoundError,
    StoreError,
    StudyError,
)
from mnistlab.events import EpochEnded, Event, TrainingEnded
from mnistlab.memory import give_back_memory
from mnistlab.patience import insist
from mnistlab.recorder import Recorder
from mnistlab.runs import Request
from mnistlab.store import Store, opened
from mnistlab.training import train

if TYPE_CHECKING:
    from mnistlab.trials import OpenTrial

_LOOK_EVERY = 0.1  # seconds between two times that a paused run polls for requests
_PULSE_EVERY = 5.0  # seconds between two heartbeats, whatever the training does
_REASON_PATIENCE = 600.0  # seconds for which a worker keeps trying to record why its training ended
_BEAT_EVERY = 1.0  # seconds between two heartbeats of a paused run
# How long a paused run keeps its worker: while other runs wait for one, and while none does.
_GUEST_SECONDS, _ALONE_SECONDS = 30.0, 600.0
_OTHERS_SECONDS = 5.0  # a run that has waited for less may be about to be taken by a free worker
# A worker executes run after run, and reloading the data set would delay the first step of each by 0.2 s.
load_dataset = lru_cache(maxsize=2)(data.load_dataset)
# The messages of torch on a CPU (the second on Windows), of oneDNN without room for its workspace, and of a Mac's GPU.
_OUT_OF_MEMORY = (
    "can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "could not create a primitive",
    "MPS backend out of memory",
)

# Two runs in one process would share its random number generators, so a worker with several threads trains one run at
# a time.
training_turn = threading.Lock()


def run_next(db_url: str, ticket: str, num_gpus: int | None = None) -> None:
    """Take the next run of the queue, of those that need `num_gpus` GPUs if given, and train it to its end."""
    from mnistlab.worker import use_own_threads

    with training_turn:
        store = opened(db_url).holding()
        use_own_threads()
        taken = queue.take(store, this_worker(), ticket, num_gpus)
        if taken is not None:
            try:
                _attempt(store, *taken, on_event=lambda event: None, wants_stop=lambda: False)
            finally:
                give_back_memory()


def this_worker() -> str:
    """The name of this process, unique among all that may share a store."""
    return f"{socket.gethostname()}:{os.getpid()}"


def execute(
    store: Store,
    run_id: str,
    on_event: Callable[[Event], None] = lambda event: None,
    wants_stop: Callable[[], bool] = lambda: False,
    seen: int | None = None,
) -> None:
    """Train this run in this process, write everything to the store and test the finished network.

    Args:
        on_event: called with each event, for a progress bar.
        wants_stop: asked at each event; true stops the run as a request in the store does.
        seen: the attempt number last seen; nothing is done if another worker has taken the run since.
    """
    store = store.holding()
    attempt = store.claim(run_id, this_worker(), seen=seen)
    if attempt is not None:
        _attempt(store, run_id, attempt, on_event, wants_stop)


def _attempt(
    store: Store, run_id: str, attempt: int, on_event: Callable[[Event], None], wants_stop: Callable[[], bool]
) -> None:
    try:
        with _pulse(store, run_id, attempt):
            _follow(store, run_id, attempt, on_event, wants_stop)
    except StoreError as error:
        _leave_reason(store, run_id, attempt, error)
        raise
    except MnistLabError as error:
        store.finish(run_id, attempt, "failed", error=str(error))
    except Exception as error:
        if not _is_out_of_memory(error):
            with suppress(StoreError):
                store.finish(run_id, attempt, "failed", error=f"{type(error).__name__}: {error}")
            raise
        batch_size = store.run(run_id).config.train.batch_size
        store.finish(run_id, attempt, "failed", error=str(OutOfMemoryError.of_batch(batch_size, error)))
    _end_trial(store, run_id)


def _leave_reason(store: Store, run_id: str, attempt: int, error: StoreError) -> None:
    """Record why a run ended: at once, since a few bytes may still find room, else in a thread that keeps trying."""
    values = {"heartbeat": 0.0, "error": f"It ended because what it learned could not be saved: {error}"}

    def is_left() -> bool:
        with suppress(StoreError):
            store.change(run_id, values, ["running"], attempt)
            return True
        return False

    def try_again() -> None:
        until = time.monotonic() + _REASON_PATIENCE
        while time.monotonic() < until and not is_left():
            time.sleep(_PULSE_EVERY)

    if not is_left() and not isinstance(error, DatabaseReplacedError):
        threading.Thread(target=try_again, daemon=True).start()


def _begin_trial(store: Store, run_id: str, attempt: int) -> "OpenTrial | None":
    """Begin a sweep's trial, which asks the study what to try; None for any other run."""
    run = insist(lambda: store.run(run_id))
    if run.sweep is None:
        return None
    from mnistlab import trials  # imports Optuna, which only sweeps should wait for

    return trials.begin(store, run, attempt)


def _end_trial(store: Store, run_id: str) -> None:
    # It was deleted meanwhile, or the database is away: then the next trial that begins tells the study.
    with suppress(RunNotFoundError, StoreError):
        run = store.run(run_id)
        if run.sweep is not None:
            from mnistlab import trials

            trials.end(store, run)


@contextmanager
def _pulse(store: Store, run_id: str, attempt: int) -> Iterator[None]:
    """Keep the heartbeat going even while one step, or the test at the end, takes longer than its interval."""
    is_over = threading.Event()

    def beat() -> None:
        while not is_over.wait(_PULSE_EVERY):
            with suppress(StoreError):
                store.change(run_id, {"heartbeat": time.time()}, ["running"], attempt)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _follow(
    store: Store, run_id: str, attempt: int, on_event: Callable[[Event], None], wants_stop: Callable[[], bool]
) -> None:
    trial = _begin_trial(store, run_id, attempt)
    run = insist(lambda: store.run(run_id))
    dataset = load_dataset(run.config.dataset)
    recorder = insist(lambda: Recorder(store, run_id, attempt))
    kept = insist(recorder.last_checkpoint)
    begin = parallel.lead if parallel.are_joined() else train
    events = begin(run.config, dataset, kept, rate_changes=run.rate_changes)
    try:
        with closing(events):  # at once: other processes may be waiting for this one's next message
            is_whole = _listen(events, recorder, store, on_event, wants_stop, trial)
    except DivergedError as error:
        if trial is not None:
            with suppress(StudyError):  # the next trial that begins will tell the study instead
                insist(trial.diverged)
        raise DivergedError(f"{error}{recorder.give_up(error.last)}") from error
    if is_whole:
        # A sweep chooses among its trials, and a choice made on the test set would be flattered by it.
        recorder.finish(dataset.test if trial is None else None)


def _listen(
    events: Iterable[Event],
    recorder: Recorder,
    store: Store,
    on_event: Callable[[Event], None],
    wants_stop: Callable[[], bool],
    trial: "OpenTrial | None",
) -> bool:
    """Record a training's events and obey the store's requests; return whether it ran to its end."""
    for event in events:
        on_event(event)
        request = recorder.record(event)
        if request is not None:
            if not isinstance(event, TrainingEnded):
                request = _wait_while_paused(store, recorder, request, wants_stop)
            if request.leave:
                return False
            _obey(recorder, request)  # also before a stop, so that a resumed run uses the rate that was asked for
        if (request is not None and request.stop) or wants_stop():
            recorder.stop()
            return False
        if trial is not None and isinstance(event, EpochEnded) and (reason := trial.verdict(event)):
            recorder.note(reason)
            recorder.stop()
            return False
    return True


def _obey(recorder: Recorder, request: Request) -> None:
    recorder.state.slow_motion = request.pause_at is not None
    if request.learning_rate is not None:
        if request.learning_rate > recorder.state.rate.chosen(recorder.state.step):
            recorder.keep_before_rise()
        recorder.state.change_learning_rate(request.learning_rate)


def _wait_while_paused(store: Store, recorder: Recorder, request: Request, wants_stop: Callable[[], bool]) -> Request:
    """Wait until a paused run is asked to do something; after a time it gives up its worker, as if stopped."""
    since = last_beat = time.monotonic()
    others = queue.Rivals(store, recorder.config) if recorder.is_a_guest else None
    if request.is_waiting(recorder.state.step):
        request = recorder.beat(with_checkpoint=True)  # a pause may be long, and its worker may die
    while request.is_waiting(recorder.state.step) and not wants_stop():
        time.sleep(_LOOK_EVERY)
        now = time.monotonic()
        if now - last_beat >= _BEAT_EVERY:
            why = _why_to_leave(others, now - since) if others is not None else None
            request, last_beat = recorder.beat(), now
            if why is not None and request.is_waiting(recorder.state.step):
                recorder.note(f"It was paused while {why}, so its worker was given to others.")
                return replace(request, stop=True)
        elif recorder.is_asked_otherwise(request):
            request = recorder.beat()
    return request


def _why_to_leave(others: queue.Rivals, seconds: float) -> str | None:
    """Why a pause of so many seconds must end; None while it may last. Ask regularly: `others` counts waits by that."""
    if seconds > _ALONE_SECONDS:
        return "ten minutes went by"
    with suppress(StoreError):
        if others.longest_wait() >= _OTHERS_SECONDS and seconds > _GUEST_SECONDS:
            return "another run waited"
    return None


def _is_out_of_memory(error: Exception) -> bool:
    import torch

    is_told = any(words in str(error) for words in _OUT_OF_MEMORY)
    return is_told or isinstance(error, MemoryError | torch.OutOfMemoryError)

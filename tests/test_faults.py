"""Trouble, from outside or in the training itself: told, and survived where it can be."""

import time
from typing import Any

import pytest
import torch
from torch import nn

from mnistlab import execution, patience, recorder, steering, training
from mnistlab.checkpoint import unpack_weights
from mnistlab.config import RunConfig
from mnistlab.data import Dataset
from mnistlab.errors import DataError, OutOfMemoryError, RunNotFoundError, StoreError
from mnistlab.events import Event, StepsTaken, TrainingStarted
from mnistlab.runs import LOST_AFTER_SECONDS
from mnistlab.store import Store
from mnistlab.training import TrainingState
from tests import tiny
from tests.acting import after_step, wait_for
from tests.tiny import losses_of
from tests.varied import THIRTY_STEPS

pytestmark = pytest.mark.usefixtures("talkative")
CONFIG = THIRTY_STEPS


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create(CONFIG)


def test_a_database_that_refuses_for_a_while_costs_nothing(
    store: Store, run_id: str, tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, calls = Store.log, iter(range(10**6))

    def log(*args: Any, **named: Any) -> Any:
        if 5 < next(calls) < 15:
            raise StoreError("The database could not be used: database or disk is full.")
        return really(*args, **named)

    monkeypatch.setattr(Store, "log", log)
    execution.execute(store, run_id)
    assert store.run(run_id).state == "finished"
    assert store.curve(run_id).losses.tolist() == losses_of(training.train(CONFIG, tiny_dataset, report_every=0))


@pytest.mark.parametrize("read", ["run", "weights"])
def test_a_database_that_is_away_as_a_training_begins_or_ends_is_waited_for(
    store: Store, run_id: str, read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, calls = getattr(Store, read), iter(range(10**6))

    def every_other_time(*args: Any, **named: Any) -> Any:
        if next(calls) % 2 == 0:
            raise StoreError("The database could not be used: connection refused.")
        return really(*args, **named)

    with monkeypatch.context() as away:
        away.setattr(Store, read, every_other_time)
        away.setattr(time, "sleep", lambda seconds: None)
        execution.execute(store, run_id)
    assert store.run(run_id).state == "finished"


def test_a_database_that_refuses_is_not_asked_at_each_step(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try may wait for seconds; a training that tries after each of its steps would stand still."""
    really, is_refusing, tries = Store.log, [False], list[int]()

    def log(*args: Any, **named: Any) -> Any:
        if is_refusing[0]:
            tries.append(len(tries))
            raise StoreError("The database could not be used: database is locked.")
        return really(*args, **named)

    def refuse() -> None:
        monkeypatch.setattr(recorder, "_WRITE_EVERY", 0.5)
        time.sleep(0.6)  # so that the next step is to be written
        is_refusing[0] = True

    def accept() -> None:
        is_refusing[0] = False

    monkeypatch.setattr(Store, "log", log)
    at = [after_step(2, refuse), after_step(10, accept)]
    execution.execute(store, run_id, lambda event: [act(event) for act in at] and None)
    assert store.run(run_id).state == "finished"
    assert 1 <= len(tries) <= 3  # of the eight steps in between, which take milliseconds


def test_a_database_that_refuses_once_after_long_silence_costs_nothing(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was written while a large network read what is held out for it, which takes minutes."""
    really, clock, refusals, ahead = Store.log, time.monotonic, [0], [0.0]

    def log(*args: Any, **named: Any) -> Any:
        if refusals[0]:
            refusals[0] -= 1
            raise StoreError("The database could not be used: database is locked.")
        return really(*args, **named)

    def read_for_minutes() -> None:
        ahead[0], refusals[0] = ahead[0] + 1000, 1

    monkeypatch.setattr(Store, "log", log)
    monkeypatch.setattr(time, "monotonic", lambda: clock() + ahead[0])
    at = [after_step(10, read_for_minutes), after_step(20, read_for_minutes)]
    execution.execute(store, run_id, lambda event: [act(event) for act in at] and None)
    assert store.run(run_id).state == "finished"


def test_a_database_that_refuses_for_good_ends_the_training(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "STORE_PATIENCE", 0)
    monkeypatch.setattr(Store, "log", lambda *_, **__: (_ for _ in ()).throw(StoreError("disk is full")))
    with pytest.raises(StoreError, match="disk is full"):
        execution.execute(store, run_id)
    monkeypatch.setattr("mnistlab.runs.time.time", lambda really=time.time: really() + LOST_AFTER_SECONDS + 1)
    assert store.run(run_id).state == "lost"


def refusing(*_: object, **__: object) -> None:
    raise StoreError("The database could not be used: database or disk is full.")


def test_a_training_that_could_keep_nothing_more_leaves_the_reason(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row has room to be changed where there is none for weights."""
    monkeypatch.setattr(patience, "STORE_PATIENCE", 0)
    monkeypatch.setattr(Store, "log", refusing)
    with pytest.raises(StoreError):
        execution.execute(store, run_id)
    run = store.run(run_id)
    assert (run.state, run.is_active) == ("lost", True)  # at once, for its worker has left it
    assert run.error is not None
    assert "could not be saved: The database could not be used: database or disk is full." in run.error
    steering.requeue(run_id, store)
    assert (store.run(run_id).state, store.run(run_id).error) == ("queued", None)


def test_the_reason_is_left_when_the_database_takes_it_again(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "STORE_PATIENCE", 0)
    monkeypatch.setattr(execution, "_PULSE_EVERY", 0.01)
    with monkeypatch.context() as full:
        full.setattr(Store, "log", refusing)
        full.setattr(Store, "change", refusing)
        with pytest.raises(StoreError):
            execution.execute(store, run_id)
        assert store.run(run_id).error is None
    assert "disk is full" in wait_for(lambda: store.run(run_id).error or "")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 GB"),
        RuntimeError("could not create a primitive"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 9 GB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
    ],
)
def test_running_out_of_memory_is_told_with_advice(store: Store, run_id: str, error: Exception) -> None:
    def listen(event: Event) -> None:
        raise error

    execution.execute(store, run_id, listen)
    run = store.run(run_id)
    assert run.state == "failed"
    assert run.error is not None
    assert "ran out of memory at a batch size of 50. Try a batch size of 12" in run.error


def test_a_batch_of_one_cannot_be_smaller() -> None:
    assert "batch size of 1. Try a smaller network." in str(OutOfMemoryError.of_batch(1, MemoryError()))


def test_a_checkpoint_that_takes_long_is_written_less_often(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a network of tens of millions of numbers it takes seconds: as many as may be lost in a crash."""
    monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", 0)
    monkeypatch.setattr(recorder, "_WRITE_EVERY", 0)
    monkeypatch.setattr(recorder, "_SLOW", 0.0)
    packed: list[int] = []
    pack = TrainingState.checkpoint

    def slow(state: TrainingState) -> bytes:
        packed.append(state.step)
        time.sleep(0.2)
        return pack(state)

    monkeypatch.setattr(TrainingState, "checkpoint", slow)
    execution.execute(store, run_id)
    assert store.run(run_id).state == "finished"
    assert len(packed) <= 2  # the first and the last


def test_a_mistake_is_kept_as_a_sentence(store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Dataset:
        raise DataError("The images are missing.")

    monkeypatch.setattr(execution, "load_dataset", missing)
    execution.execute(store, run_id)
    run = store.run(run_id)
    assert (run.state, run.error, run.result) == ("failed", "The images are missing.", None)


def diverging(batch_size: int = 100) -> RunConfig:
    shape = {"hidden": (64, 64), "activation": "none"}
    return tiny.config(shape, learning_rate=100, epochs=20, batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [100, 5], ids=["after an epoch", "before its first report"])
@pytest.mark.parametrize("write_every", [0, 1e9], ids=["written at once", "waiting to be written"])
def test_a_diverged_run_keeps_the_curve_that_shows_it(
    store: Store, write_every: float, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_WRITE_EVERY", write_every)
    run_id = store.create(diverging(batch_size))
    execution.execute(store, run_id)
    run, losses = store.run(run_id), store.curve(run_id).losses
    assert run.state == "failed"
    assert run.error is not None
    assert f"no longer a number since step {len(losses) + 1}" in run.error
    assert run.step == len(losses)
    assert losses[-1] > 100


def test_a_diverged_run_keeps_no_weights_that_are_no_numbers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_WRITE_EVERY", 1e9)
    run_id = store.create(diverging())
    execution.execute(store, run_id)
    try:
        content = store.weights(run_id)
    except RunNotFoundError:
        return
    model, _ = unpack_weights(content)
    assert all(tensor.isfinite().all() for tensor in model.state_dict().values())


def test_no_checkpoint_is_made_of_weights_whose_end_no_loss_has_shown_yet(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", 0)
    monkeypatch.setattr(recorder, "_SLOW", 1e9)  # seconds: after a slow one, of a busy disk, the next is put off
    model: list[nn.Module] = []

    def listen(event: Event) -> None:
        if isinstance(event, TrainingStarted):
            model.append(event.state.model)
        if isinstance(event, StepsTaken) and event.step == 5:
            next(model[0].parameters()).data.fill_(torch.inf)

    execution.execute(store, run_id, listen)
    run = store.run(run_id)
    assert run.state == "failed"
    assert "The weights are no longer numbers since step 5" in (run.error or "")
    assert store.weights_step(run_id, "checkpoint") == 4
    assert len(store.curve(run_id).losses) == 5

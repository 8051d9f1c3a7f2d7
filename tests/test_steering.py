"""Steering: what is asked for is done by the worker, once, and a killed run does it again at the same step."""

import functools
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from mnistlab import execution, recorder, steering, training
from mnistlab.closeup import SlowStep
from mnistlab.data import Dataset
from mnistlab.errors import ConfigError, DataError, RunNotFoundError, StoreError
from mnistlab.events import Event, StepsTaken
from mnistlab.runs import LOST_AFTER_SECONDS
from mnistlab.store import Store
from tests import tiny
from tests.tiny import losses_of, same_weights, weights_of

CONFIG = tiny.config({"dropout": 0.3}, optimizer="adam", learning_rate=1e-2, batch_size=50, epochs=3)
NUM_STEPS = 30


@pytest.fixture(autouse=True)
def _tiny_and_talkative(monkeypatch: pytest.MonkeyPatch, tiny_dataset: Dataset) -> None:
    monkeypatch.setattr(execution, "load_dataset", lambda name: tiny_dataset)
    monkeypatch.setattr(execution, "train", functools.partial(training.train, report_every=0))
    monkeypatch.setattr(execution, "_LOOK_EVERY", 0.01)
    monkeypatch.setattr(recorder, "_WRITE_EVERY", 0)


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create(CONFIG)


def at_step(step: int, act: Callable[[], None]) -> Callable[[Event], None]:
    """A listener that acts when this step is told, which is before it is written and the requests are read."""

    def listen(event: Event) -> None:
        if isinstance(event, StepsTaken) and event.step == step:
            act()

    return listen


def in_background(
    store: Store, run_id: str, on_event: Callable[[Event], None] = lambda event: None
) -> threading.Thread:
    thread = threading.Thread(target=execution.execute, args=(store, run_id, on_event))
    thread.start()
    return thread


def wait_for(is_there: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not is_there():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)


def wait_until_paused(store: Store, run_id: str, step: int) -> None:
    """Until its worker stands still there: the request alone is in the store a moment earlier."""
    wait_for(lambda: store.run(run_id).is_paused and store.run(run_id).step == step)


def test_a_paused_run_waits_and_goes_on_as_if_nothing_had_been(
    store: Store, run_id: str, tiny_dataset: Dataset
) -> None:
    thread = in_background(store, run_id, at_step(7, lambda: steering.pause(run_id, store)))
    wait_until_paused(store, run_id, 7)
    time.sleep(0.2)
    run = store.run(run_id)
    assert (run.state, run.step, run.is_paused, run.seconds_left) == ("running", 7, True, None)
    steering.go_on(run_id, store)
    thread.join()
    whole = list(training.train(CONFIG, tiny_dataset, report_every=0))
    assert store.run(run_id).state == "finished"
    assert store.curve(run_id).losses.tolist() == losses_of(whole)


def test_a_paused_run_shows_that_it_is_alive(store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "_BEAT_EVERY", 0.02)
    beats: list[float] = []
    really = Store.log
    monkeypatch.setattr(Store, "log", lambda *args, **named: (beats.append(0), really(*args, **named))[1])
    thread = in_background(store, run_id, at_step(3, lambda: steering.pause(run_id, store)))
    wait_until_paused(store, run_id, 3)
    before = len(beats)
    wait_for(lambda: len(beats) > before + 5)
    steering.stop(run_id, store)
    thread.join()
    assert (store.run(run_id).state, store.run(run_id).step) == ("stopped", 3)


def test_slow_motion_takes_one_step_for_each_asking(store: Store, run_id: str) -> None:
    thread = in_background(store, run_id, at_step(4, lambda: steering.pause(run_id, store)))
    for step in (4, 5, 6):
        wait_until_paused(store, run_id, step)
        steering.step_once(run_id, store)
    wait_for(lambda: store.run(run_id).step == 7)
    time.sleep(0.1)
    assert store.run(run_id).step == 7
    steering.stop(run_id, store)
    thread.join()


def test_one_step_asked_for_twice_is_one_step(store: Store, run_id: str) -> None:
    thread = in_background(store, run_id, at_step(4, lambda: steering.pause(run_id, store)))
    wait_until_paused(store, run_id, 4)
    before = store.run(run_id)
    steering.step_once(run_id, store)
    store.change(run_id, {"pause_at": before.step + 1}, ["running"])  # the second browser saw the same step
    wait_until_paused(store, run_id, 5)
    time.sleep(0.1)
    assert store.run(run_id).step == 5
    steering.stop(run_id, store)
    thread.join()


def test_a_slow_step_is_kept_with_its_digits_answers_and_updates(
    store: Store, run_id: str, tiny_dataset: Dataset
) -> None:
    thread = in_background(store, run_id, at_step(4, lambda: steering.pause(run_id, store)))
    wait_until_paused(store, run_id, 4)
    with pytest.raises(RunNotFoundError):
        store.weights(run_id, "closeup")
    steering.step_once(run_id, store)
    wait_for(lambda: store.run(run_id).step == 5)
    slow = SlowStep.unpack(store.weights(run_id, "closeup"))
    steering.stop(run_id, store)
    thread.join()
    assert slow.images.shape == (40, 28, 28)
    assert slow.before.shape == slow.after.shape == (40, 10)
    assert slow.before.sum(1) == pytest.approx(1, abs=1e-5)
    assert slow.losses[1] < slow.losses[0]  # it has just learned these very digits
    assert slow.layers == ["layer 1", "output"]
    assert (slow.updates > 0).all()
    known = {image.tobytes(): label for image, label in zip(*vars_of(tiny_dataset), strict=True)}
    assert [known[image.tobytes()] for image in slow.images] == slow.labels.tolist()


def vars_of(dataset: Dataset) -> tuple[Any, Any]:
    return dataset.source.images, dataset.source.labels


def test_looking_closely_changes_nothing(store: Store, run_id: str, tiny_dataset: Dataset) -> None:
    whole = list(training.train(CONFIG, tiny_dataset, report_every=0))
    heard: list[Event] = []
    events = training.train(CONFIG, tiny_dataset, report_every=0)
    for event in events:
        heard.append(event)
        heard[0].state.slow_motion = len(heard) % 3 == 0  # type: ignore[union-attr]
    assert losses_of(heard) == losses_of(whole)
    assert same_weights(weights_of(heard), weights_of(whole))


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_damaged_closeup_is_told(content: bytes) -> None:
    with pytest.raises(DataError, match="close-up of a step is damaged"):
        SlowStep.unpack(content)


def test_a_new_learning_rate_is_used_from_the_next_step_on(store: Store, run_id: str) -> None:
    execution.execute(store, run_id, at_step(7, lambda: steering.set_learning_rate(run_id, 0.5, store)))
    run, curve = store.run(run_id), store.curve(run_id)
    assert run.rate_changes == ((7, 0.5),)
    assert run.wanted_rate is None
    assert curve.learning_rates[curve.report_steps <= 7].tolist() == [1e-2] * 7
    assert set(curve.learning_rates[curve.report_steps > 7]) == {0.5}


def test_a_new_learning_rate_is_the_new_peak_of_a_schedule(store: Store) -> None:
    run_id = store.create(tiny.config(schedule="cosine", learning_rate=0.1, batch_size=50))
    execution.execute(store, run_id, at_step(5, lambda: steering.set_learning_rate(run_id, 0.2, store)))
    plain = store.create(tiny.config(schedule="cosine", learning_rate=0.1, batch_size=50))
    execution.execute(store, plain)
    rates, usual = store.curve(run_id).learning_rates, store.curve(plain).learning_rates
    assert rates[:5] == pytest.approx(usual[:5])
    assert rates[5:] == pytest.approx(2 * usual[5:])


@pytest.mark.parametrize("rate", [0, -1, 101, float("nan")])
def test_an_impossible_learning_rate_is_refused(store: Store, run_id: str, rate: float) -> None:
    with pytest.raises(ConfigError, match="learning_rate"):
        steering.set_learning_rate(run_id, rate, store)
    assert store.run(run_id).wanted_rate is None


class Killed(BaseException):
    """What a killed process looks like from inside."""


def kill() -> None:
    raise Killed


@pytest.mark.parametrize("killed_at", [8, 12, 25])
def test_a_killed_run_changes_its_learning_rate_again_at_the_same_step(
    store: Store, killed_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last checkpoint may be older than the change, and is: there is none."""
    monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", 1e9)
    undisturbed, killed = store.create(CONFIG), store.create(CONFIG)
    execution.execute(store, undisturbed, at_step(7, lambda: steering.set_learning_rate(undisturbed, 0.1, store)))

    def listen(event: Event) -> None:
        at_step(7, lambda: steering.set_learning_rate(killed, 0.1, store))(event)
        at_step(killed_at, kill)(event)

    with pytest.raises(Killed):
        execution.execute(store, killed, listen)
    execution.execute(store, killed)
    if killed_at == 8:  # it was killed before it could tell that it had taken the change up, so it does so again
        ((step, rate),) = store.run(killed).rate_changes
        assert (rate, step <= 2) == (0.1, True)  # there is no checkpoint: it began again, and found the request
        return
    assert store.run(killed).rate_changes == store.run(undisturbed).rate_changes
    assert store.curve(killed).losses.tolist() == store.curve(undisturbed).losses.tolist()


def test_more_epochs_go_on_where_the_run_ended(store: Store, run_id: str, tiny_dataset: Dataset) -> None:
    execution.execute(store, run_id)
    steering.extend(run_id, 2, store)
    run = store.run(run_id)
    assert (run.state, run.config.train.epochs, run.num_steps) == ("queued", 5, 50)
    assert run.progress == pytest.approx(0.6)
    execution.execute(store, run_id)
    longer = CONFIG.model_copy(update={"train": CONFIG.train.model_copy(update={"epochs": 5})})
    whole = list(training.train(longer, tiny_dataset, report_every=0))
    assert store.curve(run_id).losses.tolist() == losses_of(whole)
    assert [epoch.epoch for epoch in store.epochs(run_id)] == [0, 1, 2, 3, 4, 5]
    result = store.run(run_id).result
    assert result is not None
    assert result["test_readings"] == 2


@pytest.mark.parametrize("more", [0, -1, 998, 10**9])
def test_too_many_or_no_more_epochs_are_refused(store: Store, run_id: str, more: int) -> None:
    steering.stop(run_id, store)
    with pytest.raises(ConfigError, match="this run may have 1 to 997 more"):
        steering.extend(run_id, more, store)
    assert store.run(run_id).state == "stopped"


@pytest.mark.parametrize(
    "act",
    [steering.pause, steering.go_on, steering.step_once, lambda *args: steering.set_learning_rate(args[0], 1, args[1])],
)
@pytest.mark.parametrize("state", ["stopped", "failed", "finished"])
def test_a_run_that_is_over_is_not_steered(
    store: Store, run_id: str, act: Callable[[str, Store], None], state: str
) -> None:
    attempt = store.claim(run_id, "host:1")
    assert attempt is not None
    store.finish(run_id, attempt, state)
    before = store.run(run_id)
    act(run_id, store)
    assert store.run(run_id) == before


@pytest.mark.parametrize(
    "act", [steering.stop, steering.stop_at_once, steering.pause, steering.go_on, steering.requeue]
)
@pytest.mark.parametrize("run_id", ["abcdefgh", "../../etc"])
def test_steering_no_run_is_told(store: Store, act: Callable[[str, Store], None], run_id: str) -> None:
    with pytest.raises(RunNotFoundError):
        act(run_id, store)


def test_a_run_stopped_by_force_is_taken_from_its_worker(store: Store, run_id: str) -> None:
    heard: list[Event] = []

    def listen(event: Event) -> None:
        heard.append(event)
        at_step(5, lambda: steering.stop_at_once(run_id, store))(event)

    execution.execute(store, run_id, listen)
    assert isinstance(heard[-1], StepsTaken)
    assert heard[-1].step == 5
    assert (store.run(run_id).state, store.run(run_id).step) == ("stopped", 4)


def test_a_deleted_run_is_left_by_its_worker_and_can_be_brought_back(store: Store, run_id: str) -> None:
    heard: list[Event] = []

    def listen(event: Event) -> None:
        heard.append(event)
        at_step(5, lambda: store.delete(run_id))(event)

    execution.execute(store, run_id, listen)
    assert heard[-1].step == 5  # type: ignore[union-attr]
    assert store.runs() == []
    with pytest.raises(RunNotFoundError):
        store.run(run_id)
    store.restore(run_id)
    assert store.run(run_id).step == 4


def test_a_pause_makes_room_for_others(store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "_GUEST_SECONDS", 0.3)
    store.change(run_id, {"pause_at": 3}, ["queued"])
    thread = threading.Thread(target=execution.run_next, args=(store.url, "ticket"))  # as an engine's worker does
    thread.start()
    wait_until_paused(store, run_id, 3)
    time.sleep(0.5)
    assert store.run(run_id).is_paused  # nobody else wants the worker
    store.create(CONFIG)
    thread.join()
    assert (store.run(run_id).state, store.run(run_id).step) == ("stopped", 3)
    assert "given to others" in (store.run(run_id).error or "")
    steering.requeue(run_id, store)
    execution.execute(store, run_id)
    assert store.run(run_id).step == NUM_STEPS


def test_a_pause_in_the_foreground_is_in_nobodys_way(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "_GUEST_SECONDS", 0.05)
    store.create(CONFIG)
    thread = in_background(store, run_id, at_step(3, lambda: steering.pause(run_id, store)))
    wait_until_paused(store, run_id, 3)
    time.sleep(0.5)
    assert store.run(run_id).is_paused
    steering.go_on(run_id, store)
    thread.join()
    assert store.run(run_id).state == "finished"


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


def test_a_database_that_refuses_for_good_ends_the_training(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_STORE_PATIENCE", 0)
    monkeypatch.setattr(Store, "log", lambda *_, **__: (_ for _ in ()).throw(StoreError("disk is full")))
    with pytest.raises(StoreError, match="disk is full"):
        execution.execute(store, run_id)
    monkeypatch.setattr("mnistlab.runs.time.time", lambda really=time.time: really() + LOST_AFTER_SECONDS + 1)
    assert store.run(run_id).state == "lost"


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 GB")]
)
def test_running_out_of_memory_is_told_with_advice(store: Store, run_id: str, error: Exception) -> None:
    def listen(event: Event) -> None:
        raise error

    execution.execute(store, run_id, listen)
    run = store.run(run_id)
    assert run.state == "failed"
    assert run.error is not None
    assert "ran out of memory at a batch size of 50. Try a batch size of 12" in run.error

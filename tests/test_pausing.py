"""Pause and slow motion: a run waits, takes the steps it is told to, and goes on as if nothing had been."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from mnistlab import execution, steering, training
from mnistlab.closeup import SlowStep
from mnistlab.data import Dataset
from mnistlab.errors import DataError, RunNotFoundError
from mnistlab.events import Event
from mnistlab.store import Store
from tests import tiny
from tests.acting import after_step, wait_for
from tests.tiny import losses_of, same_weights, weights_of
from tests.varied import THIRTY_STEPS

pytestmark = pytest.mark.usefixtures("talkative")
CONFIG = THIRTY_STEPS
NUM_STEPS = 30


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create(CONFIG)


def in_background(
    store: Store, run_id: str, on_event: Callable[[Event], None] = lambda event: None
) -> threading.Thread:
    thread = threading.Thread(target=execution.execute, args=(store, run_id, on_event))
    thread.start()
    return thread


def paused_in_an_engine(store: Store, run_id: str, num_gpus: int | None = None) -> threading.Thread:
    """A worker of an engine that holds the run after its third step."""
    store.change(run_id, {"pause_at": 3}, ["queued"])
    thread = threading.Thread(target=execution.run_next, args=(store.url, "ticket", num_gpus))
    thread.start()
    wait_until_paused(store, run_id, 3)
    return thread


def wait_until_paused(store: Store, run_id: str, step: int) -> None:
    """Until its worker stands still there: the request alone is in the store a moment earlier."""
    wait_for(lambda: store.run(run_id).is_paused and store.run(run_id).step == step)


def test_a_paused_run_waits_and_goes_on_as_if_nothing_had_been(
    store: Store, run_id: str, tiny_dataset: Dataset
) -> None:
    thread = in_background(store, run_id, after_step(7, lambda: steering.pause(run_id, store)))
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
    thread = in_background(store, run_id, after_step(3, lambda: steering.pause(run_id, store)))
    wait_until_paused(store, run_id, 3)
    before = len(beats)
    wait_for(lambda: len(beats) > before + 5)
    steering.stop(run_id, store)
    thread.join()
    assert (store.run(run_id).state, store.run(run_id).step) == ("stopped", 3)


def test_slow_motion_takes_one_step_for_each_asking(store: Store, run_id: str) -> None:
    thread = in_background(store, run_id, after_step(4, lambda: steering.pause(run_id, store)))
    for step in (4, 5, 6):
        wait_until_paused(store, run_id, step)
        steering.step_once(run_id, store)
    wait_for(lambda: store.run(run_id).step == 7)
    time.sleep(0.1)
    assert store.run(run_id).step == 7
    steering.stop(run_id, store)
    thread.join()


def test_one_step_asked_for_twice_is_one_step(store: Store, run_id: str) -> None:
    thread = in_background(store, run_id, after_step(4, lambda: steering.pause(run_id, store)))
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
    thread = in_background(store, run_id, after_step(4, lambda: steering.pause(run_id, store)))
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


def test_a_pause_makes_room_for_others(store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "_GUEST_SECONDS", 0.3)
    monkeypatch.setattr(execution, "_OTHERS_SECONDS", 0.2)
    monkeypatch.setattr(execution, "_BEAT_EVERY", 0.05)
    thread = paused_in_an_engine(store, run_id)
    time.sleep(0.5)
    assert store.run(run_id).is_paused  # nobody else wants the worker
    store.create(CONFIG)
    thread.join()
    assert (store.run(run_id).state, store.run(run_id).step) == ("stopped", 3)
    assert "given to others" in (store.run(run_id).error or "")
    steering.requeue(run_id, store)
    execution.execute(store, run_id)
    assert store.run(run_id).step == NUM_STEPS


def test_a_pause_makes_no_room_for_those_whom_another_worker_takes_at_once(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "_GUEST_SECONDS", 0)
    monkeypatch.setattr(execution, "_BEAT_EVERY", 0.02)
    thread = paused_in_an_engine(store, run_id)
    for _ in range(4):  # there is always one that waits, and none for long
        other = store.create(CONFIG)
        time.sleep(0.2)
        store.claim(other, "host:2")
    assert store.run(run_id).is_paused
    steering.go_on(run_id, store)
    thread.join()
    assert store.run(run_id).state == "finished"


def test_a_pause_makes_no_room_for_those_who_wait_for_other_workers(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a lab, a worker without a GPU that a run leaves is of no use to one that asks for a GPU."""
    monkeypatch.setenv("MNISTLAB_SCHEDULER", "tcp://lab:8786")
    monkeypatch.setattr(execution, "_GUEST_SECONDS", 0)
    monkeypatch.setattr(execution, "_OTHERS_SECONDS", 0.1)
    monkeypatch.setattr(execution, "_BEAT_EVERY", 0.02)
    thread = paused_in_an_engine(store, run_id, num_gpus=0)
    store.create(tiny.config(device="cuda"))
    time.sleep(0.5)
    assert store.run(run_id).is_paused
    store.create(CONFIG)
    thread.join()
    assert (store.run(run_id).state, store.run(run_id).step) == ("stopped", 3)


def test_a_rate_chosen_in_a_pause_is_kept_where_the_pause_makes_room(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "_ALONE_SECONDS", 0.5)
    monkeypatch.setattr(execution, "_BEAT_EVERY", 0.05)
    thread = paused_in_an_engine(store, run_id)
    steering.set_learning_rate(run_id, 0.001, store)
    thread.join()
    assert_goes_on_at(0.001, store, run_id)


@pytest.mark.parametrize("rate", [0.001, 0.1], ids=["a lower rate", "a higher rate"])
def test_a_rate_chosen_in_a_pause_is_kept_where_the_run_is_stopped(store: Store, run_id: str, rate: float) -> None:
    thread = in_background(store, run_id, after_step(3, lambda: steering.pause(run_id, store)))
    wait_until_paused(store, run_id, 3)
    steering.set_learning_rate(run_id, rate, store)
    steering.stop(run_id, store)
    thread.join()
    assert_goes_on_at(rate, store, run_id)


def assert_goes_on_at(rate: float, store: Store, run_id: str) -> None:
    """It was stopped after its third step, and this rate is that of all later ones once it is resumed."""
    run = store.run(run_id)
    assert (run.state, run.step, run.rate_changes, run.chosen_rate) == ("stopped", 3, ((3, rate),), rate)
    steering.requeue(run_id, store)
    execution.execute(store, run_id)
    curve = store.curve(run_id)
    assert store.run(run_id).state == "finished"
    assert set(curve.learning_rates[curve.report_steps > 3]) == {rate}


def test_a_pause_in_the_foreground_is_in_nobodys_way(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "_GUEST_SECONDS", 0.05)
    store.create(CONFIG)
    thread = in_background(store, run_id, after_step(3, lambda: steering.pause(run_id, store)))
    wait_until_paused(store, run_id, 3)
    time.sleep(0.5)
    assert store.run(run_id).is_paused
    steering.go_on(run_id, store)
    thread.join()
    assert store.run(run_id).state == "finished"

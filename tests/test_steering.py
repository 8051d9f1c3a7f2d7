"""Steering: what is asked for is done by the worker, once, and a killed run does it again at the same step."""

from collections.abc import Callable

import numpy as np
import pytest

from mnistlab import execution, recorder, steering, training
from mnistlab.config import MAX_EPOCHS
from mnistlab.data import Dataset
from mnistlab.errors import ConfigError, RunNotFoundError
from mnistlab.events import Event, StepsTaken
from mnistlab.store import Store
from tests import tiny
from tests.acting import Killed, after_step, kill
from tests.tiny import losses_of
from tests.varied import THIRTY_STEPS

pytestmark = pytest.mark.usefixtures("talkative")
CONFIG = THIRTY_STEPS


NUM_STEPS = 30


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create(CONFIG)


def test_a_new_learning_rate_is_used_from_the_next_step_on(store: Store, run_id: str) -> None:
    execution.execute(store, run_id, after_step(7, lambda: steering.set_learning_rate(run_id, 0.5, store)))
    run, curve = store.run(run_id), store.curve(run_id)
    assert run.rate_changes == ((7, 0.5),)
    assert run.wanted_rate is None
    assert curve.learning_rates[curve.report_steps <= 7].tolist() == [1e-2] * 7
    assert set(curve.learning_rates[curve.report_steps > 7]) == {0.5}


def test_a_new_learning_rate_is_the_new_peak_of_a_schedule(store: Store) -> None:
    run_id = store.create(tiny.config(schedule="cosine", learning_rate=0.1, batch_size=50))
    execution.execute(store, run_id, after_step(5, lambda: steering.set_learning_rate(run_id, 0.2, store)))
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


@pytest.mark.parametrize("killed_at", [8, 12, 25])
def test_a_killed_run_changes_its_learning_rate_again_at_the_same_step(
    store: Store, killed_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last checkpoint may be older than the change, and is: there is none."""
    monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", 1e9)
    undisturbed, killed = store.create(CONFIG), store.create(CONFIG)
    execution.execute(store, undisturbed, after_step(7, lambda: steering.set_learning_rate(undisturbed, 0.1, store)))

    def listen(event: Event) -> None:
        after_step(7, lambda: steering.set_learning_rate(killed, 0.1, store))(event)
        after_step(killed_at, kill)(event)

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
    assert (run.progress, run.planned_epochs) == (pytest.approx(0.6), 3)
    execution.execute(store, run_id)
    longer = CONFIG.with_training(epochs=5)
    whole = list(training.train(longer, tiny_dataset, report_every=0))
    assert store.curve(run_id).losses.tolist() == losses_of(whole)
    assert [epoch.epoch for epoch in store.epochs(run_id)] == [0, 1, 2, 3, 4, 5]
    result = store.run(run_id).result
    assert result is not None
    assert result["test_readings"] == 2
    assert steering.extend(run_id, MAX_EPOCHS - 5, store)
    run = store.run(run_id)
    assert (run.config.train.epochs, run.planned_epochs) == (MAX_EPOCHS, 3)


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
        after_step(5, lambda: steering.stop_at_once(run_id, store))(event)

    execution.execute(store, run_id, listen)
    assert isinstance(heard[-1], StepsTaken)
    assert heard[-1].step == 5
    assert (store.run(run_id).state, store.run(run_id).step) == ("stopped", 4)


def test_a_run_stopped_by_force_says_what_is_lost_and_forgets_what_was_asked_of_it(store: Store, run_id: str) -> None:
    attempt = store.claim(run_id, "a worker")
    assert attempt is not None
    store.log(run_id, attempt, [StepsTaken(1, 5, 0.5, np.ones(5, np.float32), 0.5, 0.1, 100.0, 1.0)])
    steering.set_learning_rate(run_id, 5.0, store)
    steering.stop_at_once(run_id, store)
    stopped = store.run(run_id)
    assert stopped.error == "It was taken from its worker: what it learned after step 0 is lost."
    assert stopped.wanted_rate is None
    assert steering.requeue(run_id, store)
    assert store.run(run_id).error is None


def test_what_is_lost_begins_after_the_last_checkpoint(store: Store, run_id: str) -> None:
    for first, last, weights, lost in (
        (1, 5, {"checkpoint": b"read by nobody"}, None),
        (6, 8, {}, "It was taken from its worker: what it learned after step 5 is lost."),
    ):
        attempt = store.claim(run_id, "a worker")
        assert attempt is not None
        losses = np.ones(last - first + 1, np.float32)
        store.log(run_id, attempt, [StepsTaken(first, last, 0.5, losses, 0.5, 0.1, 100.0, 1.0)], [], weights)
        steering.stop_at_once(run_id, store)
        assert store.run(run_id).error == lost
        assert steering.requeue(run_id, store)


def test_a_run_cancelled_in_the_queue_has_lost_nothing(store: Store, run_id: str) -> None:
    steering.stop(run_id, store)
    assert (store.run(run_id).state, store.run(run_id).error) == ("stopped", None)


def test_a_deleted_run_is_left_by_its_worker_and_can_be_brought_back(store: Store, run_id: str) -> None:
    heard: list[Event] = []

    def listen(event: Event) -> None:
        heard.append(event)
        after_step(5, lambda: store.delete(run_id))(event)

    execution.execute(store, run_id, listen)
    assert heard[-1].step == 5  # type: ignore[union-attr]
    assert store.runs() == []
    with pytest.raises(RunNotFoundError):
        store.run(run_id)
    store.restore(run_id)
    assert store.run(run_id).step == 4


def test_a_pause_asked_for_is_no_pause_yet_and_asked_twice_is_one(store: Store, run_id: str) -> None:
    attempt = store.claim(run_id, "a worker")
    assert attempt is not None
    store.log(run_id, attempt, [StepsTaken(1, 5, 0.5, np.ones(5, np.float32), 0.5, 0.1, 100.0, 1.0)])
    steering.pause(run_id, store)
    assert not store.run(run_id).is_paused  # its worker is ahead of the step that it has told
    store.log(run_id, attempt, [StepsTaken(6, 8, 0.5, np.ones(3, np.float32), 0.5, 0.1, 100.0, 1.0)])
    paused = store.run(run_id)
    assert paused.is_paused
    steering.pause(run_id, store)
    assert store.run(run_id) == paused


def test_a_run_that_is_not_paused_takes_no_single_step(store: Store, run_id: str) -> None:
    """Somebody else has let it go on in the meantime."""
    store.claim(run_id, "host:1")
    steering.step_once(run_id, store)
    assert store.run(run_id).pause_at is None


def test_a_rate_that_was_changed_to_ahead_of_the_checkpoint_is_taken_up_when_asked_for_again(
    store: Store, run_id: str
) -> None:
    attempt = store.claim(run_id, "a worker")
    assert attempt is not None
    ahead = [(8, 0.5)]  # what was learned after step 5 is lost, and is to be learned again with this change
    steps = [StepsTaken(1, 5, 0.5, np.ones(5, np.float32), 0.5, 0.1, 100.0, 1.0)]
    store.log(run_id, attempt, steps, rate_changes=ahead)
    steering.set_learning_rate(run_id, 0.5, store)
    assert store.log(run_id, attempt, rate_changes=ahead).learning_rate == 0.5
    assert store.log(run_id, attempt, rate_changes=[(5, 0.5)]).learning_rate is None
    assert store.run(run_id).wanted_rate is None

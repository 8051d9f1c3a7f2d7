"""A run being executed: whatever stops, kills or doubles it, the store ends up with the run that was asked for."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
import torch

from mnistlab import execution, jobs, recorder, schema, steering, training
from mnistlab.checkpoint import unpack_weights
from mnistlab.data import Dataset
from mnistlab.evaluation import evaluate
from mnistlab.events import EpochEnded, Event, StepsTaken, TrainingStarted
from mnistlab.runs import Request
from mnistlab.store import Store
from tests.acting import Killed, after_step, kill, wait_for
from tests.tiny import epochs_of, losses_of, same_weights, weights_of
from tests.varied import FOURTEEN_STEPS

pytestmark = pytest.mark.usefixtures("talkative")
CONFIG = FOURTEEN_STEPS


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create(CONFIG)


NUM_STEPS = 14


@pytest.fixture(scope="module")
def whole(tiny_dataset: Dataset) -> list[Event]:
    """The run as it is when nothing disturbs it."""
    return list(training.train(CONFIG, tiny_dataset, report_every=0))


def stop_after(num_events: int) -> Callable[[], bool]:
    counter = itertools.count(1)
    return lambda: next(counter) == num_events


def bug() -> None:
    raise ZeroDivisionError("division by zero")


def figures(epoch: EpochEnded) -> tuple[Any, ...]:
    """An epoch's figures without clock times."""
    return (
        *(epoch.epoch, epoch.step, epoch.train_loss, epoch.train_accuracy),
        *(epoch.validation_loss, epoch.validation_accuracy),
    )


def assert_as_if_undisturbed(store: Store, run_id: str, whole: list[Event]) -> None:
    run, curve = store.run(run_id), store.curve(run_id)
    assert (run.state, run.step, run.num_steps, run.progress, run.epoch) == ("finished", NUM_STEPS, NUM_STEPS, 1, 2)
    assert curve.steps.tolist() == list(range(1, NUM_STEPS + 1))
    assert curve.losses.tolist() == losses_of(whole)
    assert [figures(epoch) for epoch in store.epochs(run_id)] == [figures(epoch) for epoch in epochs_of(whole)]
    model, config = unpack_weights(store.weights(run_id))
    assert config == CONFIG
    assert same_weights(model.state_dict(), weights_of(whole))


def test_a_job_keeps_curve_epochs_and_weights(store: Store, run_id: str, whole: list[Event]) -> None:
    execution.execute(store, run_id)
    assert_as_if_undisturbed(store, run_id, whole)


def test_a_finished_run_is_tested_once(
    store: Store, run_id: str, tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits: list[str] = []

    def count(model: Any, split: Any) -> Any:
        splits.append(split.name)
        return evaluate(model, split)

    monkeypatch.setattr(recorder, "evaluate", count)
    execution.execute(store, run_id)
    assert splits == ["test"]
    result = store.run(run_id).result
    assert result is not None
    model, _ = unpack_weights(store.weights(run_id))
    evaluation = evaluate(model, tiny_dataset.test)
    assert result["test_accuracy"] == evaluation.accuracy
    assert result["test_loss"] == pytest.approx(evaluation.loss)
    assert [tuple(pair) for pair in result["per_digit"]] == evaluation.per_digit


def test_a_result_tells_what_it_took(store: Store, run_id: str) -> None:
    execution.execute(store, run_id)
    run = store.run(run_id)
    assert run.result is not None
    assert run.result["num_parameters"] == 784 * 8 + 8 + 8 * 10 + 10
    assert run.result["train_seconds"] == pytest.approx(run.seconds, abs=0.05)  # told a moment after the last step
    assert run.result["images_per_second"] == pytest.approx(2000 / run.result["train_seconds"])
    assert set(run.result["machine"]) == {"device", "torch", "python", "system"}


def test_the_listener_hears_every_event(store: Store, run_id: str, whole: list[Event]) -> None:
    heard: list[Event] = []
    execution.execute(store, run_id, heard.append)
    assert [type(event) for event in heard] == [type(event) for event in whole]


def test_a_listener_that_draws_random_numbers_changes_nothing(store: Store, run_id: str, whole: list[Event]) -> None:
    def draw(_event: Event) -> None:
        torch.manual_seed(3)

    execution.execute(store, run_id, draw)
    assert_as_if_undisturbed(store, run_id, whole)


def test_executing_a_finished_run_changes_nothing(store: Store, run_id: str) -> None:
    execution.execute(store, run_id)
    before = store.run(run_id)
    execution.execute(store, run_id)
    assert store.run(run_id) == before


def test_run_job_opens_the_store_by_its_address(store: Store, run_id: str, whole: list[Event]) -> None:
    jobs.run_job(store.url, "ticket-1")
    assert_as_if_undisturbed(store, run_id, whole)


@pytest.mark.parametrize("num_events", [1, 2, 3, 9, 10, 17, 18])
def test_a_stopped_run_goes_on_bit_for_bit(store: Store, run_id: str, whole: list[Event], num_events: int) -> None:
    """After the start, epoch 0, in and at the end of the first epoch, after the last step, at the very end."""
    execution.execute(store, run_id, wants_stop=stop_after(num_events))
    stopped = store.run(run_id)
    steps = sum(isinstance(event, StepsTaken) for event in whole[:num_events])
    assert (stopped.state, stopped.step) == ("stopped", steps)
    steering.requeue(run_id, store)
    execution.execute(store, run_id)
    assert_as_if_undisturbed(store, run_id, whole)


def test_a_run_stopped_at_every_event_goes_on_bit_for_bit(store: Store, run_id: str, whole: list[Event]) -> None:
    execution.execute(store, run_id, wants_stop=stop_after(2))
    for _ in whole[2:]:
        steering.requeue(run_id, store)
        execution.execute(store, run_id, wants_stop=stop_after(2))  # the start and one event more
    steering.requeue(run_id, store)
    execution.execute(store, run_id)
    assert_as_if_undisturbed(store, run_id, whole)


def test_a_stopped_run_keeps_its_weights(store: Store, run_id: str, tiny_dataset: Dataset) -> None:
    execution.execute(store, run_id, wants_stop=stop_after(5))
    events = training.train(CONFIG, tiny_dataset, report_every=0)
    first = list(itertools.islice(events, 5))
    model, _ = unpack_weights(store.weights(run_id))
    assert same_weights(model.state_dict(), weights_of(first))
    assert store.curve(run_id).steps.tolist() == [1, 2, 3]


def test_a_stop_request_ends_the_run_within_one_event(store: Store, run_id: str) -> None:
    heard: list[Event] = []

    def listen(event: Event) -> None:
        heard.append(event)
        if isinstance(event, StepsTaken) and event.step == 4:
            steering.stop(run_id, store)

    execution.execute(store, run_id, listen)
    assert (store.run(run_id).state, store.run(run_id).step) == ("stopped", 4)
    assert isinstance(heard[-1], StepsTaken)
    assert heard[-1].step == 4


def test_a_run_stopped_in_the_queue_is_not_trained(store: Store, run_id: str) -> None:
    steering.stop(run_id, store)
    execution.execute(store, run_id, lambda event: pytest.fail("it was trained"))
    assert store.run(run_id).state == "stopped"


@pytest.mark.parametrize("step", [1, 6, 7, 8, 14])
@pytest.mark.parametrize("checkpoint_every", [0, 1e9], ids=["always a checkpoint", "never a checkpoint"])
def test_a_killed_run_goes_on_bit_for_bit(
    store: Store,
    run_id: str,
    whole: list[Event],
    step: int,
    checkpoint_every: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", checkpoint_every)
    with pytest.raises(Killed):
        execution.execute(store, run_id, after_step(step, kill))
    assert store.run(run_id).state == "running"  # nobody was left to say otherwise
    execution.execute(store, run_id)
    assert_as_if_undisturbed(store, run_id, whole)


def test_a_killed_run_repeats_only_what_came_after_its_checkpoint(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", 0)
    with pytest.raises(Killed):
        execution.execute(store, run_id, after_step(9, kill))
    again: list[Event] = []
    execution.execute(store, run_id, again.append)
    assert isinstance(again[0], TrainingStarted)
    assert [event.first_step for event in again if isinstance(event, StepsTaken)] == list(range(9, NUM_STEPS + 1))


def test_a_job_whose_run_was_taken_over_leaves_and_writes_nothing(
    store: Store, run_id: str, whole: list[Event]
) -> None:
    takers: list[int | None] = []
    heard: list[Event] = []

    def listen(event: Event) -> None:
        heard.append(event)
        if isinstance(event, StepsTaken) and event.step == 5:
            takers.append(store.claim(run_id, "other:2"))

    execution.execute(store, run_id, listen)
    assert isinstance(heard[-1], StepsTaken)
    assert heard[-1].step == 5
    run = store.run(run_id)
    assert (run.state, run.worker, run.attempt, run.step) == ("running", "other:2", takers[0], 0)
    assert len(store.curve(run_id).steps) == 0
    execution.execute(store, run_id)
    assert_as_if_undisturbed(store, run_id, whole)


def test_a_bug_is_kept_with_its_kind_and_raised(store: Store, run_id: str) -> None:
    with pytest.raises(ZeroDivisionError):
        execution.execute(store, run_id, after_step(2, bug))
    assert (store.run(run_id).state, store.run(run_id).error) == ("failed", "ZeroDivisionError: division by zero")


def test_a_failed_run_can_be_resumed(store: Store, run_id: str, whole: list[Event]) -> None:
    with pytest.raises(ZeroDivisionError):
        execution.execute(store, run_id, after_step(9, bug))
    steering.requeue(run_id, store)
    execution.execute(store, run_id)
    assert_as_if_undisturbed(store, run_id, whole)


def test_the_store_is_written_twice_a_second_not_at_each_event(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_WRITE_EVERY", 60)
    written: list[int] = []
    really_log = store.log

    def log(run_id: str, attempt: int, steps: Any = (), *rest: Any, **named: Any) -> Request:
        written.append(sum(len(report.losses) for report in steps))
        return really_log(run_id, attempt, steps, *rest, **named)

    monkeypatch.setattr(store, "log", log)
    execution.execute(store, run_id)
    # At the start, so that a page sees it is alive; its first report, which somebody waits for; the rest at the end;
    # its answers on the test set.
    assert (len(written), written[0], written[-1], sum(written)) == (4, 0, 0, NUM_STEPS)
    assert written[1] > 0


def test_one_long_step_is_not_taken_for_a_dead_worker(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "_PULSE_EVERY", 0.05)
    beats: list[float] = []

    def dawdle() -> None:
        before = heartbeat_of(store, run_id)
        wait_for(lambda: heartbeat_of(store, run_id), lambda beat: beat > before, seconds=10)
        beats.append(before)

    execution.execute(store, run_id, after_step(3, dawdle))
    assert len(beats) == 1
    assert store.run(run_id).state == "finished"


def heartbeat_of(store: Store, run_id: str) -> float:
    with store.transaction() as connection:
        found = connection.execute(sa.select(schema.runs.c.heartbeat).where(schema.runs.c.id == run_id)).scalar_one()
    return float(found)

"""Runs as jobs: whatever stops, kills or doubles them, the store ends up with the run that was asked for."""

import functools
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
import torch

from mnistlab import engine, execution, jobs, recorder, schema, steering, tickets, training
from mnistlab.checkpoint import unpack_weights
from mnistlab.config import RunConfig, parse_config
from mnistlab.data import Dataset
from mnistlab.errors import DataError, EngineError, RunNotFoundError
from mnistlab.evaluation import evaluate
from mnistlab.events import EpochEnded, Event, StepsTaken, TrainingStarted
from mnistlab.runs import LOST_AFTER_SECONDS, Request
from mnistlab.store import Store
from tests import tiny
from tests.tiny import epochs_of, losses_of, same_weights, weights_of

# Two epochs of seven steps, with every kind of memory a training has.
CONFIG = tiny.config(
    {"dropout": 0.3},
    {"rotation": 20, "use": "double"},
    optimizer="adam",
    learning_rate=1e-2,
    schedule="one-cycle",
    batch_size=150,
)
NUM_STEPS = 14


class Killed(BaseException):
    """What a killed process looks like from inside: nothing is caught, nothing is tidied up."""


@pytest.fixture(autouse=True)
def _tiny_and_talkative(monkeypatch: pytest.MonkeyPatch, tiny_dataset: Dataset) -> None:
    """Train on 600 images, report every step and write every report."""
    monkeypatch.setattr(execution, "load_dataset", lambda name: tiny_dataset)
    monkeypatch.setattr(execution, "train", functools.partial(training.train, report_every=0))
    monkeypatch.setattr(recorder, "_WRITE_EVERY", 0)


@pytest.fixture(scope="module")
def whole(tiny_dataset: Dataset) -> list[Event]:
    """The run as it is when nothing disturbs it."""
    return list(training.train(CONFIG, tiny_dataset, report_every=0))


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create(CONFIG)


def after_step(step: int, act: Callable[[], None]) -> Callable[[Event], None]:
    """A listener that acts when this step has been reported."""

    def listen(event: Event) -> None:
        if isinstance(event, StepsTaken) and event.step == step:
            act()

    return listen


def stop_after(num_events: int) -> Callable[[], bool]:
    counter = itertools.count(1)
    return lambda: next(counter) == num_events


def kill() -> None:
    raise Killed


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


def test_a_mistake_is_kept_as_a_sentence(store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Dataset:
        raise DataError("The images are missing.")

    monkeypatch.setattr(execution, "load_dataset", missing)
    execution.execute(store, run_id)
    run = store.run(run_id)
    assert (run.state, run.error, run.result) == ("failed", "The images are missing.", None)


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


def diverging() -> RunConfig:
    return tiny.config({"hidden": (64, 64), "activation": "none"}, learning_rate=100, epochs=20)


@pytest.mark.parametrize("write_every", [0, 1e9], ids=["written at once", "waiting to be written"])
def test_a_diverged_run_keeps_the_curve_that_shows_it(
    store: Store, write_every: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_WRITE_EVERY", write_every)
    run_id = store.create(diverging())
    execution.execute(store, run_id)
    run, losses = store.run(run_id), store.curve(run_id).losses
    assert run.state == "failed"
    assert run.error is not None
    assert f"no longer a number since step {len(losses) + 1}" in run.error
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


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """What the engine is asked for, in place of an engine."""
    asked: list[tuple[str, str, int]] = []
    monkeypatch.setattr(tickets, "submit", lambda *arguments: asked.append(arguments))
    return asked


def test_starting_hands_a_queued_run_to_the_engine(store: Store, submitted: list[tuple[str, str, int]]) -> None:
    run_id = jobs.start(CONFIG, store)
    assert submitted == [(store.url, run_id, 0)]
    assert (store.run(run_id).state, store.run(run_id).config) == ("queued", CONFIG)


def test_a_run_that_no_engine_takes_is_kept_as_failed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise EngineError("No Dask scheduler answers.")

    monkeypatch.setattr(tickets, "submit", refuse)
    with pytest.raises(EngineError):
        jobs.start(CONFIG, store)
    (run,) = store.runs()
    assert (run.state, run.error) == ("failed", "No Dask scheduler answers.")


def test_stop_asks_through_the_store(store: Store, run_id: str) -> None:
    store.claim(run_id, "host:1")
    jobs.stop(run_id, store)
    assert store.run(run_id).control == "stop"


def test_resuming_hands_the_next_attempt_to_the_engine(
    store: Store, run_id: str, submitted: list[tuple[str, str, int]]
) -> None:
    execution.execute(store, run_id, wants_stop=stop_after(5))
    jobs.resume(run_id, store)
    assert submitted == [(store.url, run_id, 2)]  # whatever the first attempt still had is fenced off
    assert store.run(run_id).state == "queued"


@pytest.mark.parametrize("state", ["running", "finished"])
def test_resuming_a_run_that_needs_no_resuming_asks_for_nothing(
    store: Store, run_id: str, submitted: list[tuple[str, str, int]], state: str
) -> None:
    """A second press of the button must not take the run from the worker that has it."""
    attempt = store.claim(run_id, "host:1")
    assert attempt is not None
    if state == "finished":
        store.finish(run_id, attempt, state)
    jobs.resume(run_id, store)
    assert submitted == []


def test_reconciling_submits_queued_runs_oldest_first(store: Store, submitted: list[tuple[str, str, int]]) -> None:
    waiting = []
    for _ in range(3):
        waiting.append(store.create(CONFIG))
        time.sleep(0.002)  # so that their times differ
    store.claim(store.create(CONFIG), "host:1")
    jobs.reconcile(store)
    assert submitted == [(store.url, run_id, 0) for run_id in waiting]


@pytest.fixture
def awake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wake as if nobody had asked for it in the last seconds, with workers that are there."""
    monkeypatch.setattr(jobs, "_last_wake", 0.0)
    monkeypatch.setattr(tickets, "check_workers", lambda: None)


@pytest.mark.usefixtures("awake")
def test_waking_hands_over_the_queue_but_not_at_every_tick(
    store: Store, run_id: str, submitted: list[tuple[str, str, int]]
) -> None:
    for _ in range(30):
        jobs.wake(store)
    assert submitted == [(store.url, run_id, 0)]


@pytest.mark.usefixtures("awake", "submitted")
def test_waking_tells_a_queue_that_nobody_can_execute_it(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise EngineError("The engine's workers do not start.")

    monkeypatch.setattr(tickets, "check_workers", refuse)
    jobs.wake(store)
    assert (store.run(run_id).state, store.run(run_id).error) == ("queued", "The engine's workers do not start.")
    monkeypatch.setattr(jobs, "_last_wake", 0.0)
    monkeypatch.setattr(tickets, "check_workers", lambda: None)
    jobs.wake(store)
    assert store.run(run_id).error is None


def test_a_ticket_that_could_not_begin_tells_its_run_and_no_other(store: Store, run_id: str) -> None:
    other = store.create(CONFIG)
    jobs.ticket_failed(store.url, run_id, "ticket", ImportError("no torch here"))
    assert store.run(run_id).state == "queued"
    assert "no torch here" in (store.run(run_id).error or "")
    assert store.run(other).error is None


def test_a_ticket_whose_run_told_its_own_end_blames_no_other(store: Store, run_id: str) -> None:
    """Fairness may have given the ticket another run than the one it was made for."""
    other = store.create(CONFIG)
    attempt = store.claim(other, "host:1", "ticket")
    assert attempt is not None
    store.finish(other, attempt, "failed", error="ZeroDivisionError")
    jobs.ticket_failed(store.url, run_id, "ticket", ZeroDivisionError())
    assert (store.run(run_id).state, store.run(run_id).error) == ("queued", None)


def test_a_ticket_whose_workers_died_closes_the_run_it_held(store: Store, run_id: str) -> None:
    store.claim(run_id, "host:1", "ticket")
    jobs.ticket_failed(store.url, "abcdefgh", "ticket", RuntimeError("KilledWorker"))
    assert store.run(run_id).state == "failed"
    assert "died several times" in (store.run(run_id).error or "")


def test_a_run_that_was_taken_meanwhile_is_not_closed(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        store.claim(run_id, "elsewhere:1")
        raise EngineError("no engine")

    monkeypatch.setattr(tickets, "submit", refuse)
    with pytest.raises(EngineError):
        jobs._submit(store, run_id)
    assert store.run(run_id).state == "running"


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


@pytest.mark.parametrize("content", ["", "{}", '{"address": "tcp://127.0.0.1:1"}'])
def test_an_address_that_nobody_answers_is_no_engine(lab: Path, content: str) -> None:
    assert not engine.is_up()
    lab.mkdir(exist_ok=True)
    (lab / "engine.json").write_text(content)
    assert engine.running_address() is None


def test_a_scheduler_from_the_environment_looks_after_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_SCHEDULER", "tls://lab.school:8786")
    assert engine.is_up()
    assert engine.address() == "tls://lab.school:8786"


def test_an_ending_engine_removes_its_own_address_only(lab: Path) -> None:
    """While one engine closes, a page may have started the next."""
    engine._publish("tcp://127.0.0.1:5")
    engine._withdraw()
    assert not (lab / "engine.json").exists()
    (lab / "engine.json").write_text('{"address": "tcp://127.0.0.1:6", "pid": 1}')
    engine._withdraw()
    assert (lab / "engine.json").exists()


def test_an_engine_that_cannot_start_is_told_with_the_end_of_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_WORKERS", "many")
    with pytest.raises(EngineError, match=r"did not start.*engine\.log.*many"):
        engine.address()


@pytest.fixture
def real_engine(lab: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An engine in the test's own lab that ends itself after three idle seconds; the test never has to kill it."""
    monkeypatch.setenv("MNISTLAB_ENGINE_IDLE", "3 seconds")
    monkeypatch.setattr(engine, "_client", None)
    monkeypatch.setattr(engine, "_child", None)
    yield
    if engine._client is not None:
        engine._client.close()
    if engine._child is not None:
        engine._child.terminate()
        engine._child.wait(30)


@pytest.mark.slow
@pytest.mark.usefixtures("real_engine")
def test_a_real_engine_runs_a_job_in_its_own_process_and_ends_itself(store: Store, lab: Path) -> None:
    small = parse_config(
        {"model": {"hidden": ()}, "train": {"batch_size": 4096, "epochs": 1, "validation_size": 30_000}}
    )
    run_id = jobs.start(small, store)
    child = engine._child
    assert child is not None
    workers = psutil.Process(child.pid).children(recursive=True)
    run = wait_for(lambda: store.run(run_id), lambda run: not run.is_active, seconds=60)
    assert (run.state, run.error) == ("finished", None)
    assert run.result is not None
    assert run.result["test_accuracy"] > 0.5
    assert store.curve(run_id).steps.tolist() == list(range(1, 9))
    assert run.worker is not None
    assert int(run.worker.rpartition(":")[2]) in {process.pid for process in workers}
    assert child.wait(timeout=30) == 0, (lab / "engine.log").read_text()
    assert engine.running_address() is None
    assert not (lab / "engine.json").exists()
    # Its children see that it is gone and end a moment later.
    wait_for(lambda: [process for process in workers if is_alive(process)], lambda alive: not alive, seconds=15)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(read: Callable[[], Any], is_there: Callable[[Any], bool], seconds: float) -> Any:
    """Read until it is as wanted; a run that is lost fails at once."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = read()
        if is_there(found):
            return found
        time.sleep(0.1)
    pytest.fail(f"not there after {seconds} s (lost after {LOST_AFTER_SECONDS} s): {found}")

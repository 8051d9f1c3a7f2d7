"""The store: a run's life, told; and ids that are none."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from mnistlab import schema
from mnistlab.errors import RunNotFoundError
from mnistlab.events import StepsTaken
from mnistlab.ids import is_run_id
from mnistlab.runs import Request
from mnistlab.store import Store
from tests import tiny
from tests.reports import CONFIG, report, running

NO_IDS: list[Any] = [
    "",
    "abcdefg",
    "abcdefghj",
    "ABCDEFGH",
    "abcdefg1",  # 1 and l look alike, so neither is used
    "abcdefgh\n",
    "abc'--gh",
    "../../ab",
    "x'; DROP TABLE runs; --",
    "äbcdefgh",
    None,
    12345678,
]


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """All SQL that is executed from now on."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_a_new_run_is_queued_with_its_config(store: Store) -> None:
    run = store.run(store.create(CONFIG))
    assert (run.state, run.config, run.step, run.attempt) == ("queued", CONFIG, 0, 0)
    assert run.created == pytest.approx(time.time(), abs=5)
    assert run.is_active


def test_a_claimed_run_is_running(store: Store) -> None:
    run_id, attempt = running(store, "host:7")
    run = store.run(run_id)
    assert (run.state, run.worker, run.attempt) == ("running", "host:7", attempt)


def test_a_run_tells_how_far_it_is(store: Store) -> None:
    run_id, attempt = running(store)
    assert store.log(run_id, attempt, [report(1, 2)], num_steps=10) == Request()
    run = store.run(run_id)
    assert (run.step, run.num_steps, run.progress, run.epoch) == (2, 10, 0.2, 0.4)
    assert (run.images_per_second, run.seconds) == (1234.5, 1.0)
    assert run.seconds_left == pytest.approx(4.0)


def test_a_run_that_is_taken_over_counts_the_time_of_what_is_kept_alone(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, [report(1, 4)], num_steps=10, weights={"checkpoint": b"weights"})
    store.log(run_id, attempt, [report(5, 8)])
    before = store.run(run_id)
    assert store.claim(run_id, "host:8")
    after = store.run(run_id)
    assert (after.step, after.epoch, after.seconds) == (4, before.epoch / 2, before.seconds / 2)


def test_a_run_that_is_taken_over_before_its_first_checkpoint_has_no_time_left_yet(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, [report(1, 4)], num_steps=10)
    assert store.claim(run_id, "host:8")
    run = store.run(run_id)
    assert (run.state, run.step, run.seconds, run.seconds_left) == ("running", 0, 0, None)


def test_a_finished_run_has_its_result(store: Store) -> None:
    run_id, attempt = running(store)
    store.finish(run_id, attempt, "finished", {"test_accuracy": 0.97, "per_digit": [[1, 2]]})
    run = store.run(run_id)
    assert (run.state, run.result, run.error) == ("finished", {"test_accuracy": 0.97, "per_digit": [[1, 2]]}, None)
    assert run.finished is not None
    assert not run.is_active
    assert run.test_readings == 1  # even where a lab of before did not count them
    store.change(run_id, {"state": "running"}, ["finished"])  # as where epochs are added
    store.finish(run_id, attempt, "stopped")
    assert (store.run(run_id).result, store.run(run_id).test_readings) == (None, 1)


def test_a_failed_run_tells_why(store: Store) -> None:
    run_id, attempt = running(store)
    store.finish(run_id, attempt, "failed", error="The loss is no longer a number.")
    assert (store.run(run_id).state, store.run(run_id).error) == ("failed", "The loss is no longer a number.")


def test_weights_are_kept_by_kind(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, weights={"last": b"model", "checkpoint": b"everything"})
    store.log(run_id, attempt, weights={"last": b"better model"})
    assert store.weights(run_id) == store.weights(run_id, "last") == b"better model"
    assert store.weights(run_id, "checkpoint") == b"everything"
    store.log(*running(store), weights={"checkpoint": b"no model that could be loaded"})
    assert store.runs_with_weights() == {run_id}


def test_runs_come_newest_first(store: Store, forward: Callable[[float], None]) -> None:
    made = []
    for _ in range(3):
        made.append(store.create(CONFIG))
        forward(1)
    assert [run.id for run in store.runs()] == made[::-1]
    assert [run.id for run in store.runs(limit=2)] == made[:0:-1]


def test_runs_are_filtered_by_their_state(store: Store) -> None:
    queued, (active, _) = store.create(CONFIG), running(store)
    assert [run.id for run in store.runs(states=["queued"])] == [queued]
    assert {run.id for run in store.runs(states=["queued", "running"])} == {queued, active}
    assert store.runs(states=["failed"]) == []


def test_another_store_of_the_same_database_sees_the_same_runs(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, [report(1, 4)])
    assert Store(store.url).run(run_id) == store.run(run_id)
    assert Store().run(run_id).step == 4


def test_a_writer_is_not_held_up_by_a_reader(store: Store) -> None:
    """What SQLite's write-ahead log is for: without it, one long look would keep all workers from writing."""
    run_id, attempt = running(store)
    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT worker FROM runs").fetchone() == ("host:1",)
        started = time.monotonic()
        assert store.log(run_id, attempt, [report(1, 4)]) == Request()
        assert time.monotonic() - started < 4  # the seconds that SQLite is told to wait are 5
        assert reader.execute("SELECT step FROM runs").fetchone() == (0,)  # as it was when it began to read


def test_readers_are_not_held_up_by_a_writer(store: Store) -> None:
    run_id, attempt = running(store)
    with store._engine.begin() as connection:
        connection.execute(schema.runs.update().values(worker="writing"))
        assert Store(store.url).run(run_id).worker == "host:1"  # as it was: the writer has not yet committed
    assert store.log(run_id, attempt) == Request()


def test_ids_are_ids(store: Store) -> None:
    made = {store.create(CONFIG) for _ in range(20)}
    assert len(made) == 20
    assert all(map(is_run_id, made))


@pytest.mark.parametrize("text", NO_IDS, ids=repr)
def test_what_is_no_id_is_told_apart(text: Any) -> None:
    assert not is_run_id(text)


@pytest.mark.parametrize("text", NO_IDS, ids=repr)
@pytest.mark.parametrize("ask", ["run", "weights", "curve", "epochs", "delete", "restore"])
def test_what_is_no_id_never_reaches_the_database(store: Store, ask: str, text: Any, statements: list[str]) -> None:
    with pytest.raises(RunNotFoundError, match="is not a run's id"):
        getattr(store, ask)(text)
    assert statements == []


@pytest.mark.parametrize("ask", ["run", "weights", "delete"])
def test_an_unknown_run_is_told_with_where_to_look(store: Store, ask: str) -> None:
    with pytest.raises(RunNotFoundError, match=r"There is no run 'abcdefgh'.*mnistlab runs"):
        getattr(store, ask)("abcdefgh")


@pytest.mark.parametrize("ask", ["run", "weights", "delete"])
def test_a_deleted_run_is_told_with_how_it_comes_back(store: Store, ask: str) -> None:
    run_id = store.create(CONFIG)
    store.delete(run_id)
    with pytest.raises(RunNotFoundError, match=rf"{run_id} was deleted. `python -m mnistlab restore {run_id}`"):
        getattr(store, ask)(run_id)
    store.restore(run_id)
    assert store.run(run_id).state == "queued"


def test_a_queue_has_no_estimate_of_the_time_left(store: Store) -> None:
    assert store.run(store.create(CONFIG)).seconds_left is None
    assert store.run(store.create(CONFIG)).progress == 0


def test_step_of_the_weights_is_told_without_reading_them(store: Store) -> None:
    run_id = store.create(tiny.config())
    attempt = store.claim(run_id, "a worker")
    assert attempt is not None
    assert store.weights_step(run_id) is None
    losses = np.ones(7, np.float32)
    report = StepsTaken(1, 7, 1.4, losses, 0.5, 0.1, 100.0, 1.0)
    store.log(run_id, attempt, [report], weights={"last": b"x"})
    assert (store.weights_step(run_id), store.weights_step(run_id, "closeup")) == (7, None)

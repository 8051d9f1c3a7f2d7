"""The store: a run's life, told and fenced; and databases that are not to be used."""

import sqlite3
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from mnistlab import schema, steering
from mnistlab.curve import Curve
from mnistlab.errors import MnistLabError, RunNotFoundError, StoreError
from mnistlab.events import EpochEnded, StepsTaken
from mnistlab.runs import LOST_AFTER_SECONDS, Request
from mnistlab.store import Store, is_run_id
from tests import tiny

CONFIG = tiny.config()
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


def report(first_step: int, last_step: int, seconds: float = 1.0) -> StepsTaken:
    """Steps whose loss is one over their number."""
    losses = (1 / np.arange(first_step, last_step + 1)).astype(np.float32)
    return StepsTaken(first_step, last_step, last_step / 5, losses, 0.5 + last_step / 100, 0.1, 1234.5, seconds)


def ended(epoch: int, step: int, train_loss: float | None = 0.5) -> EpochEnded:
    return EpochEnded(epoch, step, train_loss, 0.9, None, None, 1000.0, 2.0)


def running(store: Store, worker: str = "host:1") -> tuple[str, int]:
    run_id = store.create(CONFIG)
    attempt = store.claim(run_id, worker)
    assert attempt is not None
    return run_id, attempt


@pytest.fixture
def forward(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the clock forward by some seconds."""
    really, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: really() + ahead[0])
    return lambda seconds: ahead.__setitem__(0, ahead[0] + seconds)


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


def test_a_finished_run_has_its_result(store: Store) -> None:
    run_id, attempt = running(store)
    store.finish(run_id, attempt, "finished", {"test_accuracy": 0.97, "per_digit": [[1, 2]]})
    run = store.run(run_id)
    assert (run.state, run.result, run.error) == ("finished", {"test_accuracy": 0.97, "per_digit": [[1, 2]]}, None)
    assert run.finished is not None
    assert not run.is_active


def test_a_failed_run_tells_why(store: Store) -> None:
    run_id, attempt = running(store)
    store.finish(run_id, attempt, "failed", error="The loss is no longer a number.")
    assert (store.run(run_id).state, store.run(run_id).error) == ("failed", "The loss is no longer a number.")


def test_a_second_claim_fences_the_first_off(store: Store) -> None:
    run_id, first = running(store)
    second = store.claim(run_id, "other:2")
    assert second == first + 1
    assert store.log(run_id, first, [report(1, 3)], [ended(1, 5)], {"last": b"zombie"}).leave
    store.finish(run_id, first, "failed", error="zombie")
    run = store.run(run_id)
    assert (run.state, run.step, run.error, run.worker) == ("running", 0, None, "other:2")
    assert len(store.curve(run_id).steps) == len(store.epochs(run_id)) == 0
    with pytest.raises(RunNotFoundError):
        store.weights(run_id)
    assert store.log(run_id, second, [report(1, 3)]) == Request()


@pytest.mark.parametrize("state", ["finished", "stopped", "failed"])
def test_a_run_that_is_over_cannot_be_claimed_or_written(store: Store, state: str) -> None:
    run_id, attempt = running(store)
    store.finish(run_id, attempt, state)
    assert store.claim(run_id, "late:1") is None
    assert store.log(run_id, attempt, [report(1, 3)]).leave
    assert (store.run(run_id).state, store.run(run_id).step) == (state, 0)


def test_only_one_of_many_claims_at_once_may_write(store: Store) -> None:
    run_id = store.create(CONFIG)
    attempts: list[int | None] = []
    threads = [threading.Thread(target=lambda: attempts.append(store.claim(run_id, "host"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(filter(None, attempts)) == list(range(1, 9))
    answers = [store.log(run_id, attempt) for attempt in filter(None, attempts)]
    assert answers.count(Request()) == 1


def test_a_stop_request_is_seen_by_the_worker(store: Store) -> None:
    run_id, attempt = running(store)
    assert store.log(run_id, attempt) == Request()
    steering.stop(run_id, store)
    assert store.run(run_id).state == "running"
    assert store.log(run_id, attempt, [report(1, 2)]).stop
    assert store.run(run_id).step == 2  # what was learned before it was seen is kept


def test_a_stop_request_outlives_its_worker(store: Store) -> None:
    run_id, _ = running(store)
    steering.stop(run_id, store)
    attempt = store.claim(run_id, "other:2")
    assert attempt is not None
    assert store.log(run_id, attempt).stop


def test_a_queued_run_is_stopped_at_once(store: Store) -> None:
    run_id = store.create(CONFIG)
    steering.stop(run_id, store)
    assert store.run(run_id).state == "stopped"
    assert store.claim(run_id, "host:1") is None


def test_a_lost_run_is_stopped_at_once_and_fenced_off(store: Store, forward: Callable[[float], None]) -> None:
    run_id, attempt = running(store)
    forward(LOST_AFTER_SECONDS + 1)
    steering.stop(run_id, store)
    assert store.run(run_id).state == "stopped"
    assert store.log(run_id, attempt, [report(1, 2)]).leave


def test_stopping_a_run_that_is_over_changes_nothing(store: Store) -> None:
    run_id, attempt = running(store)
    store.finish(run_id, attempt, "finished", {"test_accuracy": 1.0})
    before = store.run(run_id)
    steering.stop(run_id, store)
    assert store.run(run_id) == before


@pytest.mark.parametrize("state", ["stopped", "failed"])
def test_a_requeued_run_can_be_claimed_without_its_old_request(store: Store, state: str) -> None:
    run_id, attempt = running(store)
    steering.stop(run_id, store)
    store.finish(run_id, attempt, state, error="once")
    steering.requeue(run_id, store)
    run = store.run(run_id)
    assert (run.state, run.control, run.error, run.finished) == ("queued", None, None, None)
    again = store.claim(run_id, "host:2")
    assert again == attempt + 2  # one for nobody, so that whoever still holds it is fenced off
    assert store.log(run_id, again) == Request()


def test_a_lost_run_is_requeued_without_the_stop_it_never_saw(store: Store, forward: Callable[[float], None]) -> None:
    run_id, _ = running(store)
    steering.stop(run_id, store)
    forward(LOST_AFTER_SECONDS + 1)
    steering.requeue(run_id, store)
    attempt = store.claim(run_id, "other:2")
    assert attempt is not None
    assert store.log(run_id, attempt) == Request()


def test_a_lost_run_can_be_requeued(store: Store, forward: Callable[[float], None]) -> None:
    run_id, attempt = running(store)
    forward(LOST_AFTER_SECONDS + 1)
    steering.requeue(run_id, store)
    assert store.run(run_id).state == "queued"
    assert store.log(run_id, attempt).leave


@pytest.mark.parametrize("state", ["queued", "running", "finished"])
def test_requeueing_any_other_run_changes_nothing(store: Store, state: str) -> None:
    run_id = store.create(CONFIG)
    if state != "queued":
        attempt = store.claim(run_id, "host:1")
        assert attempt is not None
        if state == "finished":
            store.finish(run_id, attempt, state)
    before = store.run(run_id)
    steering.requeue(run_id, store)
    assert store.run(run_id) == before


def test_a_run_is_lost_when_its_heartbeat_stops(store: Store, forward: Callable[[float], None]) -> None:
    run_id, attempt = running(store)
    forward(LOST_AFTER_SECONDS - 1)
    assert store.run(run_id).state == "running"
    store.log(run_id, attempt)  # a heartbeat
    forward(LOST_AFTER_SECONDS - 1)
    assert store.run(run_id).state == "running"
    forward(2)
    assert store.run(run_id).state == "lost"
    assert store.run(run_id).is_active


def test_a_lost_worker_that_comes_back_goes_on(store: Store, forward: Callable[[float], None]) -> None:
    run_id, attempt = running(store)
    forward(LOST_AFTER_SECONDS + 1)
    assert store.log(run_id, attempt) == Request()
    assert store.run(run_id).state == "running"


def test_the_curve_comes_back_in_order_as_it_was_logged(store: Store) -> None:
    run_id, attempt = running(store)
    reports = [report(1, 2), report(3, 3), report(4, 12)]
    store.log(run_id, attempt, reports[:1])
    store.log(run_id, attempt, reports[1:])
    curve = store.curve(run_id)
    assert curve.steps.tolist() == list(range(1, 13))
    np.testing.assert_array_equal(curve.losses, np.concatenate([given.losses for given in reports]))
    assert curve.losses.dtype == np.float32
    assert curve.report_steps.tolist() == [2, 3, 12]
    assert curve.accuracies.tolist() == [given.accuracy for given in reports]


def test_the_curve_after_a_step_is_what_a_page_lacks(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, [report(1, 2), report(3, 3), report(4, 12)])
    assert store.curve(run_id, after_step=3).steps.tolist() == list(range(4, 13))
    assert len(store.curve(run_id, after_step=12).steps) == 0


def test_runs_do_not_mix_their_curves(store: Store) -> None:
    (one, attempt), (other, other_attempt) = running(store), running(store)
    store.log(one, attempt, [report(1, 2)], [ended(1, 2)])
    store.log(other, other_attempt, [report(1, 5)], [ended(1, 5)])
    assert len(store.curve(one).steps) == 2
    assert [epoch.step for epoch in store.epochs(other)] == [5]


def test_a_run_without_reports_has_an_empty_curve(store: Store) -> None:
    curve = store.curve(store.create(CONFIG))
    assert (len(curve.steps), len(curve.losses), len(curve.report_steps), len(curve.accuracies)) == (0, 0, 0, 0)
    assert len(curve.running_mean(5)) == 0


def test_epochs_come_back_in_order_as_they_were_logged(store: Store) -> None:
    run_id, attempt = running(store)
    figures = [ended(0, 0, train_loss=None), ended(1, 5, 1 / 3), ended(2, 10), ended(10, 50)]
    for epoch in figures:
        store.log(run_id, attempt, epochs=[epoch])
    assert store.epochs(run_id) == figures


def test_an_epoch_told_again_is_kept_once(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, epochs=[ended(1, 5, 0.5)])
    store.log(run_id, attempt, epochs=[ended(1, 5, 0.4)])
    assert store.epochs(run_id) == [ended(1, 5, 0.4)]


def test_a_claim_removes_what_came_after_the_checkpoint(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, [report(1, 5)], [ended(0, 0), ended(1, 5)], {"checkpoint": b"at 5"}, num_steps=20)
    store.log(run_id, attempt, [report(6, 10), report(11, 12)], [ended(2, 10)])
    store.claim(run_id, "other:2")
    assert store.curve(run_id).steps.tolist() == [1, 2, 3, 4, 5]
    assert [epoch.epoch for epoch in store.epochs(run_id)] == [0, 1]
    assert store.weights(run_id, "checkpoint") == b"at 5"


def test_a_claim_without_a_checkpoint_starts_again(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, [report(1, 5)], [ended(0, 0), ended(1, 5)])
    store.claim(run_id, "other:2")
    assert len(store.curve(run_id).steps) == 0
    assert [epoch.epoch for epoch in store.epochs(run_id)] == [0]


def test_a_claim_sets_the_step_back_to_the_checkpoint(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, [report(1, 5)], weights={"checkpoint": b"at 5"}, num_steps=20)
    store.log(run_id, attempt, [report(6, 10)])
    store.claim(run_id, "other:2")
    run = store.run(run_id)
    assert (run.step, run.progress) == (5, 0.25)
    assert run.epoch == pytest.approx(1.0)


def test_a_checkpoint_kept_right_after_a_claim_is_one_of_its_own_step(store: Store) -> None:
    """Else the next claim would leave reports that the run then makes a second time."""
    run_id, first = running(store)
    store.log(run_id, first, [report(1, 5)], weights={"checkpoint": b"at 5"})
    store.log(run_id, first, [report(6, 10)])
    second = store.claim(run_id, "other:2")
    assert second is not None
    store.log(run_id, second, weights={"checkpoint": b"still at 5"})
    store.log(run_id, second, [report(6, 9)])
    third = store.claim(run_id, "third:3")
    assert third is not None
    assert store.log(run_id, third, [report(6, 7), report(8, 10)]) == Request()
    assert store.curve(run_id).steps.tolist() == list(range(1, 11))


def test_weights_are_kept_by_kind(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, weights={"last": b"model", "checkpoint": b"everything"})
    store.log(run_id, attempt, weights={"last": b"better model"})
    assert store.weights(run_id) == store.weights(run_id, "last") == b"better model"
    assert store.weights(run_id, "checkpoint") == b"everything"


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


def test_readers_are_not_held_up_by_a_writer(store: Store) -> None:
    run_id, attempt = running(store)
    with store._engine.begin() as connection:
        connection.execute(schema.runs.update().values(worker="writing"))
        started = time.perf_counter()
        assert Store(store.url).run(run_id).worker == "host:1"
        assert time.perf_counter() - started < 5
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


def test_claiming_an_unknown_run_gives_nothing(store: Store) -> None:
    assert store.claim("abcdefgh", "host:1") is None


def test_the_database_lies_in_the_lab(lab: Path) -> None:
    Store()
    assert (lab / "lab.sqlite").is_file()


def test_the_environment_chooses_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_DB", f"sqlite:///{tmp_path / 'other.sqlite'}")
    Store()
    assert (tmp_path / "other.sqlite").is_file()


def test_a_newer_schema_is_refused(store: Store) -> None:
    with store._engine.begin() as connection:
        connection.execute(schema.meta.update().values(schema_version=schema.SCHEMA_VERSION + 1))
    with pytest.raises(StoreError, match=r"written by a newer mnistlab \(schema 3; this one knows 2\).*Update"):
        Store(store.url)


# The tables as the first schema made them, with one run in them.
FIRST_SCHEMA = """
CREATE TABLE meta (schema_version INTEGER NOT NULL);
INSERT INTO meta VALUES (1);
CREATE TABLE runs (id VARCHAR(8) NOT NULL PRIMARY KEY, preset VARCHAR(40) NOT NULL, config TEXT NOT NULL,
    state VARCHAR(10) NOT NULL, control VARCHAR(10), attempt INTEGER NOT NULL, created FLOAT NOT NULL, started FLOAT,
    heartbeat FLOAT, finished FLOAT, worker VARCHAR(200), step INTEGER NOT NULL, num_steps INTEGER,
    epoch FLOAT NOT NULL, images_per_second FLOAT, seconds FLOAT NOT NULL, error TEXT, result TEXT);
CREATE TABLE losses (run_id VARCHAR(8) NOT NULL, first_step INTEGER NOT NULL, last_step INTEGER NOT NULL,
    accuracy FLOAT NOT NULL, learning_rate FLOAT NOT NULL, "values" BLOB NOT NULL, PRIMARY KEY (run_id, first_step));
CREATE TABLE epochs (run_id VARCHAR(8) NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, figures TEXT NOT NULL,
    PRIMARY KEY (run_id, epoch));
CREATE TABLE weights (run_id VARCHAR(8) NOT NULL, kind VARCHAR(10) NOT NULL, step INTEGER NOT NULL,
    content BLOB NOT NULL, PRIMARY KEY (run_id, kind));
INSERT INTO losses VALUES ('abcdefgh', 1, 1, 0.5, 0.1, X'00000040');
"""


def test_a_database_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "first.sqlite"
    with sqlite3.connect(path) as old:
        old.executescript(FIRST_SCHEMA)
        row = ("abcdefgh", "custom", CONFIG.model_dump_json(), "stopped", 1, 5.0, 1, 0.2, 1.0)
        columns = "id, preset, config, state, attempt, created, step, epoch, seconds"
        old.execute(f"INSERT INTO runs ({columns}) VALUES ({', '.join('?' * len(row))})", row)
    old.close()
    for _ in range(2):
        store = Store(f"sqlite:///{path}")
        run, curve = store.run("abcdefgh"), store.curve("abcdefgh")
        assert (run.config, run.state, run.owner, run.rate_changes) == (CONFIG, "stopped", None, ())
        assert (curve.losses.tolist(), curve.probes) == ([2.0], (None,))
    steering.requeue("abcdefgh", store)
    assert store.claim("abcdefgh", "host:1") == 3


def test_a_database_is_opened_again_as_it_was(store: Store) -> None:
    run_id = store.create(CONFIG)
    assert Store(store.url).run(run_id).config == CONFIG
    with store._engine.begin() as connection:
        assert connection.scalars(sa.select(schema.meta.c.schema_version)).all() == [schema.SCHEMA_VERSION]


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "garbage.sqlite"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreError, match=r"garbage\.sqlite cannot be opened: file is not a database"):
        Store(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"this is not")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be opened: unable to open database file"):
        Store(f"sqlite:///{tmp_path / 'missing' / 'lab.sqlite'}")


def test_a_lab_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("MNISTLAB_LAB", str(tmp_path / "a file" / "lab"))
    with pytest.raises(MnistLabError, match=r"lab folder .*a file.* cannot be made: .*MNISTLAB_LAB"):
        Store()


def test_a_damaged_database_is_told(store: Store, tmp_path: Path) -> None:
    run_id = store.create(CONFIG)
    with store._engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE losses"))
    with pytest.raises(StoreError, match="The database could not be used: no such table: losses"):
        store.curve(run_id)


def test_a_locked_database_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone else writes for longer than we wait."""
    impatient = sa.create_engine(store.url, connect_args={"timeout": 0.05})
    monkeypatch.setattr(store, "_engine", impatient)
    other = sqlite3.connect(store.url.removeprefix("sqlite:///"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="database is locked"):
        store.create(CONFIG)
    other.close()
    impatient.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "nosuchdialect://host/db",
        "postgresql+nosuchdriver://teacher:secret@localhost/lab",
        "postgresql+psycopg://teacher:secret@127.0.0.1:1/lab",
        "postgresql+psycopg://teacher:secret@localhost:notaport/lab",
        "postgresql+psycopg://localhost:1/lab?user=teacher&password=secret",
        "://teacher:secret@localhost/lab",
        "postgresql+psycopg://teacher:secret/with/slashes@localhost/lab",
    ],
)
def test_a_database_that_cannot_be_opened_is_told_without_its_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(url)
    told = str(caught.value)
    assert told.startswith("The database")
    assert "\n" not in told
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_running_mean_averages_up_to_the_window() -> None:
    losses = np.random.default_rng(0).random(50).astype(np.float32)
    empty = np.empty(0)
    curve = Curve(np.arange(1, 51), losses, empty.astype(np.int64), empty, empty, ())
    expected = [losses[max(0, end - 7) : end].mean(dtype=np.float64) for end in range(1, 51)]
    np.testing.assert_allclose(curve.running_mean(7), expected)
    np.testing.assert_allclose(curve.running_mean(1), losses)
    np.testing.assert_allclose(curve.running_mean(1000)[-1], losses.mean(dtype=np.float64))


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

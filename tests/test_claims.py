"""Claims: whoever has a run may write, nobody else; and what is asked of a run reaches its worker."""

import time
from collections.abc import Callable

import pytest

from mnistlab import patience, steering
from mnistlab.errors import DatabaseReplacedError, RunNotFoundError, StoreError
from mnistlab.patience import insist
from mnistlab.recorder import Recorder
from mnistlab.runs import LOST_AFTER_SECONDS, Request
from mnistlab.store import Store
from tests.acting import at_once
from tests.reports import CONFIG, ended, report, running


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
    attempts = at_once([lambda: store.claim(run_id, "host")] * 8)
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


def test_a_run_that_is_taken_no_longer_tells_an_old_reason(store: Store) -> None:
    run_id = store.create(CONFIG)
    store.change(run_id, {"error": "A worker could not begin."}, ["queued"])
    assert store.claim(run_id, "host:1")
    assert (store.run(run_id).state, store.run(run_id).error) == ("running", None)


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


def test_a_run_is_lost_although_the_clock_was_set_back(
    store: Store, forward: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, attempt = running(store)
    forward(-3600)
    really, waited = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: really() + waited[0])

    def state_after(seconds: float) -> str:
        waited[0] += seconds
        forward(seconds)
        return store.run(run_id).state

    assert [state_after(0), state_after(LOST_AFTER_SECONDS - 1)] == ["running", "running"]
    store.log(run_id, attempt)  # it is alive, and tells the time that its clock shows now
    assert [state_after(0), state_after(LOST_AFTER_SECONDS - 1), state_after(2)] == ["running", "running", "lost"]


def test_a_run_that_was_dead_before_the_clock_was_set_back_is_lost(
    store: Store, forward: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, _ = running(store)
    forward(-3600)
    assert store.run(run_id).state == "running"
    monkeypatch.setattr(time, "monotonic", lambda really=time.monotonic: really() + LOST_AFTER_SECONDS + 1)
    assert store.run(run_id).state == store.runs()[0].state == "lost"


def test_a_run_of_a_worker_whose_clock_is_ahead_is_not_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id, attempt = running(store)
    really, waited = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: really() + waited[0])
    for ahead in range(60, 180, 10):
        store.change(run_id, {"heartbeat": time.time() + ahead}, ["running"], attempt)
        assert store.run(run_id).state == "running"
        waited[0] += 10


def test_a_lost_worker_that_comes_back_goes_on(store: Store, forward: Callable[[float], None]) -> None:
    run_id, attempt = running(store)
    forward(LOST_AFTER_SECONDS + 1)
    assert store.log(run_id, attempt) == Request()
    assert store.run(run_id).state == "running"


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


def test_claiming_an_unknown_run_gives_nothing(store: Store) -> None:
    assert store.claim("abcdefgh", "host:1") is None


def test_a_worker_that_waits_is_roused_only_where_something_else_is_asked(store: Store) -> None:
    run_id, attempt = running(store)
    worker = Recorder(store, run_id, attempt)
    assert not worker.is_asked_otherwise(Request())
    assert worker.is_asked_otherwise(Request(pause_at=3))
    store.claim(run_id, "other:2")
    assert worker.is_asked_otherwise(Request())  # it is not its run any more


@pytest.mark.parametrize("error", [DatabaseReplacedError("It is another one."), StoreError("The disk is full.")])
def test_a_worker_insists_for_a_while_and_never_on_another_database(
    error: StoreError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    asked = iter([error, None, error, None])

    def write() -> str:
        if (refusal := next(asked)) is not None:
            raise refusal
        return "written"

    if isinstance(error, DatabaseReplacedError):
        with pytest.raises(DatabaseReplacedError):
            insist(write)
        assert insist(write) == "written"
    else:
        assert insist(write) == "written"
    monkeypatch.setattr(patience, "STORE_PATIENCE", -1)
    with pytest.raises(type(error)):
        insist(write)


def test_a_rate_that_was_taken_up_is_asked_for_no_more(store: Store) -> None:
    run_id, attempt = running(store)
    steering.set_learning_rate(run_id, 0.5, store)
    assert store.log(run_id, attempt, [report(1, 2)]) == Request(learning_rate=0.5)
    ahead = store.log(run_id, attempt, rate_changes=[(3, 0.5)])  # as told by a worker that goes on from a checkpoint
    assert ahead == Request(learning_rate=0.5)
    assert store.log(run_id, attempt, [report(3, 4)], rate_changes=[(3, 0.5)]) == Request()
    assert store.run(run_id).wanted_rate is None


def test_what_is_told_a_second_time_takes_the_place_of_the_first(store: Store) -> None:
    run_id, attempt = running(store)
    for _ in range(2):
        store.log(run_id, attempt, [report(1, 2), report(3, 5)], [ended(1, 5)])
    assert store.curve(run_id).steps.tolist() == [1, 2, 3, 4, 5]
    assert [epoch.epoch for epoch in store.epochs(run_id)] == [1]
    assert store.run(run_id).step == 5

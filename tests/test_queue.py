"""The queue: fair between owners, one run for one ticket, and no worker fed to a run that kills them all."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
import sqlalchemy as sa

from mnistlab import keeping, queue, schema, steering
from mnistlab.runs import Run
from mnistlab.store import Store
from tests import tiny
from tests.acting import at_once
from tests.reports import report

CONFIG = tiny.config()


@pytest.fixture(autouse=True)
def _ticking_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run is younger than the one before, as far as any clock can tell."""
    really, seconds = time.time, itertools.count()
    monkeypatch.setattr(time, "time", lambda: really() + next(seconds) * 1e-3)


def order(store: Store) -> list[str | None]:
    return [run.owner for run in queue.waiting(store)]


def test_the_oldest_of_one_owner_is_next(store: Store) -> None:
    ids = [store.create(CONFIG, "ann") for _ in range(3)]
    assert [run.id for run in queue.waiting(store)] == ids
    assert [queue.places(store)[run_id] for run_id in ids] == [1, 2, 3]


def test_who_comes_late_with_one_job_goes_before_the_second_of_who_has_many(store: Store) -> None:
    for owner in ("ann", "ann", "ann", "bob", "cem"):
        store.create(CONFIG, owner)
    assert order(store) == ["ann", "bob", "cem", "ann", "ann"]


def test_of_owners_with_as_many_jobs_the_older_run_is_next(store: Store) -> None:
    for owner in ("ann", "ann", "bob", "bob", "ann"):
        store.create(CONFIG, owner)
    assert order(store) == ["ann", "bob", "ann", "bob", "ann"]


def test_a_running_job_counts(store: Store) -> None:
    running = store.create(CONFIG, "ann")
    for owner in ("ann", "bob", "bob"):
        store.create(CONFIG, owner)
    store.claim(running, "host:1")
    assert order(store) == ["bob", "ann", "bob"]


def test_one_worker_serves_all_owners_in_turn_whoever_came_first_with_many(store: Store) -> None:
    """It asks when its last run has ended, and nobody has one that runs."""
    for owner in ("ann", "ann", "ann", "bob"):
        store.create(CONFIG, owner)
    foreseen, taken = order(store), []
    for number in range(5):
        if number == 2:
            store.create(CONFIG, "cem")  # who has never been served
            foreseen = [*foreseen[:2], *order(store)]
        if (one := queue.take(store, "host:1", f"ticket-{number}")) is not None:
            taken.append(store.run(one[0]).owner)
            store.log(*one)
            store.finish(*one, "stopped")
    assert taken == foreseen == ["ann", "bob", "cem", "ann", "ann"]


def test_who_is_given_a_worker_now_was_served_last_of_all(store: Store) -> None:
    """Also after somebody whose own run is at work since long ago."""
    running = store.create(CONFIG, "bob")
    store.claim(running, "host:1")
    for owner in ("ann", "ann", "bob"):
        store.create(CONFIG, owner)
    served = {"ann": 100.0, "bob": 1000.0}
    order = queue.fair_order(queue.waiting(store), [store.run(running)], served)
    assert [run.owner for run in order] == ["ann", "bob", "ann"]


def test_an_imported_run_has_kept_no_worker_busy(store: Store) -> None:
    store.create(CONFIG, "ann", state="finished")
    store.create(CONFIG, "bob")
    assert queue.served(store) == {}
    store.claim(queue.waiting(store)[0].id, "host:1")
    assert list(queue.served(store)) == ["bob"]


def test_what_is_not_in_the_queue_has_no_place(store: Store) -> None:
    run_id = store.create(CONFIG)
    store.claim(run_id, "host:1")
    assert run_id not in queue.places(store)


def test_a_run_stopped_in_the_queue_gives_its_place_away(store: Store) -> None:
    first, second = store.create(CONFIG), store.create(CONFIG)
    steering.stop(first, store)
    assert queue.places(store) == {second: 1}


def test_how_long_others_wait_is_how_long_one_of_them_has_been_seen_to(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    rivals = queue.Rivals(store, CONFIG)
    assert rivals.longest_wait() == 0
    first = store.create(CONFIG)
    waits = []
    for number in range(3):
        if number == 1:
            store.create(CONFIG)
        waits.append(rivals.longest_wait())
        now[0] += 2
    assert waits == [0, 2, 4]
    store.claim(first, "host:1")
    assert rivals.longest_wait() == 4


def test_a_ticket_takes_what_is_next_when_its_turn_comes(store: Store) -> None:
    for owner in ("ann", "ann", "bob"):
        store.create(CONFIG, owner)
    taken = [queue.take(store, "host:1", f"ticket-{number}") for number in range(4)]
    assert [store.run(one[0]).owner for one in taken if one] == ["ann", "bob", "ann"]
    assert taken[3] is None


def test_a_ticket_that_is_begun_again_goes_on_with_its_run(store: Store) -> None:
    run_id = store.create(CONFIG)
    store.create(CONFIG)
    assert queue.take(store, "host:1", "ticket") == (run_id, 1)
    assert queue.take(store, "host:2", "ticket") == (run_id, 2)


def test_a_run_that_is_resumed_elsewhere_in_this_moment_is_not_taken_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.create(CONFIG)
    queue.take(store, "host:1", "ticket")
    really = queue._count_death

    def resumed_meanwhile(store: Store, run: Run) -> tuple[int, int]:
        steering.stop_at_once(run_id, store)
        steering.requeue(run_id, store, state="running")
        store.claim(run_id, "a terminal:3")
        return really(store, run)

    monkeypatch.setattr(queue, "_count_death", resumed_meanwhile)
    assert queue.take(store, "host:2", "ticket") is None
    assert store.run(run_id).worker == "a terminal:3"


def test_a_ticket_whose_run_is_deleted_in_this_moment_ends_quietly(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.create(CONFIG)
    queue.take(store, "host:1", "ticket")
    really = store.transaction

    @contextmanager
    def then_deleted() -> Iterator[sa.Connection]:
        with really() as connection:
            yield connection
        monkeypatch.setattr(store, "transaction", really)
        keeping.put_away(run_id, store)

    monkeypatch.setattr(store, "transaction", then_deleted)
    assert queue.take(store, "host:2", "ticket") is None


def test_a_ticket_does_not_go_on_with_a_run_that_is_over(store: Store) -> None:
    run_id, attempt = store.create(CONFIG), 1
    queue.take(store, "host:1", "ticket")
    store.finish(run_id, attempt, "stopped")
    assert queue.take(store, "host:2", "ticket") is None


def test_workers_that_ask_at_once_get_different_runs(store: Store) -> None:
    ids = {store.create(CONFIG) for _ in range(6)}
    taken = at_once([partial(queue.take, store, f"host:{number}", f"ticket-{number}") for number in range(8)])
    assert {one[0] for one in taken if one} == ids
    assert taken.count(None) == 2


def test_a_run_that_kills_its_worker_twice_at_the_same_step_is_given_up(store: Store) -> None:
    run_id = store.create(CONFIG)
    assert queue.take(store, "host:1", "ticket") is not None
    assert queue.take(store, "host:2", "ticket") is not None
    assert queue.take(store, "host:3", "ticket") is None
    run = store.run(run_id)
    assert run.state == "failed"
    assert run.error is not None
    assert "died 2 times after step 0" in run.error
    assert "memory" in run.error


def test_a_run_that_got_on_between_two_deaths_goes_on(store: Store) -> None:
    run_id = store.create(CONFIG)
    for number in range(1, 5):
        taken = queue.take(store, "host:1", "ticket")
        assert taken == (run_id, number)
        store.log(*taken, [report(number, number)], weights={"checkpoint": b"all"})
    assert store.run(run_id).state == "running"


def test_a_worker_that_dies_in_a_pause_has_not_died_of_its_run(store: Store) -> None:
    """A computer that was put to sleep, or switched off, takes its worker along."""
    run_id = store.create(CONFIG)
    taken = queue.take(store, "host:1", "ticket")
    assert taken is not None
    store.log(*taken, [report(1, 7)], weights={"checkpoint": b"all"})
    store.change(run_id, {"pause_at": 7}, ["running"])
    for number in range(2, 6):
        assert queue.take(store, f"host:{number}", "ticket") == (run_id, number)
    steering.go_on(run_id, store)
    assert queue.take(store, "host:6", "ticket") is not None
    assert queue.take(store, "host:7", "ticket") is None
    assert "died 2 times after step 7" in (store.run(run_id).error or "")


def test_a_worker_that_dies_on_the_way_to_a_pause_counts(store: Store) -> None:
    run_id = store.create(CONFIG)
    taken = queue.take(store, "host:1", "ticket")
    assert taken is not None
    store.log(*taken, [report(1, 7)], weights={"checkpoint": b"all"})
    store.change(run_id, {"pause_at": 8}, ["running"])  # as each step of slow motion asks for it
    assert queue.take(store, "host:2", "ticket") is not None
    assert queue.take(store, "host:3", "ticket") is None
    assert store.run(run_id).state == "failed"


def test_a_given_up_run_may_try_again_when_resumed(store: Store) -> None:
    run_id = store.create(CONFIG)
    for _ in range(3):
        queue.take(store, "host:1", "ticket")
    steering.requeue(run_id, store)
    assert queue.take(store, "host:1", "other ticket") is not None
    assert queue.take(store, "host:1", "other ticket") is not None


def test_a_run_that_a_worker_s_version_cannot_read_is_told_and_keeps_nobody_waiting(store: Store) -> None:
    """A newer mnistlab has queued it; an older worker has always left it out."""
    newer, other, told = (store.create(CONFIG) for _ in range(3))
    with store.transaction() as connection:
        runs = schema.runs
        foreign = {"config": CONFIG.model_dump_json().replace('{"preset"', '{"of_tomorrow": 1, "preset"', 1)}
        connection.execute(runs.update().where(runs.c.id.in_([newer, told])).values(foreign))
        connection.execute(runs.update().where(runs.c.id == told).values(error="a reason"))
    taken = queue.take(store, "host:1", "ticket")
    assert taken is not None
    assert taken[0] == other
    with store.transaction() as connection:
        rows = connection.execute(sa.select(runs.c.id, runs.c.state, runs.c.error)).all()
    states, errors = {row.id: row.state for row in rows}, {row.id: row.error for row in rows}
    assert states[newer] == "queued"
    assert errors[newer].startswith("A worker could not begin: its version of mnistlab is not the one")
    assert "of_tomorrow" in errors[newer]
    assert (errors[other], errors[told]) == (None, "a reason")

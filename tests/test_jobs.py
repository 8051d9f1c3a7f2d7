"""Runs as jobs of the engine: handed over once, looked after in the queue, told where nobody can execute them."""

import time
from typing import Any

import pytest

from mnistlab import execution, jobs, steering, tickets
from mnistlab.errors import EngineBusyError, EngineError
from mnistlab.store import Store
from tests.acting import after_step
from tests.varied import FOURTEEN_STEPS

pytestmark = pytest.mark.usefixtures("talkative")

CONFIG = FOURTEEN_STEPS


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create(CONFIG)


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What the engine is asked for, in place of an engine."""
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(tickets, "submit", lambda *arguments: asked.append(arguments))
    return asked


def test_starting_hands_a_queued_run_to_the_engine(store: Store, submitted: list[tuple[object, ...]]) -> None:
    run_id = jobs.start(CONFIG, store)
    assert submitted == [(store.url, run_id, 0, None)]
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
    store: Store, run_id: str, submitted: list[tuple[object, ...]]
) -> None:
    execution.execute(store, run_id, after_step(3, lambda: steering.stop(run_id, store)))
    jobs.resume(run_id, store)
    assert submitted == [(store.url, run_id, 2, None)]  # whatever the first attempt still had is fenced off
    assert store.run(run_id).state == "queued"


@pytest.mark.parametrize("state", ["running", "finished"])
def test_resuming_a_run_that_needs_no_resuming_asks_for_nothing(
    store: Store, run_id: str, submitted: list[tuple[object, ...]], state: str
) -> None:
    """A second press of the button must not take the run from the worker that has it."""
    attempt = store.claim(run_id, "host:1")
    assert attempt is not None
    if state == "finished":
        store.finish(run_id, attempt, state)
    jobs.resume(run_id, store)
    assert submitted == []


def test_reconciling_submits_queued_runs_oldest_first(store: Store, submitted: list[tuple[object, ...]]) -> None:
    waiting = []
    for _ in range(3):
        waiting.append(store.create(CONFIG))
        time.sleep(0.002)  # so that their times differ
    store.claim(store.create(CONFIG), "host:1")
    jobs.reconcile(store)
    assert submitted == [(store.url, run_id, 0, None) for run_id in waiting]


@pytest.fixture
def awake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wake as if nobody had asked for it in the last seconds, with workers that are there."""
    monkeypatch.setattr(jobs, "_last_wake", 0.0)
    monkeypatch.setattr(tickets, "check_workers", lambda: [{}])


@pytest.mark.usefixtures("awake")
def test_waking_hands_over_the_queue_but_not_at_every_tick(
    store: Store, run_id: str, submitted: list[tuple[object, ...]]
) -> None:
    for _ in range(30):
        jobs.wake(store)
    assert submitted == [(store.url, run_id, 0, None)]


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
    monkeypatch.setattr(tickets, "check_workers", lambda: [{}])
    jobs.wake(store)
    assert store.run(run_id).error is None


@pytest.mark.usefixtures("awake", "submitted")
def test_waking_leaves_what_a_worker_has_said(store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until there is a trouble of all: what keeps the queue waiting is nearer to its reader."""
    jobs.ticket_failed(store.url, run_id, "ticket", ImportError("no torch here"))
    jobs.wake(store)
    assert "no torch here" in (store.run(run_id).error or "")

    def refuse(*_: Any) -> None:
        raise EngineBusyError("The engine is in use.")

    monkeypatch.setattr(jobs, "_last_wake", 0.0)
    monkeypatch.setattr(tickets, "submit", refuse)
    jobs.wake(store)
    assert store.run(run_id).error == "The engine is in use."


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


def test_what_the_engine_has_been_given_it_is_asked_about_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Dask:
        def scheduler_info(self, n_workers: int) -> dict[str, str]:
            return {"id": "this-engine"}

    dask, asked = Dask(), list[int]()
    monkeypatch.setattr(tickets.engine, "client", lambda: asked.append(1) or dask)
    runs = [store.run(store.create(CONFIG)) for _ in range(5)]
    monkeypatch.setattr(tickets, "_tickets", {f"{run.id}-{run.attempt}-this-engine": None for run in runs[:4]})
    assert tickets.without_ticket(runs) == runs[4:]
    assert len(asked) == 1


class _ClosedOnce:
    """A client that another thread has just closed, and is as good as new when asked again."""

    def __init__(self, times: int) -> None:
        self.times = times

    def scheduler_info(self) -> dict[str, Any]:
        self.times -= 1
        if self.times >= 0:
            raise RuntimeError("IOLoop is closed")
        return {"workers": {"a": {"resources": {"GPU": 1}}}}


def test_a_client_that_is_closed_meanwhile_is_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = _ClosedOnce(1)
    monkeypatch.setattr(tickets.engine, "client", lambda: closed)
    assert tickets.offers() == [{"GPU": 1}]
    closed.times = 2
    with pytest.raises(EngineError, match=r"The engine does not answer: IOLoop is closed\. Try again\."):
        tickets.offers()

"""Whoever ends or resumes a lost run ends its worker, too, behind which an engine's queue may wait for good."""

from collections.abc import Callable
from typing import Any

import pytest

from mnistlab import jobs, keeping, schema, steering, sweep, tickets
from mnistlab.runs import LOST_AFTER_SECONDS
from mnistlab.store import Store
from tests import sweeps, tiny

WORKER = "host:1"


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The tickets whose workers were ended, in place of an engine."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(tickets, "end_worker_of", lambda *which: found.append(which))
    monkeypatch.setattr(tickets, "submit", lambda *_: None)
    monkeypatch.setattr(jobs, "reconcile", lambda _: None)
    return found


@pytest.fixture
def lost(store: Store, forward: Callable[[float], None]) -> str:
    """A run whose worker has told nothing for a while."""
    run_id = store.create(tiny.config())
    assert store.claim(run_id, WORKER, "ticket") is not None
    forward(LOST_AFTER_SECONDS + 1)
    return run_id


@pytest.fixture
def lost_sweep(store: Store, forward: Callable[[float], None]) -> str:
    """A sweep, one of whose trials is lost; the others wait."""
    sweep_id = sweep.create(sweeps.config(), store)
    assert store.claim(sweep.find(sweep_id, store).trials[0].run.id, WORKER, "ticket") is not None
    forward(LOST_AFTER_SECONDS + 1)
    return sweep_id


RUNS = [(jobs.stop, "lost"), (jobs.resume, "lost"), (keeping.put_away, "lost")]
SWEEPS = [(sweep.stop, "lost_sweep"), (sweep.resume, "lost_sweep"), (sweep.requeue, "lost_sweep")]


@pytest.mark.parametrize(("act", "what"), RUNS + SWEEPS)
def test_what_was_lost_and_is_dealt_with_leaves_no_worker(
    act: Callable[[str, Store], Any],
    what: str,
    store: Store,
    ended: list[tuple[str, str]],
    request: pytest.FixtureRequest,
) -> None:
    act(request.getfixturevalue(what), store)
    assert ended == [("ticket", WORKER)]


@pytest.mark.parametrize(("act", "asked"), [(jobs.stop, "stop"), (jobs.resume, "requeue")])
def test_a_worker_that_tells_of_its_run_again_in_that_moment_is_let_go_on(
    act: Callable[[str, Store], Any],
    asked: str,
    lost: str,
    store: Store,
    ended: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    really = getattr(steering, asked)

    def after_a_heartbeat(run_id: str, store: Store) -> Any:
        heartbeat = store.run(run_id).created + 2 * LOST_AFTER_SECONDS
        with store.transaction() as connection:
            connection.execute(schema.runs.update().values(heartbeat=heartbeat))
        return really(run_id, store)

    monkeypatch.setattr(steering, asked, after_a_heartbeat)
    act(lost, store)
    assert store.run(lost).state == "running"
    assert ended == []

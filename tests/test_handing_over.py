"""A sweep is handed to the engine when it starts and when it goes on; without one it is kept."""

from collections.abc import Callable

import pytest

from mnistlab import jobs, sweep
from mnistlab.errors import EngineBusyError, EngineError
from mnistlab.store import Store
from tests import sweeps

CONFIG = sweeps.config()


def begin(store: Store) -> str:
    return sweep.start(CONFIG, store, "ann")


def go_on(store: Store) -> str:
    sweep_id = sweep.create(CONFIG, store, "ann")
    sweep.stop(sweep_id, store)
    sweep.resume(sweep_id, store)
    return sweep_id


both = pytest.mark.parametrize("do", [begin, go_on])


@both
def test_trials_wait_when_the_engine_is_told(
    store: Store, do: Callable[[Store], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[str]] = []
    monkeypatch.setattr(jobs, "reconcile", lambda store: told.append([run.state for run in store.runs()]))
    do(store)
    assert told == [["queued"] * 3]


@both
def test_trials_wait_for_an_engine_that_is_in_use(
    store: Store, do: Callable[[Store], str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def reconcile(store: Store) -> None:
        raise EngineBusyError("An engine of another version is in use.")

    monkeypatch.setattr(jobs, "reconcile", reconcile)
    assert sweep.find(do(store), store).counts == {"queued": 3}
    assert "of another version" in caplog.text


@both
def test_without_an_engine_a_sweep_is_kept_stopped_and_others_wait_on(
    store: Store, do: Callable[[Store], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = sweep.create(CONFIG, store, "bob")

    def reconcile(store: Store) -> None:
        assert store.claim(store.runs(owner="ann")[-1].id, "a terminal:1") is not None  # meanwhile
        raise EngineError("No engine can be started.")

    monkeypatch.setattr(jobs, "reconcile", reconcile)
    with pytest.raises(EngineError, match="No engine can be started"):
        do(store)
    (mine,) = (sweep_id for sweep_id, owner in sweep.newest(store) if owner == "ann")
    assert sweep.newest(store, owner="ann") == [(mine, "ann")]
    found = sweep.find(mine, store)
    assert found.counts == {"running": 1, "stopped": 2}
    assert found.trials[0].run.control is None  # it is trained all the same
    assert sweep.find(theirs, store).counts == {"queued": 3}

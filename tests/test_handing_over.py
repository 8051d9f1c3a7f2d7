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


def fail_with(error: EngineError, monkeypatch: pytest.MonkeyPatch) -> None:
    def reconcile(store: Store) -> None:
        raise error

    monkeypatch.setattr(jobs, "reconcile", reconcile)


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
    fail_with(EngineBusyError("An engine of another version is in use."), monkeypatch)
    assert sweep.find(do(store), store).counts == {"queued": 3}
    assert "of another version" in caplog.text


@both
def test_without_an_engine_a_sweep_is_kept_stopped_and_others_wait_on(
    store: Store, do: Callable[[Store], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = sweep.create(CONFIG, store, "bob")
    fail_with(EngineError("No engine can be started."), monkeypatch)
    with pytest.raises(EngineError, match="No engine can be started"):
        do(store)
    (mine,) = (sweep_id for sweep_id, owner in sweep.newest(store) if owner == "ann")
    assert sweep.newest(store, owner="ann") == [(mine, "ann")]
    assert sweep.find(mine, store).counts == {"stopped": 3}
    assert sweep.find(mine, store).can_be_resumed
    assert sweep.find(theirs, store).counts == {"queued": 3}

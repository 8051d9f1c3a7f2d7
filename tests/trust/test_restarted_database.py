"""A lab whose PostgreSQL server is away for a while in the middle of a sweep."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnistlab import study, sweep
from mnistlab.store import Store
from tests import sweeps
from tests.trust.places import Postgres, make_database, postgres

AWAY = 3  # seconds


@pytest.fixture
def server(programs: Path) -> Iterator[Postgres]:
    with postgres(programs) as server:
        yield server


@pytest.fixture
def store(server: Postgres, lab: Path) -> Iterator[Store]:
    store = Store(make_database(server.address, lab.parent.name))
    yield store
    optunas = study._database(store.url)
    optunas.remove_session()
    optunas.engine.dispose()


@pytest.mark.parametrize("moment", ["load", "open_trials", "_begin", "_open", "_suggest"])
def test_trial_begins_once_although_the_server_is_away(
    server: Postgres, store: Store, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sweeps.config()
    sweep_id = sweep.create(config, store)
    act, was_away = getattr(study, moment), threading.Event()

    def when_it_is_away(*given: object) -> object:
        if not was_away.is_set():
            was_away.set()
            server.stop()
            threading.Timer(AWAY, server.start).start()
        return act(*given)

    monkeypatch.setattr(study, moment, when_it_is_away)
    found = sweeps.train_all(sweep_id, store)
    assert was_away.is_set()
    assert [trial.state for trial in found.trials] == ["finished"] * 3
    assert [state for state, _ in sweeps.told(sweep_id, config, store).values()] == ["COMPLETE"] * 3

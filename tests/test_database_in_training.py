"""A training whose database is replaced or deleted: it ends with the reason, and a worker goes on with the new file."""

import os
from pathlib import Path

import pytest

from mnistlab import execution, patience, queue
from mnistlab.errors import DatabaseReplacedError, StoreError
from mnistlab.store import Store
from tests import tiny
from tests.acting import after_step
from tests.database_files import copy_of
from tests.database_files import other as other  # the same fixtures for this module
from tests.database_files import path as path


@pytest.mark.usefixtures("talkative")
def test_a_training_whose_database_was_replaced_ends_with_the_reason(store: Store, path: Path, other: Path) -> None:
    run_id = store.create(tiny.config())
    with pytest.raises(DatabaseReplacedError, match=r"lab\.sqlite was replaced .*resume it; otherwise start it again"):
        execution.execute(store, run_id, after_step(3, lambda: os.replace(other, path)))
    assert store.runs() == []


@pytest.mark.usefixtures("talkative")
def test_a_training_does_not_go_on_in_a_backup_of_its_own_run(store: Store, path: Path, tmp_path: Path) -> None:
    """There its curve would have a gap."""
    run_id = store.create(tiny.config())
    backup = tmp_path / "backup.sqlite"

    def listen(step: int) -> None:
        if step == 3:
            copy_of(store, backup)
        else:
            os.replace(backup, path)

    at = [after_step(3, lambda: listen(3)), after_step(6, lambda: listen(6))]
    with pytest.raises(DatabaseReplacedError):
        execution.execute(store, run_id, lambda event: [listener(event) for listener in at] and None)
    run = store.run(run_id)
    assert (run.state, run.step, store.curve(run_id).steps.tolist()) == ("running", 2, [1, 2])
    execution.execute(store, run_id)
    assert store.run(run_id).state == "finished"


@pytest.mark.usefixtures("talkative")
def test_a_training_whose_database_is_gone_ends_with_the_reason(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "STORE_PATIENCE", 0)
    run_id = store.create(tiny.config())
    with pytest.raises(StoreError, match="no longer there"):
        execution.execute(store, run_id, after_step(3, path.unlink))
    assert not path.exists()


@pytest.mark.usefixtures("talkative")
def test_a_worker_trains_the_runs_of_the_new_file(store: Store, path: Path, other: Path) -> None:
    execution.run_next(store.url, "first")
    os.replace(other, path)
    run_id = Store(store.url).create(tiny.config())
    execution.run_next(store.url, "second")
    assert store.run(run_id).state == "finished"
    assert queue.waiting(store) == []

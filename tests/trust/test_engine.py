"""An engine that cannot do its work says so within seconds."""

from pathlib import Path

import pytest

from mnistlab import jobs, tickets
from mnistlab.config import parse_config
from mnistlab.store import Store
from tests.acting import wait_awake

pytestmark = pytest.mark.usefixtures("no_engine_yet")

PATIENCE = 60.0
SMALL = parse_config({"model": {"hidden": ()}, "train": {"batch_size": 4096, "epochs": 1, "validation_size": 30_000}})


def wait_until_told(store: Store, run_id: str) -> str:
    run = wait_awake(store, run_id, lambda run: run.error, PATIENCE)
    assert run.state == "queued"  # it starts by itself when the trouble is over
    assert run.error is not None
    return run.error


def broken_torch(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    (folder / "torch.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_workers_that_cannot_import_torch_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken_torch(tmp_path, monkeypatch, "raise ImportError('libtorch.so: cannot open shared object file')")
    store = Store()
    run_id = jobs.start(SMALL, store)
    error = wait_until_told(store, run_id)
    assert "engine's workers" in error
    assert "libtorch.so" in error


def test_workers_that_die_at_start_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken_torch(tmp_path, monkeypatch, "import os\nos.abort()")
    monkeypatch.setattr(tickets, "_WORKERLESS_SECONDS", 5)
    store = Store()
    run_id = jobs.start(SMALL, store)
    error = wait_until_told(store, run_id)
    assert any(words in error for words in ("does not answer", "did not start", "do not start", "cannot start")), error


def test_a_lab_worker_without_mnistlab_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.trust.places import Cluster

    (tmp_path / "elsewhere" / "mnistlab").mkdir(parents=True)
    (tmp_path / "elsewhere" / "mnistlab" / "__init__.py").write_text("raise ImportError('an old mnistlab')")
    cluster = Cluster(tmp_path)
    monkeypatch.setattr("tests.trust.places.PROJECT", tmp_path / "elsewhere")
    monkeypatch.setenv("MNISTLAB_SCHEDULER", cluster.address)
    cluster.start()
    try:
        store = Store()
        run_id = jobs.start(SMALL, store)
        error = wait_until_told(store, run_id)
        assert "an old mnistlab" in error
        assert "installed on every worker" in error
    finally:
        cluster.end()

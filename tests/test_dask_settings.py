"""Dask in the local engine, which is not what its user has set up for other clusters."""

import copy
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest

from mnistlab import dask_settings, engine


@pytest.fixture
def of_a_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings for a cluster with certificates, as this process and those that it starts find them."""
    before = copy.deepcopy(dask.config.config)
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION", "true")
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD", "fork")
    monkeypatch.setenv("DASK_TEMPORARY_DIRECTORY", str(tmp_path / "a file" / "missing"))
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TLS__CA_FILE", str(tmp_path / "moved" / "ca.pem"))
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT", str(tmp_path / "moved" / "lab.pem"))
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TLS__MIN_VERSION", "7")
    monkeypatch.setenv("DASK_DISTRIBUTED__CLIENT__PRELOAD", "['nowhere.to.be.found']")
    (tmp_path / "a file").write_text("")
    dask.config.refresh()
    yield
    dask.config.config.clear()
    dask.config.update(dask.config.config, before)


@pytest.mark.usefixtures("of_a_user")
def test_settings_for_other_clusters_are_not_the_engine_s() -> None:
    assert dask.config.get("distributed.comm.require-encryption") is True
    dask_settings.use("3")
    assert not dask.config.get("distributed.comm.require-encryption")
    assert dask.config.get("distributed.worker.multiprocessing-method") == "spawn"
    assert dask.config.get("temporary-directory") is None
    assert dask.config.get("distributed.nanny.pre-spawn-environ.OMP_NUM_THREADS") == "3"


@pytest.mark.slow
@pytest.mark.usefixtures("of_a_user", "lab")
def test_an_engine_starts_and_answers_whatever_is_set_for_other_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_ENGINE_IDLE", "60 seconds")
    monkeypatch.setattr(engine, "_client", None)
    monkeypatch.setattr(engine, "_child", None)
    try:
        assert engine.client().submit(abs, -1).result(timeout=120) == 1
    finally:
        engine.hang_up()
        if engine._child is not None:
            engine._child.terminate()
            engine._child.wait(60)

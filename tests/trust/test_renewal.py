"""An engine that an older mnistlab has left behind, for real: it finishes what it trains, then a new one takes over."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnistlab import engine, jobs, notice, renewal, steering, tickets
from mnistlab.config import parse_config
from mnistlab.store import Store
from tests.acting import wait_awake, wait_for
from tests.trust.places import PROJECT, end

PATIENCE = 90.0
SMALL = parse_config({"model": {"hidden": ()}, "train": {"batch_size": 4096, "epochs": 1, "validation_size": 30_000}})
LONG = SMALL.with_training(epochs=500)


@pytest.fixture
def older(
    tmp_path: Path, lab: Path, no_engine_yet: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator["subprocess.Popen[bytes]"]:
    """The engine of a checkout that differs from this one, two workers strong."""
    checkout = tmp_path / "older"
    large = ("mnist", "builtin")
    shutil.copytree(PROJECT / "mnistlab", checkout / "mnistlab", ignore=shutil.ignore_patterns("__pycache__", *large))
    for name in large:
        (checkout / "mnistlab" / name).symlink_to(PROJECT / "mnistlab" / name)
    errors = checkout / "mnistlab" / "errors.py"
    with errors.open("a") as source:
        source.write("# as it was before\n")
    monkeypatch.setattr(jobs, "_WAKE_EVERY", 0.2)
    monkeypatch.setattr(renewal, "_YOUNG_SECONDS", 0)
    monkeypatch.setenv("MNISTLAB_ENGINE_IDLE", "60 seconds")
    with (lab / "older.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mnistlab.engine"],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": "", "MNISTLAB_WORKERS": "2"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    yield process
    engine.hang_up()
    end(process)


def test_an_engine_of_an_older_mnistlab_finishes_its_runs_and_new_ones_go_to_a_new_engine(
    older: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    found = wait_for(notice.read, seconds=PATIENCE)
    assert found is not None
    assert found.version != notice.version()
    store = Store()
    with monkeypatch.context() as before:  # as a server of that version does it
        before.setattr(tickets, "renew", lambda: None)
        at_work = jobs.start(LONG, store)
    wait_awake(store, at_work, lambda run: run.state == "running" and run.step > 0, PATIENCE)
    waiting = jobs.start(SMALL, store)
    told = wait_awake(store, waiting, lambda run: run.error, PATIENCE)
    assert "another version of mnistlab" in (told.error or "")
    assert store.run(at_work).state == "running"
    steering.stop(at_work, store)
    finished = wait_awake(store, waiting, lambda run: not run.is_active, PATIENCE)
    assert (finished.state, finished.error, finished.attempt) == ("finished", None, 1)
    assert (store.run(at_work).state, store.run(at_work).attempt) == ("stopped", 1)
    assert older.wait(30) == 0
    new = notice.read()
    assert new is not None
    assert (new.version, new.settings["MNISTLAB_WORKERS"]) == (notice.version(), 1)

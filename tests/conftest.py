"""What every test gets: a lab of its own, and the data sets."""

import functools
import os
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import torch

from mnistlab import execution, recorder, schema, training
from mnistlab.data import Dataset, load_dataset
from mnistlab.runs import Run
from mnistlab.store import Store
from tests import tiny


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Compute tiny tensors in one thread: beside other busy processes, two threads take ten times as long."""
    torch.set_num_threads(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one: there nothing may be missing."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty lab folder, so that no test meets the runs of another or those of this machine."""
    folder = tmp_path / "lab"
    monkeypatch.setenv("MNISTLAB_LAB", str(folder))
    for name in (
        "MNISTLAB_DB",
        "MNISTLAB_SCHEDULER",
        "MNISTLAB_WORKERS",
        "MNISTLAB_ENGINE_IDLE",
        "MNISTLAB_CHECKPOINT",
        "MNISTLAB_THREADS",
    ):
        monkeypatch.setenv(name, "")  # so that what a command sets, --db for one, is taken back too
        monkeypatch.delenv(name)
    return folder


@pytest.fixture(autouse=True)
def _closed_databases(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a test opened: newer Pythons warn about a database that is left to the garbage collector."""
    opened: list[sa.Engine] = []
    really_open = schema.open_database

    def open_database(url: str) -> sa.Engine:
        opened.append(really_open(url))
        return opened[-1]

    monkeypatch.setattr(schema, "open_database", open_database)
    yield
    for engine in opened:
        engine.dispose()


@pytest.fixture
def few_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store lists the newest two runs, as if there were 498 more before the others; asked for all it gives all."""
    really = Store.runs

    def runs(store: Store, limit: int | None = 500, **how: Any) -> list[Run]:
        return really(store, limit=2 if limit else None, **how)

    monkeypatch.setattr(Store, "runs", runs)


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """The bundled MNIST."""
    return load_dataset()


@pytest.fixture(scope="session")
def tiny_dataset(dataset: Dataset) -> Dataset:
    """500 images to learn from, 100 held out, 200 to test."""
    return tiny.shrink(dataset)


@pytest.fixture
def store() -> Store:
    """An empty store in the test's own lab."""
    return Store()


@pytest.fixture
def talkative(monkeypatch: pytest.MonkeyPatch, tiny_dataset: Dataset) -> None:
    """Let runs train on 600 images, report every step, write every report, and look often while they are paused."""
    monkeypatch.setattr(execution, "load_dataset", lambda name: tiny_dataset)
    monkeypatch.setattr(execution, "train", functools.partial(training.train, report_every=0))
    monkeypatch.setattr(execution, "_LOOK_EVERY", 0.01)
    monkeypatch.setattr(recorder, "_WRITE_EVERY", 0)


@pytest.fixture
def forward(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the clock forward by some seconds."""
    really, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: really() + ahead[0])
    return lambda seconds: ahead.__setitem__(0, ahead[0] + seconds)

"""Files of databases: a lab's own, another one to put in its place, and what is in them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mnistlab.store import Store
from tests.reports import CONFIG


@pytest.fixture
def path(store: Store, lab: Path) -> Path:
    """Where the test's store lies, with something in it."""
    store.create(CONFIG)
    return lab / "lab.sqlite"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another lab's database, complete in one file."""
    return copy_of(Store(f"sqlite:///{tmp_path / 'source.sqlite'}"), tmp_path / "other.sqlite")


def copy_of(store: Store, to: Path) -> Path:
    """A backup as SQLite makes it: one file, whatever was still in the log."""
    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"))) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)
    return to


def ids_in(path: Path) -> set[str]:
    """The runs in a file, as a program that opens it now sees them; a damaged file has none."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {run_id for (run_id,) in connection.execute("SELECT id FROM runs")}

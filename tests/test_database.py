"""A database file that is deleted or replaced while it is open: told, or opened afresh; never written to in vain."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mnistlab import database_file, schema
from mnistlab.database_file import DatabaseFile
from mnistlab.errors import StoreError
from mnistlab.store import Store
from tests.acting import at_once
from tests.database_files import ids_in
from tests.database_files import other as other  # the same fixtures for this module
from tests.database_files import path as path
from tests.reports import CONFIG, report, running
from tests.systems import needs_posix

pytestmark = needs_posix  # Windows lets nobody delete or replace a file that is open


def test_a_deleted_database_is_told_and_not_made_anew(store: Store, path: Path) -> None:
    for each in path.parent.glob("lab.sqlite*"):
        each.unlink()
    for _ in range(2):
        with pytest.raises(StoreError, match=r"lab\.sqlite is no longer there: .*Put it back, or restart this program"):
            store.create(CONFIG)
    assert not path.exists()


def test_a_database_that_is_put_back_goes_on(store: Store, path: Path) -> None:
    aside = path.rename(path.with_name("aside.sqlite"))
    with pytest.raises(StoreError, match="no longer there"):
        store.runs()
    aside.rename(path)
    run_id, attempt = running(store)
    store.log(run_id, attempt, [report(1, 4)])
    assert Store(store.url).run(run_id).step == 4
    assert len(store.runs()) == 2


def test_a_replaced_database_is_opened_and_written_to(store: Store, path: Path, other: Path) -> None:
    os.replace(other, path)
    assert store.runs() == []
    run_id = store.create(CONFIG)
    assert [run.id for run in Store(store.url).runs()] == [run_id]
    assert ids_in(path) == {run_id}


def test_the_log_of_a_replaced_database_is_not_mixed_into_the_new_one(store: Store, path: Path, other: Path) -> None:
    """The log, -wal, is found by its name alone; SQLite would read its pages in place of the new file's."""
    second = Store(store.url)
    for _ in range(50):
        store.create(CONFIG)
    assert path.with_name("lab.sqlite-wal").stat().st_size > 0
    with store.transaction() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.runs)) == 51
    os.replace(other, path)
    assert (store.runs(), second.runs()) == ([], [])
    made = {store.create(CONFIG), second.create(CONFIG), store.create(CONFIG)}
    assert {run.id for run in second.runs()} == made
    store._engine.dispose()
    second._engine.dispose()
    assert ids_in(path) == made


@pytest.fixture
def elsewhere(store: Store, path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another program that has the database open, and prints the ids of its runs at each line it is told."""
    script = (
        "import sys; from mnistlab.store import Store; store = Store(sys.argv[1]); store.runs(); print(flush=True)\n"
        "for line in sys.stdin: print(*[run.id for run in store.runs()], flush=True)"
    )
    command = [sys.executable, "-c", script, store.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.communicate()


@pytest.mark.parametrize("is_replaced", [True, False], ids=["replaced", "deleted"])
def test_programs_that_had_the_old_file_open_and_those_that_did_not_share_the_new_one(
    store: Store, path: Path, other: Path, elsewhere: "subprocess.Popen[str]", is_replaced: bool
) -> None:
    if is_replaced:
        os.replace(other, path)
    else:
        path.unlink()
    new = Store(store.url)  # before those that had the old one open have noticed
    made = {new.create(CONFIG), store.create(CONFIG), new.create(CONFIG)}
    assert elsewhere.stdin is not None
    assert elsewhere.stdout is not None
    print(file=elsewhere.stdin, flush=True)
    assert set(elsewhere.stdout.readline().split()) == made
    assert ids_in(path) == {run.id for run in new.runs()} == {run.id for run in store.runs()} == made


def test_a_replaced_database_of_an_older_schema_is_brought_up_to_date(store: Store, path: Path, other: Path) -> None:
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("ALTER TABLE runs DROP COLUMN note")
        connection.execute("UPDATE meta SET schema_version = 3")
    os.replace(other, path)
    run_id = store.create(CONFIG)
    assert store.run(run_id).note is None


def test_a_replaced_database_of_a_newer_schema_is_refused(store: Store, path: Path, other: Path) -> None:
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("UPDATE meta SET schema_version = 99")
    os.replace(other, path)
    for _ in range(2):
        with pytest.raises(StoreError, match="written by a newer mnistlab"):
            store.runs()


def test_an_empty_file_in_place_of_a_database_becomes_one(store: Store, path: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    os.replace(tmp_path / "empty", path)
    assert store.runs() == []
    run_id = store.create(CONFIG)
    assert ids_in(path) == {run_id}


def test_threads_that_share_a_store_all_find_the_new_file(store: Store, path: Path, other: Path) -> None:
    ready = threading.Barrier(8, action=lambda: os.replace(other, path))

    def use() -> str:
        store.runs()
        with store.transaction():  # so that each has a connection of its own
            ready.wait(30)
        return store.create(CONFIG)

    made = set(at_once([use] * 8))
    assert {run.id for run in store.runs()} == made
    assert ids_in(path) == made


@pytest.mark.parametrize("trouble", [FileNotFoundError, PermissionError])
def test_a_file_that_cannot_be_seen_for_a_moment_is_not_gone(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch, trouble: type[OSError]
) -> None:
    looks, really_stat = [], os.stat

    def stat(of: Any, *rest: Any, **named: Any) -> os.stat_result:
        if str(of) == str(path) and not looks:
            looks.append(of)
            raise trouble(of)
        return really_stat(of, *rest, **named)

    monkeypatch.setattr(database_file.os, "stat", stat)
    run_id = store.create(CONFIG)
    assert looks
    assert run_id in ids_in(path)


def test_a_connection_whose_log_was_removed_is_opened_again(store: Store, path: Path) -> None:
    """As another program does that finds the file replaced, of whose log this one has made use by then."""
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink()
    run_id = store.create(CONFIG)
    assert run_id in ids_in(path)


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_has_no_file_to_lose(address: str) -> None:
    store = Store(address)
    assert store.run(store.create(CONFIG)).state == "queued"
    assert store.holding().runs()


def test_a_database_with_its_own_way_to_be_opened_is_left_to_it(store: Store, path: Path) -> None:
    reading = Store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert len(reading.holding().runs()) == 1


def log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def copy_in_place_of(path: Path) -> None:
    """Put a file's copy in its place: the same content in another file."""
    aside = path.rename(path.with_name("aside.sqlite"))
    path.write_bytes(aside.read_bytes())


def test_a_log_that_may_belong_to_another_file_is_set_aside_told_and_not_deleted(
    store: Store, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a crash, in whose log the newest runs are: they are lost to the copy, but not to whoever wants them."""
    run_id = store.create(CONFIG)
    content = log_of(path).read_bytes()
    assert content
    copy_in_place_of(path)
    log_of(path).write_bytes(content)  # what a killed program leaves: nobody has it open
    Store(store.url)._engine.dispose()
    (kept,) = path.parent.glob("lab.sqlite-wal-of-another-*")
    assert kept.read_bytes() == content
    assert f"renamed to {kept.name}. If the two belong together, rename it back" in capsys.readouterr().err
    kept.rename(log_of(path))
    assert run_id in ids_in(path)


def test_the_log_of_a_program_that_was_faster_is_left_alone(store: Store, path: Path, other: Path) -> None:
    """Between the look of one that finds the file replaced and what it does, another opens the new file and writes."""
    os.replace(other, path)
    faster = Store(store.url)
    made = faster.create(CONFIG)
    log = os.stat(log_of(path)).st_ino
    assert [run.id for run in store.runs()] == [made]
    assert os.stat(log_of(path)).st_ino == log
    assert {run.id for run in faster.runs()} == {made} == ids_in(path)


def test_a_database_behind_a_link_is_watched_where_it_lies(tmp_path: Path, other: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (tmp_path / "link.sqlite").symlink_to(place / "real.sqlite")
    store = Store(f"sqlite:///{tmp_path / 'link.sqlite'}")
    store.create(CONFIG)
    os.replace(other, place / "real.sqlite")
    assert store.runs() == []
    run_id = store.create(CONFIG)
    store._engine.dispose()
    assert ids_in(place / "real.sqlite") == {run_id}


def test_a_file_replaced_while_it_is_being_opened_is_opened_once_more(
    store: Store, path: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, asked = sa.dialects.sqlite.dialect.connect, []

    def slowly(dialect: Any, *arguments: Any, **options: Any) -> Any:
        connection = connect(dialect, *arguments, **options)
        connection.execute("SELECT 1").fetchall()
        if not asked:
            os.replace(other, path)
        asked.append(1)
        return connection

    store._engine.dispose()
    monkeypatch.setattr(sa.dialects.sqlite.dialect, "connect", slowly)
    run_id = store.create(CONFIG)
    assert len(asked) > 1
    assert ids_in(path) == {run_id}


def test_where_a_files_number_means_nothing_the_database_is_used_as_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(range(10**6))
    monkeypatch.setattr(DatabaseFile, "ids", lambda self: dict.fromkeys(("-wal", "-shm", ""), str(next(numbers))))
    for _ in range(30):
        with suppress(StoreError):
            store.runs()
    assert store.run(store.create(CONFIG)).state == "queued"


def test_a_file_that_may_only_be_read_is_told_as_such(store: Store, path: Path) -> None:
    """As somebody else's lab is: its runs can be listed, so that it opens; a full disk is not what is wrong."""
    read_only = Store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert len(read_only.runs()) == 1
    with pytest.raises(
        StoreError, match=r"readonly database. Its folder must exist, and you must be allowed to write into it"
    ) as told:
        read_only.create(CONFIG)
    assert "disk full" not in str(told.value)

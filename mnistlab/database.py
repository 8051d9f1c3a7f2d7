"""The database as it is used: transactions; and an SQLite file that is deleted or replaced while it is open.

A file lives on without its name for whoever has it open, and what is written to it then is kept by nobody. So each
transaction compares the file that a connection has opened with the one that bears the name now, in microseconds. One
that was replaced is opened as at first; one that is gone is told, and never made anew by the way. What SQLite kept
beside the one before is set aside, never deleted. PostgreSQL, databases in memory and addresses that begin with file:
are not watched, nor is a file that was overwritten in its place.
"""

import copy
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

from mnistlab import schema
from mnistlab.errors import DatabaseGoneError, DatabaseReplacedError, StoreError
from mnistlab.paths import database_url

# A database's file itself, what SQLite keeps beside it while it is open, and our note of which belong together.
_ITSELF, _COMPANIONS, _NOTE = "", ("-wal", "-shm"), "-files"
_MOST_TRIES = 5  # to open a file that is not replaced in this very moment
_LOOK_AGAIN = 0.1  # seconds until a file counts as gone: a disk on the network may miss one for a moment
_MOST_MISSES = 30  # connections in a row, after which numbers of files mean nothing on this disk


class Database:
    """A database that is used by transactions; safe to share between threads."""

    def __init__(self, url: str | None = None) -> None:
        """Open the database at `url` (default: MNISTLAB_DB, or an SQLite file in the lab folder).

        Raises:
            StoreError: it cannot be opened, or a newer mnistlab wrote it.
        """
        self.url = url or database_url()
        self._path = _path_of(self.url)
        self._held: str | None = None
        if self._path is not None:
            _set_strangers_aside(self._path)
        self._engine = schema.open_database(self.url)
        if self._path is not None:
            _Watch(self._engine, self.url, self._path)

    def holding(self) -> Self:
        """The same database for a training, which is of no use to another file that bears its name later.

        Its transactions raise DatabaseReplacedError there.
        """
        held = copy.copy(self)
        held._held = _ids(self._path)[_ITSELF] if self._path is not None else None
        return held

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Use the database: all of what is done inside happens, or nothing.

        Raises:
            DatabaseGoneError: its file was moved or deleted.
            StoreError: the database does not take it.
        """
        if self._path is not None:
            _check_is_there(self._path)
        try:
            with self._engine.begin() as connection:
                self._check_is_held(connection)
                yield connection
        except SQLAlchemyError as error:
            reason = schema.reason_of(error)
            is_file = self.url.startswith("sqlite")
            asked = "Is its disk full or its file locked?" if is_file else "Ask whoever keeps its server."
            advice = schema.access_advice(reason) or f". {asked}"
            raise StoreError(f"The database could not be used: {reason}{advice}") from error

    def _check_is_held(self, connection: sa.Connection) -> None:
        if self._held is not None and connection.info["files"][_ITSELF] != self._held:
            raise DatabaseReplacedError(
                f"The database {self._path} was replaced by another file while this training had it open, so what it "
                "has learned since then cannot be kept. If the run is in the file that is there now, resume it; else "
                "start it again."
            )


def _path_of(url: str) -> Path | None:
    """The file of an SQLite database; None where there is none to be watched."""
    if not url.startswith("sqlite"):
        return None
    try:
        name = sa.make_url(url).database
    except (SQLAlchemyError, ValueError):
        return None  # who opens it will say so
    is_file = bool(name) and name != ":memory:" and not str(name).startswith("file:")
    return Path(str(name)).resolve() if is_file else None  # where SQLite keeps what it keeps beside it


def _ids(path: Path) -> dict[str, str | None]:
    """What tells this file, and those that SQLite keeps beside it, from others of the same names; None if not there.

    Device and inode: no other file has the same while this one is open anywhere.
    """
    found: dict[str, str | None] = {}
    for ending in (*_COMPANIONS, _ITSELF):
        try:
            about = os.stat(f"{path}{ending}")  # half of what a look costs would be making a Path
        except OSError:
            about = None
        found[ending] = f"{about.st_dev}:{about.st_ino}" if about and about.st_ino else None
    return found


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _noted(path: Path) -> dict[str, str | None]:
    """The files as they were when the database was last opened."""
    try:
        return dict(json.loads(_beside(path, _NOTE).read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return {}


def _note(path: Path, ids: Mapping[str, str | None]) -> None:
    note = _beside(path, _NOTE)
    part = note.with_name(f"{note.name}-{os.getpid()}-{time.time_ns()}")
    try:
        part.write_text(json.dumps(dict(ids)), encoding="utf-8")
        part.replace(note)
    except OSError:
        part.unlink(missing_ok=True)


def _set_strangers_aside(path: Path, own: Mapping[str, str | None] | None = None) -> None:
    """Give another name to what SQLite has kept beside another file of this name: it would be mixed into this one.

    The log of the last changes, -wal, is found by its name alone, and is read as part of whatever file it lies beside.

    Args:
        own: the files of a connection that is still open: with these there is no doubt. Else our note speaks, and what
            is done is said.
    """
    if _ids(path)[_ITSELF] == _noted(path).get(_ITSELF) and own is None:
        return
    with suppress(OSError), FileLock(f"{path}{_NOTE}.lock"):
        ids, noted = _ids(path), _noted(path)
        for ending in _COMPANIONS:
            is_own = own is not None and ids[ending] == own[ending] and ids[_ITSELF] != own[_ITSELF]
            is_noted = ids[ending] == noted.get(ending) and ids[_ITSELF] != noted.get(_ITSELF)
            if ids[ending] is not None and (is_own or is_noted):
                _set_aside(_beside(path, ending), is_said=not is_own and ending == _COMPANIONS[0])
        if ids[_ITSELF] != noted.get(_ITSELF):
            # At once: what others lay beside this file from now on is its own, whichever numbers it bears.
            _note(path, {_ITSELF: ids[_ITSELF]})


def _set_aside(file: Path, is_said: bool) -> None:
    place = file.with_name(f"{file.name}-of-another-{time.time_ns()}")
    with suppress(OSError):
        has_content = file.stat().st_size > 0
        file.rename(place)
        if is_said and has_content:
            sys.stderr.write(
                f"mnistlab: the database beside {file.name} is another file than before. {file.name} was kept for the "
                f"one before, so it is {place.name} now. If the two belong together, rename it back while nothing "
                "runs.\n"
            )


def _check_is_there(path: Path) -> None:
    if not _is_gone(path):
        return
    time.sleep(_LOOK_AGAIN)
    if _is_gone(path):
        raise DatabaseGoneError(
            f"The database {path} is no longer there: it was moved or deleted while this program had it open. Put it "
            "back, or start this program anew, which then makes an empty one."
        )


def _is_gone(path: Path) -> bool:
    try:
        os.stat(path)
    except OSError as error:  # at any other it may be there, and who opens it will say what is wrong
        return isinstance(error, FileNotFoundError)
    return False


class _Watch:
    """Sees to it that each connection is to the file that bears the name now, which is as this version wants it."""

    def __init__(self, engine: sa.Engine, url: str, path: Path) -> None:
        self._url, self._path = url, path
        self._prepared = _ids(path)[_ITSELF]
        with engine.connect() as connection:  # which it was opened with
            self._remember(connection.info)
        self._misses = 0
        sa.event.listen(engine, "do_connect", self._connect)
        sa.event.listen(engine, "connect", self._prepare)
        sa.event.listen(engine, "checkout", self._compare)

    def _connect(self, dialect: sa.Dialect, _record: Any, arguments: Any, options: Any) -> Any:
        """Open the file that bears the name before and afterwards."""
        for _ in range(_MOST_TRIES):
            _check_is_there(self._path)  # SQLite would make an empty one
            _set_strangers_aside(self._path)
            before = _ids(self._path)[_ITSELF]
            connection = dialect.connect(*arguments, **options)
            if _ids(self._path)[_ITSELF] == before:
                return connection
            connection.close()
        return dialect.connect(*arguments, **options)

    def _prepare(self, connection: Any, record: Any) -> None:
        """Make another file than before what it would be if it were opened for the first time."""
        opened = _ids(self._path)[_ITSELF]
        try:
            if opened != self._prepared or not _has_tables(connection):
                schema.open_database(self._url).dispose()
                self._prepared = opened
        except BaseException:
            connection.close()
            raise
        self._remember(record.info)

    def _remember(self, info: dict[Any, Any]) -> None:
        info["files"] = _ids(self._path)
        if info["files"] != _noted(self._path):
            _note(self._path, info["files"])

    def _compare(self, _connection: Any, record: Any, _proxy: Any) -> None:
        if self._misses > _MOST_MISSES:
            return
        opened, now = record.info["files"], _ids(self._path)
        if now[_ITSELF] is None or opened == now:
            self._misses = 0
            return
        self._misses += 1
        _set_strangers_aside(self._path, opened)
        raise DisconnectionError  # the pool closes this connection and opens another


def _has_tables(connection: Any) -> bool:
    cursor = connection.cursor()
    try:
        return cursor.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [schema.meta.name]).fetchone() is not None
    finally:
        cursor.close()

"""The file of an SQLite database, which may be deleted or replaced by another one while programs have it open.

Beside it lie the log of its last changes, -wal, and the index of that log, -shm. SQLite finds both by their names alone
and reads them as part of whatever file they lie beside: beside a file that replaced another, they are strangers that
would be mixed into it. So our own note, -files, records which files belong together, and strangers are renamed.
Nothing is ever deleted.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.exc import SQLAlchemyError

from mnistlab.errors import DatabaseGoneError

# The endings of these files' names.
ITSELF, _LOG, _INDEX, _NOTE = "", "-wal", "-shm", "-files"
_LOOK_AGAIN = 0.1  # seconds until a missing file counts as gone: a network disk may lose sight of one for a moment

# By the ending of its name, what identifies each file among all that ever have this name; None if there is no file.
Ids = Mapping[str, str | None]


class DatabaseFile:
    """Whichever file has the name of an SQLite database, with what SQLite keeps beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, url: str) -> Self | None:
        """The file of the database at `url`; None for PostgreSQL, databases in memory and SQLite's own file: URIs."""
        if not url.startswith("sqlite"):
            return None
        try:
            name = sa.make_url(url).database
        except (SQLAlchemyError, ValueError):
            return None  # opening it will raise the error
        if not name or name == ":memory:" or name.startswith("file:"):
            return None
        return cls(Path(name).resolve())  # SQLite keeps its log where the file really lies, not beside a link to it

    def ids(self) -> Ids:
        """Device and inode of each file: no other file has the same while this one is open anywhere."""
        found: dict[str, str | None] = {}
        for ending in (_LOG, _INDEX, ITSELF):
            try:
                about = os.stat(f"{self.path}{ending}")  # a Path would double the cost
            except OSError:
                about = None
            found[ending] = f"{about.st_dev}:{about.st_ino}" if about and about.st_ino else None
        return found

    def check_is_there(self) -> None:
        """Check that the file exists.

        Raises:
            DatabaseGoneError: it was moved or deleted.
        """
        if not self._is_gone():
            return
        time.sleep(_LOOK_AGAIN)
        if self._is_gone():
            raise DatabaseGoneError(
                f"The database {self.path} is no longer there: it was moved or deleted while this program had it "
                "open. Put it back, or restart this program, which then creates an empty one."
            )

    def _is_gone(self) -> bool:
        try:
            os.stat(self.path)
        except OSError as error:  # after any other error it may exist, and opening it will say what is wrong
            return isinstance(error, FileNotFoundError)
        return False

    def note_ids(self) -> Ids:
        """Note that the files that are there now belong together; return their ids."""
        ids = self.ids()
        if ids != self._noted():
            self._note(ids)
        return ids

    def set_strangers_aside(self, opened: Ids | None = None) -> None:
        """Rename the log and index that another file of this name has left behind.

        Args:
            opened: the files of a connection that is still open, about which there is no doubt. Others are known from
                our note alone, so for these a message says where the log is now.
        """
        if opened is None and self.ids()[ITSELF] == self._noted().get(ITSELF):
            return
        with suppress(OSError), FileLock(f"{self.path}{_NOTE}.lock"):
            ids, noted = self.ids(), self._noted()
            known = [] if opened is None else _strangers(ids, opened)
            for ending in {*known, *_strangers(ids, noted)}:
                self._set_aside(ending, is_said=ending == _LOG and ending not in known)
            if ids[ITSELF] != noted.get(ITSELF):
                # At once: what is put beside this file from now on belongs to it, whatever its device and inode.
                self._note({ITSELF: ids[ITSELF]})

    def _set_aside(self, ending: str, is_said: bool) -> None:
        file = self._beside(ending)
        place = file.with_name(f"{file.name}-of-another-{time.time_ns()}")
        with suppress(OSError):
            has_content = file.stat().st_size > 0
            file.rename(place)
            if is_said and has_content:
                sys.stderr.write(
                    f"mnistlab: the database beside {file.name} is not the same file as before. {file.name} belonged "
                    f"to the earlier one and was renamed to {place.name}. If the two belong together, rename it back "
                    "while nothing runs.\n"
                )

    def _noted(self) -> Ids:
        """The files as they were when the database was last opened."""
        try:
            return dict(json.loads(self._beside(_NOTE).read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError):
            return {}

    def _note(self, ids: Ids) -> None:
        note = self._beside(_NOTE)
        part = note.with_name(f"{note.name}-{os.getpid()}-{time.time_ns()}")
        try:
            part.write_text(json.dumps(dict(ids)), encoding="utf-8")
            part.replace(note)
        except OSError:
            part.unlink(missing_ok=True)

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(self.path.name + ending)


def _strangers(now: Ids, before: Ids) -> list[str]:
    """The endings of the files beside this one now that were beside another one before."""
    if now[ITSELF] == before.get(ITSELF):
        return []
    return [ending for ending in (_LOG, _INDEX) if now[ending] is not None and now[ending] == before.get(ending)]

"""Reopen connections to an SQLite database whose file was replaced: close them, and connect to the file there now.

A file lives on without its name for whoever has it open, and what is written to it then is lost. So whenever a
connection is used, the file that it opened is compared, in microseconds, with the one that has the name now. A file
that was overwritten in place is not noticed.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DisconnectionError

from mnistlab import schema
from mnistlab.database_file import ITSELF, DatabaseFile

FILES = "files"  # in a connection's info: the ids of the files that it has opened
_MOST_TRIES = 5  # to open a file that is not being replaced at that very moment
_MOST_MISSES = 30  # connections in a row, after which inodes are taken to be unreliable on this disk


def reopen_when_replaced(engine: sa.Engine, url: str, file: DatabaseFile) -> None:
    """Keep the connections of a newly opened SQLAlchemy engine on the file that has the database's name."""
    connections = _Connections(url, file)
    with engine.connect() as connection:  # the one by which the database was opened
        connection.info[FILES] = file.note_ids()
    sa.event.listen(engine, "do_connect", connections.connect)
    sa.event.listen(engine, "connect", connections.prepare)
    sa.event.listen(engine, "checkout", connections.compare)


class _Connections:
    """What SQLAlchemy calls when it makes a connection and when it checks one out."""

    def __init__(self, url: str, file: DatabaseFile) -> None:
        self._url, self._file = url, file
        self._prepared = file.ids()[ITSELF]
        self._misses = 0

    def connect(self, dialect: sa.Dialect, _record: Any, arguments: Any, options: Any) -> Any:
        """Open the file, which must have its name both before and afterwards."""
        for _ in range(_MOST_TRIES):
            self._file.check_is_there()  # SQLite would make an empty one
            self._file.set_strangers_aside()
            before = self._file.ids()[ITSELF]
            connection = dialect.connect(*arguments, **options)
            if self._file.ids()[ITSELF] == before:
                return connection
            connection.close()
        return dialect.connect(*arguments, **options)

    def prepare(self, connection: Any, record: Any) -> None:
        """Create the tables of a file that is new to us, or bring an older schema up to date."""
        opened = self._file.ids()[ITSELF]
        try:
            if opened != self._prepared or not _has_tables(connection):
                schema.open_database(self._url).dispose()
                self._prepared = opened
        except BaseException:
            connection.close()
            raise
        record.info[FILES] = self._file.note_ids()

    def compare(self, _connection: Any, record: Any, _proxy: Any) -> None:
        """Refuse a connection to a file that was replaced: the pool closes it and opens another."""
        if self._misses > _MOST_MISSES:
            return
        opened, now = record.info[FILES], self._file.ids()
        if now[ITSELF] is None or opened == now:
            self._misses = 0
            return
        self._misses += 1
        self._file.set_strangers_aside(opened)
        raise DisconnectionError


def _has_tables(connection: Any) -> bool:
    cursor = connection.cursor()
    try:
        return cursor.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [schema.meta.name]).fetchone() is not None
    finally:
        cursor.close()

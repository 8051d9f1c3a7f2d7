"""Transactions on the database, each on whichever file has its name at the time.

If an SQLite file is replaced while it is open, the new one is opened as at first; if it is gone, an error is raised and
no new file is created in passing.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from mnistlab import schema
from mnistlab.database_file import ITSELF, DatabaseFile
from mnistlab.errors import DatabaseReplacedError, StoreError
from mnistlab.paths import database_url
from mnistlab.reopening import FILES, reopen_when_replaced


class Database:
    """A database used through transactions; safe to share between threads."""

    def __init__(self, url: str | None = None) -> None:
        """Open the database at `url` (default: MNISTLAB_DB, or an SQLite file in the lab folder).

        Raises:
            StoreError: it cannot be opened, or a newer mnistlab wrote it.
        """
        self.url = url or database_url()
        self._file = DatabaseFile.of(self.url)
        self._held: str | None = None
        if self._file is not None:
            self._file.set_strangers_aside()
        self._engine = schema.open_database(self.url)
        if self._file is not None:
            reopen_when_replaced(self._engine, self.url, self._file)

    def holding(self) -> Self:
        """The same database for a training, bound to the file that has its name now.

        Once another file has that name, its transactions raise DatabaseReplacedError.
        """
        held = copy.copy(self)
        held._held = None if self._file is None else self._file.ids()[ITSELF]
        return held

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Use the database: everything done inside takes effect, or nothing does.

        Raises:
            DatabaseGoneError: its file was moved or deleted.
            StoreError: the database refuses it.
        """
        if self._file is not None:
            self._file.check_is_there()
        try:
            with self._engine.begin() as connection:
                self._check_is_held(connection)
                yield connection
        except SQLAlchemyError as error:
            reason = schema.reason_of(error)
            is_file = self.url.startswith("sqlite")
            asked = "Is its disk full or its file locked?" if is_file else "Ask whoever runs its server."
            advice = schema.access_advice(reason) or f". {asked}"
            raise StoreError(f"The database could not be used: {reason}{advice}") from error

    def _check_is_held(self, connection: sa.Connection) -> None:
        if self._file is None or self._held is None:
            return
        if connection.info[FILES][ITSELF] != self._held:
            raise DatabaseReplacedError(
                f"The database {self._file.path} was replaced by another file while this training had it open, so "
                "what it has learned since then cannot be kept. If the run is in the file that is there now, resume "
                "it; otherwise start it again."
            )

"""Patience with a database that refuses for a while, as one does that is full, locked or being restarted."""

import time
from collections.abc import Callable
from typing import TypeVar

from mnistlab.errors import DatabaseReplacedError, StoreError, StudyRefusedError

STORE_PATIENCE = 60.0  # seconds for which something is tried again

_Answer = TypeVar("_Answer")


def insist(act: Callable[[], _Answer]) -> _Answer:
    """Do what must not be lost, and may be done twice: if the database refuses it, try again for a minute.

    Raises:
        StoreError, StudyRefusedError: it has refused all the time.
        DatabaseReplacedError: at once, since another database has taken its place.
    """
    until = time.monotonic() + STORE_PATIENCE
    while True:
        try:
            return act()
        except DatabaseReplacedError:
            raise
        except (StoreError, StudyRefusedError):
            if time.monotonic() > until:
                raise
            time.sleep(1)

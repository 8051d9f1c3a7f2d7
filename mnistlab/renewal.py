"""Renewal of the local engine: one of another version, or with other settings, makes way for a new one once it is idle.

Only a process that has work for an engine asks for it, and an engine started just now is left to whoever started it. So
two servers of different versions on one lab train in turn, and neither ends the engine that the other waits for.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import psutil

from mnistlab import notice
from mnistlab.errors import ConfigError, EngineBusyError, EngineError
from mnistlab.notice import Notice
from mnistlab.offers import in_a_lab

_YOUNG_SECONDS = 10.0  # the time that whoever started an engine has to give it work
_WORKERLESS_SECONDS = 5.0  # a worker that was killed is back after 3, with its run
_END_TIMEOUT = 10.0  # seconds; 0.5 is usual
_OTHER_VERSION = (
    "The engine was started from another version of mnistlab and is in use. New runs wait until it has nothing to do; "
    "then a new engine takes them, unless the old one has been able to take them by then. For a new engine at once, "
    "stop the runs that the old one trains."
)
_log = logging.getLogger(__name__)
_renewing = threading.Lock()
_told: set[int] = set()  # processes of engines that keep other settings; each is warned of once

Ask = Callable[[Callable[[Any], bool]], bool]


def renew(ask: Ask, with_defaults: bool = False) -> None:
    """End an idle local engine that differs from one that would be started here; a busy one finishes its runs.

    Args:
        ask: calls a function with the engine's client.
        with_defaults: settings that are not set here count with their defaults, as for a server that starts.

    Raises:
        EngineBusyError: a busy engine is of another version, which may not be able to read what it is given.
        EngineError: the engine cannot be reached, or a setting is invalid.
    """
    notice.version()  # computed now, before somebody replaces the sources of a running server
    found = None if in_a_lab() else notice.read()
    if found is None:
        return
    try:
        others = found.differences(with_defaults)
    except ConfigError as error:
        raise EngineError(str(error)) from error
    is_of_another_version = not found.is_of_our_version
    if not is_of_another_version and not others:
        return
    with _renewing:
        is_gone = ask(partial(_end_if_idle, found))
    if not is_gone and is_of_another_version:
        raise EngineBusyError(_OTHER_VERSION)
    if not is_gone and found.pid not in _told:
        _told.add(found.pid)
        _log.warning("The engine is in use and goes on with its own settings: %s.", "; ".join(others))


def _end_if_idle(found: Notice, dask: Any) -> bool:
    """End this engine if it is idle and not young; return whether it is gone."""
    if dask.scheduler.address != found.address:
        return True
    if _is_young(found.pid) or _is_training(dask):
        return False
    dask.shutdown()
    _wait_until_gone(found)
    return True


def _is_young(pid: int) -> bool:
    with suppress(psutil.Error):
        return bool(time.time() - psutil.Process(pid).create_time() < _YOUNG_SECONDS)
    return False


def _is_training(dask: Any) -> bool:
    until = time.monotonic() + _WORKERLESS_SECONDS
    while not (tickets := dask.processing()) and time.monotonic() < until:  # there is no worker at the moment
        time.sleep(0.2)
    return any(tickets.values())


def _wait_until_gone(found: Notice) -> None:
    """Wait until its notice is gone; its process takes some seconds more to end, which does no harm."""
    until = time.monotonic() + _END_TIMEOUT
    while notice.read() == found and time.monotonic() < until:
        time.sleep(0.05)

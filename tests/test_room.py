"""A computer that lets an account or a container start few threads: what the engine says then."""

import errno
import os
import signal
import threading
from multiprocessing.synchronize import SemLock
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from mnistlab import dask_settings, engine, room, worker
from mnistlab.errors import EngineError

_REALLY = threading.Thread.start


def let_start(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no more than so many threads be started from now on."""
    num_started = [0]

    def start(thread: threading.Thread) -> None:
        num_started[0] += 1
        if num_started[0] > most:
            raise RuntimeError("can't start new thread")
        _REALLY(thread)

    monkeypatch.setattr(threading.Thread, "start", start)


def test_a_computer_with_room_for_an_engine_is_left_as_it_was() -> None:
    before = threading.active_count()
    room.check(2, 3)
    assert threading.active_count() == before


@pytest.mark.parametrize(("workers", "each", "needed"), [(1, 1, 12), (2, 4, 30)])
def test_a_limit_below_what_an_engine_needs_is_told_with_both_numbers(
    monkeypatch: pytest.MonkeyPatch, workers: int, each: int, needed: int
) -> None:
    before = threading.active_count()
    let_start(needed, monkeypatch)
    room.check(workers, each)
    let_start(needed - 5, monkeypatch)
    with pytest.raises(EngineError, match=rf"needs {needed} more threads .* lets it start {needed - 5}: .*`ulimit -u`"):
        room.check(workers, each)
    assert threading.active_count() == before


def test_a_limit_that_the_smallest_engine_fits_in_is_told_with_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    let_start(20, monkeypatch)
    with pytest.raises(EngineError, match=r"Set MNISTLAB_WORKERS and MNISTLAB_THREADS to 1, which needs 12, "):
        room.check(1, 63)


def test_a_computer_without_a_place_for_locks_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(SemLock, "__init__", fail)
    fault = errno.ENOENT
    with pytest.raises(EngineError, match=r"cannot share a lock \(No such file or directory\).* in /dev/shm"):
        room.check(1, 1)
    fault = errno.EMFILE
    with pytest.raises(OSError, match="Too many open files"):
        room.check(1, 1)


def test_idle_workers_that_die_again_and_again_are_not_tried_without_end() -> None:
    nannies = {0: SimpleNamespace(pid=1), 1: SimpleNamespace(pid=None)}
    cluster = SimpleNamespace(scheduler=SimpleNamespace(tasks={}), workers=nannies)
    seen = set[int]()

    def dies(times: int) -> list[bool]:
        found = []
        for _ in range(times):
            nannies[0].pid += 1
            found.append(room.is_lacking(cluster, seen))
        return found

    assert not any(dies(5))
    cluster.scheduler.tasks = {"a ticket": None}
    assert not any(dies(20))
    cluster.scheduler.tasks = {}
    assert dies(9) == [False] * 6 + [True] * 3


def test_an_engine_whose_idle_workers_die_again_and_again_ends(monkeypatch: pytest.MonkeyPatch, lab: Path) -> None:
    """The next one tells what is lacking, or finds that it is there again."""
    cluster = MagicMock()
    cluster.scheduler.status.name = "running"
    cluster.scheduler_address = "tcp://127.0.0.1:5"
    cluster.__exit__.return_value = None
    looks = [False, True]
    monkeypatch.setattr(room, "is_lacking", lambda *_: looks.pop(0))
    monkeypatch.setattr("distributed.LocalCluster", lambda **_: cluster)
    monkeypatch.setenv("MNISTLAB_THREADS", "1")
    # What it would leave behind in this process, and for the tests that come after.
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr("dask.config.set", lambda _: None)
    monkeypatch.setattr(dask_settings, "use", lambda _: None)
    monkeypatch.setattr(worker, "step_back_together", lambda: None)
    engine.serve()
    assert not looks
    assert cluster.__exit__.called
    assert not (lab / "engine.json").exists()

"""Whether this computer lets the engine start as many threads and processes as it needs.

Where `ulimit` or a container allows fewer, Dask may wait for one that could not be started, without an end or a word.
Nor does it say what is missing where processes cannot share a lock, as those that it starts do.
"""

import errno
import multiprocessing
import threading
from typing import Any

from mnistlab.cores import THREADS_VARIABLE, WORKERS_VARIABLE
from mnistlab.errors import EngineError

# With one worker, one thread each, and a run that trains, the engine has been seen to need 11 beside its first.
_OWN, _WORKERS_OWN = 6, 5
_NO_PLACE = (errno.ENOENT, errno.EACCES, errno.EROFS, errno.ENOSPC, errno.ENOSYS)  # for a lock
_MOST_DEATHS = 5  # of idle workers; where memory runs out beside them, one is tried every 5 s
_ALONE = "train without an engine: `OMP_NUM_THREADS=1 python -m mnistlab train`."


def check(num_workers: int, threads_each: int) -> None:
    """See that an engine with so many workers, and what each of them computes with, finds room: 1 ms.

    Raises:
        EngineError: it does not.
    """
    num_needed = _needed(num_workers, threads_each)
    num_started = _num_that_start(num_needed)
    if num_started >= num_needed:
        _check_locks()
        return
    if num_started >= _needed(1, 1):
        advice = (
            f"Set {WORKERS_VARIABLE} and {THREADS_VARIABLE} to 1, which needs {_needed(1, 1)}, or have that limit "
            "raised."
        )
    else:
        advice = f"Close other programs, have that limit raised, or {_ALONE}"
    raise EngineError(
        f"The engine needs {num_needed} more threads and processes, and this computer lets it start {num_started}: a "
        f"limit of your account (`ulimit -u`, `ulimit -v`) or of a container. {advice}"
    )


def _check_locks() -> None:
    try:
        multiprocessing.get_context("spawn").Lock()
    except OSError as error:
        if error.errno not in _NO_PLACE:
            raise
        raise EngineError(
            f"Processes of this computer cannot share a lock ({error.strerror}). On Linux locks lie in /dev/shm: have "
            f"a tmpfs there into which the lab's user may write, or {_ALONE}"
        ) from None  # the engine tells what is at the bottom of a chain


def _needed(num_workers: int, threads_each: int) -> int:
    """Threads and processes of such an engine.

    torch and OpenMP keep a pool each, in which the thread that computes is one. Source: counted, torch 2.14 on Linux.
    """
    return _OWN + num_workers * (_WORKERS_OWN + 2 * threads_each - 1)


def _num_that_start(num_wanted: int) -> int:
    """How many of so many threads can be there at once; they are gone again afterwards."""
    is_over, there = threading.Event(), list[threading.Thread]()
    try:
        for _ in range(num_wanted):
            thread = threading.Thread(target=is_over.wait, daemon=True)
            thread.start()
            there.append(thread)
    except (RuntimeError, MemoryError):  # Python tells no more than that it cannot
        pass
    finally:
        is_over.set()
        for thread in there:
            thread.join()
    return len(there)


def is_lacking(cluster: Any, seen: set[int]) -> bool:
    """Whether workers of a Dask cluster die again and again while they have nothing to do, as where memory runs out.

    Args:
        seen: their processes since there was last something to do; added to.
    """
    if cluster.scheduler.tasks:  # then deaths are counted by run
        seen.clear()
    seen.update(nanny.pid for nanny in list(cluster.workers.values()) if nanny.pid)
    return len(seen) > len(cluster.workers) + _MOST_DEATHS

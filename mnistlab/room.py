"""Whether this computer lets the engine start as many threads and processes as it needs.

Where `ulimit` or a container allows fewer, Dask may silently wait forever for one that could not be started. Nor does
it say what is missing where processes cannot share a lock, as those that it starts must.
"""

import errno
import multiprocessing
import threading
from typing import Any

from mnistlab.cores import THREADS_VARIABLE, WORKERS_VARIABLE
from mnistlab.errors import EngineError

# With one worker of one thread and a run in training, the engine was seen to need 11 besides its own first thread.
_OWN, _WORKERS_OWN = 6, 5
_NO_PLACE = (errno.ENOENT, errno.EACCES, errno.EROFS, errno.ENOSPC, errno.ENOSYS)  # for a lock
_MOST_DEATHS = 5  # of idle workers; where memory runs out beside them, one is tried every 5 s
_ALONE = "train without an engine: `OMP_NUM_THREADS=1 python -m mnistlab train`."


def check(num_workers: int, threads_each: int) -> None:
    """Check that an engine with so many workers, and threads for each, can be started; takes 1 ms.

    Raises:
        EngineError: it cannot.
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
        ) from None  # the engine reports the root of a chain


def _needed(num_workers: int, threads_each: int) -> int:
    """How many threads and processes such an engine needs.

    torch and OpenMP keep a pool each, which includes the calling thread. Source: counted, torch 2.14 on Linux.
    """
    return _OWN + num_workers * (_WORKERS_OWN + 2 * threads_each - 1)


def _num_that_start(num_wanted: int) -> int:
    """How many of so many threads can be started at once; they end again right away."""
    is_over, there = threading.Event(), list[threading.Thread]()
    try:
        for _ in range(num_wanted):
            thread = threading.Thread(target=is_over.wait, daemon=True)
            thread.start()
            there.append(thread)
    except (RuntimeError, MemoryError):  # Python says no more than that it failed
        pass
    finally:
        is_over.set()
        for thread in there:
            thread.join()
    return len(there)


def is_lacking(cluster: Any, seen: set[int]) -> bool:
    """Whether idle workers of a Dask cluster keep dying, as they do where memory runs out.

    Args:
        seen: the ids of worker processes seen since the cluster last had work; updated by this function.
    """
    if cluster.scheduler.tasks:  # while there is work, deaths are counted for each run
        seen.clear()
    seen.update(nanny.pid for nanny in list(cluster.workers.values()) if nanny.pid)
    return len(seen) > len(cluster.workers) + _MOST_DEATHS

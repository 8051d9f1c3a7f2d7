"""Whether this computer lets the engine start as many threads and processes as it needs.

Where `ulimit` or a container allows fewer, Dask may wait for one that could not be started, without an end or a word.
"""

import threading

from mnistlab.cores import THREADS_VARIABLE, WORKERS_VARIABLE
from mnistlab.errors import EngineError

# With one worker, one thread each, and a run that trains, the engine has been seen to need 11 beside its first.
_OWN, _WORKERS_OWN = 6, 5


def check(num_workers: int, threads_each: int) -> None:
    """See that an engine with so many workers, and what each of them computes with, finds room: 1 ms.

    Raises:
        EngineError: it does not.
    """
    num_needed = _needed(num_workers, threads_each)
    num_started = _num_that_start(num_needed)
    if num_started >= num_needed:
        return
    if num_started >= _needed(1, 1):
        advice = f"Set {WORKERS_VARIABLE} and {THREADS_VARIABLE} to 1, which needs {_needed(1, 1)}, or have it raised."
    else:
        alone = "OMP_NUM_THREADS=1 python -m mnistlab train"
        advice = f"End other programs, have it raised, or train without an engine: `{alone}`."
    raise EngineError(
        f"The engine needs {num_needed} more threads and processes, and this computer lets it start {num_started}: a "
        f"limit of your account (`ulimit -u`, `ulimit -v`) or of a container. {advice}"
    )


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

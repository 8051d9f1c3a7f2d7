"""Whether this computer lets the engine start as many threads and processes as it needs.

Where `ulimit` or a container allows fewer, Dask may wait for one that could not be started, without an end or a word.
"""

import threading

from mnistlab.errors import EngineError

# With one worker, one thread each, and a run that trains, the engine has been seen to need 11 beside its first.
_OWN, _WORKERS_OWN = 6, 5


def check(num_workers: int, threads_each: int) -> None:
    """See that an engine with so many workers, and what each of them computes with, finds room: 1 ms.

    Raises:
        EngineError: it does not.
    """
    num_needed = _OWN + num_workers * (_WORKERS_OWN + threads_each)
    num_started = _num_that_start(num_needed)
    if num_started < num_needed:
        raise EngineError(
            f"The engine needs {num_needed} more threads and processes, and this computer lets it start "
            f"{num_started}: a limit of your account (`ulimit -u`, `ulimit -v`) or of a container. End other programs, "
            "have the limit raised, or train without an engine: `python -m mnistlab train`, `python -m mnistlab sweep "
            "start --here`."
        )


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

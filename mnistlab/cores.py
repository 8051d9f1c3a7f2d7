"""How the cores of this computer are shared out among the local engine's trainings."""

from mnistlab import dask_files
from mnistlab.paths import count_setting

WORKERS_VARIABLE = "MNISTLAB_WORKERS"
THREADS_VARIABLE = "MNISTLAB_THREADS"  # with how many threads a worker computes; the local engine sets it for its own


def threads_each() -> int:
    """With how many threads a training of the local engine computes.

    A core is left to the pages and the browser: where threads that wait for each other after every product share their
    cores with anybody, each of them is late, and two do less than one (measured: 200 to 500 steps/s, not 900).

    Raises:
        ConfigError: MNISTLAB_THREADS or MNISTLAB_WORKERS is no number from 1 on, or Dask cannot read its settings.
    """
    return count_setting(THREADS_VARIABLE, max(1, (num_cores() - 1) // num_workers()))


def num_cores() -> int:
    """The cores that this process may use, fewer than the machine has in a container or a batch system's job.

    Raises:
        ConfigError: Dask, which knows, cannot read its settings.
    """
    dask_files.check()
    from dask.system import cpu_count  # 0.1 s

    return cpu_count()


def num_workers() -> int:
    """How many runs the local engine trains at a time.

    Raises:
        ConfigError: MNISTLAB_WORKERS is no number from 1 on.
    """
    return count_setting(WORKERS_VARIABLE, 1)

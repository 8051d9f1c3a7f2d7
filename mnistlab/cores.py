"""How the cores of this computer are shared out among the local engine's trainings."""

from mnistlab import dask_files
from mnistlab.paths import count_setting

WORKERS_VARIABLE = "MNISTLAB_WORKERS"
THREADS_VARIABLE = "MNISTLAB_THREADS"  # how many threads a worker computes with; the local engine sets it for its own


def threads_each() -> int:
    """How many threads a training of the local engine computes with.

    One core is left to the pages and the browser: threads wait for each other after every product, so if they share
    their cores with anything, one is always late, and two do less than one (measured: 200 to 500 steps/s, not 900).

    Raises:
        ConfigError: MNISTLAB_THREADS or MNISTLAB_WORKERS is not a whole number of at least 1, or Dask cannot read its
            settings.
    """
    return count_setting(THREADS_VARIABLE, max(1, (num_cores() - 1) // num_workers()))


def num_cores() -> int:
    """How many cores this process may use: in a container or a batch job, fewer than the machine has.

    Raises:
        ConfigError: Dask, which counts them, cannot read its settings.
    """
    dask_files.check()
    from dask.system import cpu_count  # 0.1 s

    return cpu_count()


def num_workers() -> int:
    """How many runs the local engine trains at a time.

    Raises:
        ConfigError: MNISTLAB_WORKERS is not a whole number of at least 1.
    """
    return count_setting(WORKERS_VARIABLE, 1)

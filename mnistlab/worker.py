"""What a worker process of the engine does before its first job: step back, take its threads, warm up."""

import contextlib
import os
from typing import Any

from distributed import WorkerPlugin

from mnistlab.errors import DataError

# Set by the engine: how many threads each of its workers may compute with.
THREADS_VARIABLE = "MNISTLAB_THREADS"


class WarmUp(WorkerPlugin):
    """A Dask worker plugin: makes each worker, also one that replaces a killed one, ready for its first step."""

    name = "mnistlab-warm-up"

    def setup(self, worker: Any) -> None:
        """Called by Dask when a worker starts."""
        step_back()
        warm_up()


def step_back() -> None:
    """Let pages go first: with nice 10, thirty live pages stay at 16 ms beside two trainings, else 234 ms."""
    import psutil

    process = psutil.Process()
    if psutil.WINDOWS:
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    elif process.nice() < 10:
        process.nice(10)


def use_own_threads() -> None:
    """Compute with this worker's share of the cores; Dask's default is one thread a worker."""
    import torch

    threads = os.environ.get(THREADS_VARIABLE)
    if threads:
        torch.set_num_threads(int(threads))


def warm_up() -> None:
    """Take the first steps of a training and forget them: whatever is slow the first time has then been done.

    That is importing torch and its optimizers (2 s), reading the data set and setting some of it aside (0.5 s).
    """
    from mnistlab.events import StepsTaken
    from mnistlab.execution import load_dataset
    from mnistlab.presets import get_preset
    from mnistlab.training import train

    use_own_threads()
    config = get_preset("quick-mlp").config
    with contextlib.suppress(DataError):  # the run that needs it will say so
        for event in train(config, load_dataset(config.dataset)):
            if isinstance(event, StepsTaken):
                return


def end_process(dask_worker: Any) -> None:
    """Kill a worker's process, called in the nanny that looks after it and starts another; Dask passes the nanny."""
    import psutil

    psutil.Process(dask_worker.pid).kill()

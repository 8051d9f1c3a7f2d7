"""What a worker process of the engine does before its first job: step back, take its threads, warm up."""

import os
from typing import Any

from distributed import WorkerPlugin

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
    """Import what takes seconds: torch, its first optimizer (0.9 s), and the data set."""
    from mnistlab.config import ModelConfig, TrainConfig
    from mnistlab.models import build_model
    from mnistlab.optimizers import build_optimizer

    build_optimizer(TrainConfig(), build_model(ModelConfig(hidden=()))).zero_grad()


def end_process(dask_worker: Any) -> None:
    """Kill a worker's process, called in the nanny that looks after it and starts another; Dask passes the nanny."""
    import psutil

    psutil.Process(dask_worker.pid).kill()

"""What a worker process of the engine does before its first job: step back, take its threads, warm up."""

import contextlib
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin

from mnistlab.cores import THREADS_VARIABLE
from mnistlab.errors import DataError
from mnistlab.paths import count_setting, setting

_NICE = 10  # how far trainings step back; 0 is everybody, 19 the farthest
_GOES_FIRST = 500  # of 1000 for whom Linux ends where memory runs out; by size a server of 420 MB went before a worker


class WarmUp(WorkerPlugin):
    """A Dask worker plugin: makes each worker, also one that replaces a killed one, ready for its first step."""

    name = "mnistlab-warm-up"
    idempotent = True  # once a worker, however many pages and command lines bring it

    def setup(self, worker: Any) -> None:
        """Called by Dask when a worker starts."""
        step_back()
        # In a thread that ends, and its pool of threads with it: with one left over, OpenMP counts more threads than
        # there are cores, and lets those of a training sleep after each product instead of waiting for the next one.
        with ThreadPoolExecutor(1) as passing:
            passing.submit(warm_up).result()


def step_back() -> None:
    """Let pages go first: with nice 10, thirty live pages stay at 16 ms beside two trainings, else 234 ms.

    And where memory runs out, let them stay: a run goes on from its last checkpoint, a server is not started again.
    """
    import psutil

    process = psutil.Process()
    if psutil.WINDOWS:
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    elif process.nice() < _NICE:
        process.nice(_NICE)
    if sys.platform == "linux":
        place = Path("/proc/self/oom_score_adj")
        with contextlib.suppress(OSError):  # a sandbox without it
            place.write_text(str(max(_GOES_FIRST, int(place.read_text(encoding="ascii")))), encoding="ascii")


def step_back_together() -> None:
    """Let pages go first, before all processes of the session that this one leads.

    Most Linux systems share their cores among sessions first ("autogroup"), and a process's own nice counts within its
    session only: the engine has one of its own, and its trainings would stand beside the pages as equals.
    """
    if sys.platform == "linux" and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # no such thing here, or not allowed: then it is as it was
            Path("/proc/self/autogroup").write_text(str(_NICE), encoding="ascii")


def use_own_threads() -> None:
    """Compute with this worker's share of the cores; Dask's default is one thread a worker.

    Raises:
        ConfigError: MNISTLAB_THREADS is no number from 1 on.
    """
    import torch

    if setting(THREADS_VARIABLE):
        torch.set_num_threads(count_setting(THREADS_VARIABLE, 1))


def warm_up() -> None:
    """Take the first steps of a training and forget them: whatever is slow the first time has then been done.

    That is importing torch and its optimizers (2 s), reading the data set and setting some of it aside (0.5 s). Where
    a run is being trained here already, all of that is done.
    """
    from mnistlab.execution import training_turn

    if training_turn.acquire(blocking=False):
        try:
            _take_first_steps()
        finally:
            training_turn.release()


def _take_first_steps() -> None:
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


def end_process(process: str, dask_worker: Any) -> None:
    """Kill a worker's process if it is this one; called in the nanny that looks after it and starts another.

    Args:
        process: its name as in execution.this_worker.
        dask_worker: the nanny, which Dask passes.
    """
    import psutil

    if process == f"{socket.gethostname()}:{dask_worker.pid}":
        psutil.Process(dask_worker.pid).kill()

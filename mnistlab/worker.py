"""What a worker process of the engine does before its first job: lower its priority, set its threads, warm up."""

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

_NICE = 10  # the niceness of trainings; 0 is the default, 19 the lowest priority
_GOES_FIRST = 500  # Linux's OOM score, at most 1000: by size alone, it killed a server of 420 MB before a worker


class WarmUp(WorkerPlugin):
    """A Dask plugin that prepares each worker, including one that replaces a killed one, for its first step."""

    name = "mnistlab-warm-up"
    idempotent = True  # once per worker, however many pages and command lines register it

    def setup(self, worker: Any) -> None:
        """Called by Dask when a worker starts."""
        step_back()
        # In a thread that ends together with its OpenMP pool: if one were left over, OpenMP would count more threads
        # than cores, and let those of a training sleep after each product instead of spinning until the next one.
        with ThreadPoolExecutor(1) as passing:
            passing.submit(warm_up).result()


def step_back() -> None:
    """Give pages priority: with nice 10, thirty live pages stay at 16 ms beside two trainings, else 234 ms.

    If memory runs out, be killed before them: a run resumes from its last checkpoint, but nobody restarts a server.
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
    """Give pages priority over all processes of the session that this one leads.

    Most Linux systems share their cores among sessions first ("autogroup"), and a process's niceness counts within its
    session only: the engine has a session of its own, so its trainings would compete with the pages as equals.
    """
    if sys.platform == "linux" and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # not supported here, or not allowed: leave it as it is
            Path("/proc/self/autogroup").write_text(str(_NICE), encoding="ascii")


def use_own_threads() -> None:
    """Compute with this worker's share of the cores; Dask's default is one thread per worker.

    Raises:
        ConfigError: MNISTLAB_THREADS is not a whole number of at least 1.
    """
    import torch

    if setting(THREADS_VARIABLE):
        torch.set_num_threads(count_setting(THREADS_VARIABLE, 1))


def warm_up() -> None:
    """Take the first steps of a throw-away training, so that whatever is slow the first time is done.

    That is importing torch and its optimizers (2 s), loading the data set and holding some of it out (0.5 s). If a run
    is being trained here already, there is nothing left to do.
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
    """Kill the worker of a Dask nanny if its process is the named one; the nanny, in which this runs, starts another.

    Args:
        process: the name given by execution.this_worker.
        dask_worker: the nanny, passed by Dask.
    """
    import psutil

    if process == f"{socket.gethostname()}:{dask_worker.pid}":
        psutil.Process(dask_worker.pid).kill()

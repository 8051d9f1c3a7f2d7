"""A worker before its first job: it steps back, what it frees stays its own, no thread is left from the warm-up."""

import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from mnistlab import execution, worker
from mnistlab.errors import ConfigError

# Arrays as large as the weights of the tutorial's network, made and let go as each step does.
_FAULTS = """
import resource, torch
from mnistlab.worker import keep_freed_memory
%s
for count in range(300):
    if count == 20:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.zeros(512, 784)
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize() // 2**20)
"""
# As many small pieces as 100 MB, all of which are let go but the last, so that nothing goes back by itself.
_RESIDENT = """
import psutil, torch
from mnistlab import worker
worker.keep_freed_memory()
pieces = [torch.ones(2_500) for _ in range(10_000)]
del pieces[:-1]
%s
print(psutil.Process().memory_info().rss // 2**20)
"""
_THREADS = """
import time, psutil
from mnistlab import worker
%s
time.sleep(2)  # threads need a moment to end
print(psutil.Process().num_threads())
"""

_SHARES = """
from pathlib import Path
from mnistlab import worker
worker.step_back_together()
place = Path("/proc/self/autogroup")
print(place.read_text() if place.exists() else "")
"""


def _printed(source: str, **settings: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, env=os.environ | settings, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


glibc_only = pytest.mark.skipif(sys.platform != "linux", reason="the C library and OpenMP of Linux")


@glibc_only
@pytest.mark.parametrize("leads", [True, False])
def test_a_session_steps_back_where_sessions_share_the_cores(leads: bool) -> None:
    done = subprocess.run([sys.executable, "-c", _SHARES], capture_output=True, text=True, start_new_session=leads)
    assert done.returncode == 0, done.stderr
    share = done.stdout.strip()  # nothing, where the cores are not shared among sessions
    assert share.endswith("nice 10") == (leads and bool(share))


@glibc_only
@pytest.mark.skipif(torch.__version__ < "2.14", reason="torch 2.13 keeps it by itself")
def test_what_a_step_frees_is_kept_for_the_next_one() -> None:
    """By Dask's own setting each such array is fetched from the system anew: 420 MB in all."""
    assert _printed(_FAULTS % "", MALLOC_TRIM_THRESHOLD_="65536") > 200
    assert _printed(_FAULTS % "keep_freed_memory()", MALLOC_TRIM_THRESHOLD_="65536") < 20


@glibc_only
def test_what_a_run_has_freed_is_given_back_after_it() -> None:
    assert _printed(_RESIDENT % "") - _printed(_RESIDENT % "worker.give_back_memory()") > 80


def test_a_worker_is_ended_if_it_is_the_one_that_is_meant() -> None:
    """A ticket may wait at a worker that executes another one, or has been replaced meanwhile."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        nanny = SimpleNamespace(pid=child.pid)
        for other in (f"{socket.gethostname()}:{os.getpid()}", f"another-host:{child.pid}"):
            worker.end_process(other, nanny)
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(0.1)
        worker.end_process(f"{socket.gethostname()}:{child.pid}", nanny)
        assert child.wait(10) != 0
    worker.end_process(f"{socket.gethostname()}:{child.pid}", SimpleNamespace(pid=None))  # it is being started


def test_wrong_number_of_threads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_THREADS", "many")
    with pytest.raises(ConfigError, match="MNISTLAB_THREADS is 'many'; it must be a whole number from 1 on"):
        worker.use_own_threads()


def test_warm_up_leaves_a_process_alone_that_is_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both draw from the same random numbers; whatever it would warm up is warm."""
    begun = []
    monkeypatch.setattr(worker, "_take_first_steps", lambda: begun.append("warm-up"))
    with execution.training_turn:
        worker.warm_up()
    assert not begun
    worker.warm_up()
    assert begun


@glibc_only
@pytest.mark.slow
def test_the_warm_up_leaves_no_pool_of_threads_behind() -> None:
    """Those of a training would otherwise be more than there are cores, and OpenMP let them sleep after each step."""
    settings = {"OMP_NUM_THREADS": "3", "MNISTLAB_THREADS": "3"}
    left = _printed(_THREADS % "worker.warm_up()", **settings)
    assert _printed(_THREADS % "worker.WarmUp().setup(None)", **settings) == left - 2

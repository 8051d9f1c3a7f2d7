"""A worker before its first job: it steps back, what it frees stays its own, no thread is left from the warm-up."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mnistlab import execution, worker
from mnistlab.errors import ConfigError
from tests.programs import printed

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


glibc_only = pytest.mark.skipif(sys.platform != "linux", reason="the C library and OpenMP of Linux")


@glibc_only
@pytest.mark.parametrize("leads", [True, False])
def test_a_session_steps_back_where_sessions_share_the_cores(leads: bool) -> None:
    done = subprocess.run([sys.executable, "-c", _SHARES], capture_output=True, text=True, start_new_session=leads)
    assert done.returncode == 0, done.stderr
    share = done.stdout.strip()  # nothing, where the cores are not shared among sessions
    assert share.endswith("nice 10") == (leads and bool(share))


@glibc_only
@pytest.mark.parametrize("before", [None, 800])
def test_where_memory_runs_out_a_training_goes_before_the_pages(before: int | None) -> None:
    """It goes on from its last checkpoint, and nobody starts the server again."""
    place = Path("/proc/self/oom_score_adj")
    own = int(place.read_text()) if before is None else before  # which a process may raise, but not lower
    path = f"Path('{place}')"
    source = f"from pathlib import Path; from mnistlab import worker; {path}.write_text('{own}');"
    assert printed(f"{source} worker.step_back(); print({path}.read_text())").strip() == str(max(500, own))


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
    with pytest.raises(ConfigError, match="MNISTLAB_THREADS is 'many'; it must be a whole number, 1 or more"):
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
    left = int(printed(_THREADS % "worker.warm_up()", **settings))
    assert int(printed(_THREADS % "worker.WarmUp().setup(None)", **settings)) == left - 2

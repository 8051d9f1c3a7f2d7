"""Memory that a step frees is kept for the next one, and given back after a run."""

import sys

import pytest
import torch

from tests.programs import printed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the C library of Linux")

# Arrays as large as the weights of the tutorial's network, made and let go as each step does.
_FAULTS = """
import resource, torch
from mnistlab.memory import keep_freed_memory
%s
for count in range(300):
    if count == 20:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.zeros(512, 784)
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize() // 2**20)
"""
_TRAINING = """
from mnistlab.config import RunConfig
from mnistlab.training import TrainingState
TrainingState.start(RunConfig())
"""
# As many small pieces as 100 MB, all of which are let go but the last, so that nothing goes back by itself.
_RESIDENT = """
import psutil, torch
from mnistlab import memory
memory.keep_freed_memory()
pieces = [torch.ones(2_500) for _ in range(10_000)]
del pieces[:-1]
%s
print(psutil.Process().memory_info().rss // 2**20)
"""


@pytest.mark.skipif(torch.__version__ < "2.14", reason="torch 2.13 keeps it by itself")
def test_what_a_step_frees_is_kept_for_the_next_one() -> None:
    """By Dask's own setting each such array is fetched from the system anew: 420 MB in all."""
    assert int(printed(_FAULTS % "", MALLOC_TRIM_THRESHOLD_="65536")) > 200
    assert int(printed(_FAULTS % "keep_freed_memory()", MALLOC_TRIM_THRESHOLD_="65536")) < 20
    assert int(printed(_FAULTS % _TRAINING, MALLOC_TRIM_THRESHOLD_="65536")) < 20


def test_what_a_run_has_freed_is_given_back_after_it() -> None:
    assert int(printed(_RESIDENT % "")) - int(printed(_RESIDENT % "memory.give_back_memory()")) > 80

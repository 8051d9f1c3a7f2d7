"""One model trained by two real processes, as torchrun starts them: the curve of one process, in the store once."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from mnistlab import steering
from mnistlab.data import Dataset
from mnistlab.runs import Run
from mnistlab.store import Store
from mnistlab.training import train
from tests.acting import only_run
from tests.tiny import losses_of
from tests.trust.places import PROJECT

PATIENCE = 150.0
EPOCHS = 10


@pytest.fixture(autouse=True)
def _one_thread_each(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    lab.mkdir()


def two_processes(*arguments: str) -> "subprocess.Popen[str]":
    """The command line on 600 images, in two processes."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.Popen(
        [*torchrun, "-m", "tests.tiny", *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def trainers(torchrun: "subprocess.Popen[str]") -> list[psutil.Process]:
    return [child for child in psutil.Process(torchrun.pid).children() if "tests.tiny" in child.cmdline()]


def same_curve(store: Store, run: Run, dataset: Dataset) -> None:
    """Each step once, with the losses of a single process up to rounding."""
    curve, alone = store.curve(run.id), losses_of(train(run.config, dataset))
    assert curve.steps.tolist() == list(range(1, len(alone) + 1))
    np.testing.assert_allclose(curve.losses, alone, atol=1e-5, rtol=0)


def test_two_processes_learn_what_one_does_and_stop_together(tiny_dataset: Dataset) -> None:
    command = ("train", "--preset", "tutorial-mlp", "--epochs", str(EPOCHS), "--device", "cpu")
    torchrun, store = two_processes(*command), Store()
    run = only_run(store, lambda run: run.step > 0)
    both = trainers(torchrun)
    assert len(both) == 2
    steering.pause(run.id, store)
    only_run(store, lambda run: run.is_paused)
    torchrun.send_signal(signal.SIGINT)  # torchrun passes it on to both
    _, said = torchrun.communicate(timeout=PATIENCE)
    assert not [process for process in both if process.is_running()]
    stopped = store.run(run.id)
    assert (stopped.state, 0 < stopped.step < 30 * EPOCHS) == ("stopped", True), said

    code = two_processes("resume", run.id).communicate(timeout=PATIENCE), store.run(run.id)
    finished = store.run(run.id)
    assert (finished.state, finished.error) == ("finished", None), code
    assert [one.id for one in store.runs()] == [run.id]  # the first process alone has written
    assert finished.result is not None
    assert "in 2 processes" in finished.result["machine"]["device"]
    same_curve(store, finished, tiny_dataset)


def test_a_killed_process_ends_the_other_with_a_sentence_and_the_run_can_be_resumed() -> None:
    torchrun, store = two_processes("train", "--preset", "tutorial-mlp", "--epochs", "1000", "--device", "cpu"), Store()
    run = only_run(store, lambda run: run.step > 0)
    both = trainers(torchrun)
    leader = int((run.worker or "").rpartition(":")[2])
    (other,) = [process for process in both if process.pid != leader]
    other.kill()
    _, said = torchrun.communicate(timeout=PATIENCE)
    assert torchrun.returncode != 0
    assert not [process for process in both if process.is_running()]
    ended = store.run(run.id)
    assert ended.state == "failed", said
    assert "Another process of this training has ended" in (ended.error or "")
    assert "mnistlab: The run" in said
    assert steering.requeue(run.id, store)

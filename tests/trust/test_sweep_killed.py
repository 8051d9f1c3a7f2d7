"""A sweep in a lab: a worker that is killed in the middle of it costs at most the trial that it had."""

import os
import signal
import time
from typing import Any

import pytest

from mnistlab import jobs, sweep
from mnistlab.sweep_config import parse_sweep
from tests.trust.conftest import Place

PATIENCE = 180.0
TWELVE: dict[str, Any] = {
    "base": {
        "model": {"hidden": (16,)},
        "train": {"batch_size": 100, "epochs": 1, "validation_size": 30_000, "device": "cpu"},
    },
    "parameters": [{"setting": "train.learning_rate", "low": 0.01, "high": 1}],
    "sampler": "tpe",
    "num_trials": 12,
}


@pytest.mark.parametrize("place", ["lab"], indirect=True)
def test_a_worker_killed_in_a_sweep_of_twelve_costs_at_most_its_trial(place: Place) -> None:
    sweep_id = sweep.start(parse_sweep(TWELVE), place.store)
    killed: int | None = None
    until = time.monotonic() + PATIENCE
    while (found := sweep.find(sweep_id, place.store)).is_active:
        assert time.monotonic() < until, found.counts
        jobs.wake(place.store)
        if killed is None and found.counts["finished"] >= 2:
            worker = next((trial.run.worker for trial in found.trials if trial.run.state == "running"), None)
            if worker is not None:
                killed = int(worker.rpartition(":")[2])
                os.kill(killed, signal.SIGKILL)
        time.sleep(0.02)
    assert killed is not None
    assert found.counts["finished"] >= 11, [trial.run.error for trial in found.trials]
    assert found.counts["finished"] + found.counts["failed"] == 12
    assert sorted(trial.number for trial in found.ranked if trial.number is not None) == sorted(
        {trial.number for trial in found.ranked}  # no number twice
    )

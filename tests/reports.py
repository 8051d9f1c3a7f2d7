"""What a worker tells a store, in short; pure, without pytest."""

import numpy as np

from mnistlab.events import EpochEnded, StepsTaken
from mnistlab.store import Store
from tests import tiny

CONFIG = tiny.config()


def report(first_step: int, last_step: int, seconds: float = 1.0) -> StepsTaken:
    """Steps whose loss is one over their number."""
    losses = (1 / np.arange(first_step, last_step + 1)).astype(np.float32)
    return StepsTaken(first_step, last_step, last_step / 5, losses, 0.5 + last_step / 100, 0.1, 1234.5, seconds)


def ended(epoch: int, step: int, train_loss: float | None = 0.5) -> EpochEnded:
    return EpochEnded(epoch, step, train_loss, 0.9, None, None, 1000.0, 2.0)


def running(store: Store, worker: str = "host:1") -> tuple[str, int]:
    run_id = store.create(CONFIG)
    attempt = store.claim(run_id, worker)
    assert attempt is not None
    return run_id, attempt

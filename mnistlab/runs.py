"""What the store gives back: a run as it is now, and its curve."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sqlalchemy import RowMapping

from mnistlab.config import RunConfig, parse_config

State = Literal["queued", "running", "lost", "finished", "stopped", "failed"]

# A worker writes twice a second; one that has been silent for this long is gone.
LOST_AFTER_SECONDS = 15


@dataclass(frozen=True)
class Run:
    """A run as it was when it was read; times are seconds since 1970, `seconds` were spent in the training loop."""

    id: str
    config: RunConfig
    state: State
    control: str | None
    attempt: int
    created: float
    finished: float | None
    worker: str | None
    step: int
    num_steps: int | None
    epoch: float
    images_per_second: float | None
    seconds: float
    error: str | None
    result: dict[str, Any] | None

    @property
    def is_active(self) -> bool:
        """Whether it may still change by itself or be stopped."""
        return self.state in ("queued", "running", "lost")

    @property
    def progress(self) -> float:
        """Share of the steps taken, 0 to 1."""
        return self.step / self.num_steps if self.num_steps else 0.0

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the pace so far; None before there is one."""
        if self.state != "running" or not self.step or not self.num_steps:
            return None
        return self.seconds / self.step * (self.num_steps - self.step)


@dataclass(frozen=True, eq=False)
class Curve:
    """Losses step by step, and the training accuracy of each report."""

    steps: npt.NDArray[np.int64]  # (N,) counted from 1
    losses: npt.NDArray[np.float32]  # (N,)
    report_steps: npt.NDArray[np.int64]  # (R,) last step of each report
    accuracies: npt.NDArray[np.float64]  # (R,) share read correctly in the steps of that report

    def running_accuracy(self, window: int) -> npt.NDArray[np.float64]:
        """(R,): each report's accuracy, averaged over the reports of up to `window` steps before it.

        Reports come by time, so that one of a few steps is as noisy as it is short: each counts by its steps.
        """
        num_steps = np.diff(self.report_steps, prepend=self.steps[:1] - 1)
        sums = np.concatenate([[0.0], np.cumsum(self.accuracies * num_steps)])
        totals = np.concatenate([[0.0], np.cumsum(num_steps)])
        ends = np.arange(1, len(self.accuracies) + 1)
        starts = np.minimum(np.searchsorted(totals, totals[ends] - window), ends - 1)
        means: npt.NDArray[np.float64] = (sums[ends] - sums[starts]) / (totals[ends] - totals[starts])
        return means

    def running_mean(self, window: int) -> npt.NDArray[np.float64]:
        """(N,): each step's loss averaged with up to `window` - 1 steps before it."""
        sums = np.concatenate([[0.0], np.cumsum(self.losses, dtype=np.float64)])
        ends = np.arange(1, len(self.losses) + 1)
        starts = np.maximum(0, ends - window)
        means: npt.NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)
        return means

    @classmethod
    def from_rows(cls, rows: Sequence[RowMapping]) -> "Curve":
        """Put the reports, in order of their steps, end to end."""
        steps = [np.arange(row["first_step"], row["last_step"] + 1) for row in rows]
        losses = [np.frombuffer(row["values"], "<f4") for row in rows]
        return cls(
            steps=np.concatenate([np.empty(0, np.int64), *steps]),
            losses=np.concatenate([np.empty(0, np.float32), *losses]),
            report_steps=np.array([row["last_step"] for row in rows], np.int64),
            accuracies=np.array([row["accuracy"] for row in rows], np.float64),
        )


def run_from_row(row: RowMapping) -> Run:
    """Read a row of the store; a running run without a recent heartbeat is lost."""
    state: State = row["state"]
    if state == "running" and time.time() - (row["heartbeat"] or 0) > LOST_AFTER_SECONDS:
        state = "lost"
    return Run(
        id=row["id"],
        config=parse_config(row["config"]),
        state=state,
        control=row["control"],
        attempt=row["attempt"],
        created=row["created"],
        finished=row["finished"],
        worker=row["worker"],
        step=row["step"],
        num_steps=row["num_steps"],
        epoch=row["epoch"],
        images_per_second=row["images_per_second"],
        seconds=row["seconds"],
        error=row["error"],
        result=json.loads(row["result"]) if row["result"] else None,
    )

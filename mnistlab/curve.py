"""The curve of a run: its reports, joined in order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import RowMapping

from mnistlab.events import Probes


@dataclass(frozen=True, eq=False)
class Curve:
    """Losses step by step, and for each report its training accuracy, learning rate and probes."""

    steps: npt.NDArray[np.int64]  # (N,) counted from 1
    losses: npt.NDArray[np.float32]  # (N,)
    report_steps: npt.NDArray[np.int64]  # (R,) last step of each report
    accuracies: npt.NDArray[np.float64]  # (R,) share read correctly in the steps of that report
    learning_rates: npt.NDArray[np.float64]  # (R,) of that last step
    probes: tuple[Probes | None, ...]  # (R,) how the network looked inside after that step

    def running_accuracy(self, window: int) -> npt.NDArray[np.float64]:
        """(R,): each report's accuracy, averaged with the reports before it that make up `window` steps together.

        Reports are made at intervals of time and cover different numbers of steps, so each is weighted by its steps.
        """
        num_steps = np.diff(self.report_steps, prepend=self.steps[:1] - 1)
        sums = np.concatenate([[0.0], np.cumsum(self.accuracies * num_steps)])
        totals = np.concatenate([[0.0], np.cumsum(num_steps)])
        ends = np.arange(1, len(self.accuracies) + 1)
        starts = np.maximum(0, np.searchsorted(totals, totals[ends] - window, side="right") - 1)
        means: npt.NDArray[np.float64] = (sums[ends] - sums[starts]) / (totals[ends] - totals[starts])
        return means

    def running_mean(self, window: int) -> npt.NDArray[np.float64]:
        """(N,): each step's loss averaged with up to `window` - 1 steps before it."""
        sums = np.concatenate([[0.0], np.cumsum(self.losses, dtype=np.float64)])
        ends = np.arange(1, len(self.losses) + 1)
        starts = np.maximum(0, ends - window)
        means: npt.NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)
        return means

    def extended(self, more: "Curve") -> "Curve":
        """This curve, followed by another one that continues its steps."""
        arrays = ("steps", "losses", "report_steps", "accuracies", "learning_rates")
        joined = {name: np.concatenate([getattr(self, name), getattr(more, name)]) for name in arrays}
        return Curve(**joined, probes=self.probes + more.probes)

    @classmethod
    def from_rows(cls, rows: Sequence[RowMapping]) -> "Curve":
        """Join the reports, given in the order of their steps."""
        steps = [np.arange(row["first_step"], row["last_step"] + 1) for row in rows]
        losses = [np.frombuffer(row["values"], "<f4") for row in rows]
        return cls(
            steps=np.concatenate([np.empty(0, np.int64), *steps]),
            losses=np.concatenate([np.empty(0, np.float32), *losses]),
            report_steps=np.array([row["last_step"] for row in rows], np.int64),
            accuracies=np.array([row["accuracy"] for row in rows], np.float64),
            learning_rates=np.array([row["learning_rate"] for row in rows], np.float64),
            probes=tuple(Probes(**json.loads(row["probes"])) if row["probes"] else None for row in rows),
        )

"""A snapshot of a sweep: its trials, which of them is the best, and which can be resumed."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from mnistlab.runs import ACTIVE, Run
from mnistlab.space import Value
from mnistlab.sweep_config import SweepConfig


@dataclass(frozen=True)
class Trial:
    """One run of a sweep, and how it did on the held-out images."""

    run: Run
    values: dict[str, Value]  # of the varied settings, by name; empty before it has asked
    epochs: int  # as planned at first
    accuracies: dict[int, float]  # validation accuracy by epoch, from 1

    @property
    def number(self) -> int | None:
        """Its number in the sweep, in the order in which trials began; None before."""
        return self.run.trial

    @property
    def is_pruned(self) -> bool:
        """Whether it was stopped because it lagged behind."""
        return self.run.is_pruned

    @property
    def accuracy(self) -> float | None:
        """Validation accuracy after the last epoch that was planned; None for one that did not get there."""
        return self.accuracies.get(self.epochs)

    @property
    def last_accuracy(self) -> float | None:
        """Validation accuracy after its last epoch so far."""
        return self.accuracies[max(self.accuracies)] if self.accuracies else None

    @property
    def can_go_on(self) -> bool:
        """Whether it was stopped or lost, or failed before it was given values: with these, most would fail again."""
        return self.state in ("stopped", "lost") or (self.state == "failed" and self.number is None)

    @property
    def state(self) -> str:
        """Its run's state, or "pruned"."""
        return "pruned" if self.is_pruned else self.run.state


@dataclass(frozen=True)
class Sweep:
    """A snapshot of a sweep."""

    id: str
    config: SweepConfig
    owner: str | None
    created: float
    trials: tuple[Trial, ...]  # in the order in which they were planned

    @cached_property
    def ranked(self) -> list[Trial]:
        """The finished trials, the best first; of equals the earlier one."""
        finished = [trial for trial in self.trials if trial.accuracy is not None]
        return sorted(finished, key=lambda trial: -(trial.accuracy or 0))

    @property
    def best(self) -> Trial | None:
        """The trial whose network reads the most held-out images correctly."""
        return self.ranked[0] if self.ranked else None

    @cached_property
    def counts(self) -> Counter[str]:
        """How many trials are in each state."""
        return Counter(trial.state for trial in self.trials)

    @property
    def num_over(self) -> int:
        """How many trials have come to an end by themselves."""
        return self.counts["finished"] + self.counts["pruned"] + self.counts["failed"]

    @property
    def outcomes(self) -> tuple[tuple[str, str, float | None], ...]:
        """The outcome of each trial that is over: a key to tell whether pictures of a sweep are still current."""
        over = (trial for trial in self.trials if trial.state not in ACTIVE)
        return tuple((trial.run.id, trial.state, trial.accuracy) for trial in over)

    @property
    def is_active(self) -> bool:
        """Whether it goes on by itself."""
        return bool(self.counts["queued"] + self.counts["running"])

    @property
    def resumable(self) -> list[Trial]:
        """The trials that can be resumed."""
        return [trial for trial in self.trials if trial.can_go_on]

    @property
    def can_be_resumed(self) -> bool:
        """Whether any trial can be resumed."""
        return bool(self.resumable)

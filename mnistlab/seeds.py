"""Runs that differ only in their seed: the repeats of one recipe, their mean and their spread."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from statistics import fmean

import numpy as np
import numpy.typing as npt

from mnistlab.config import RunConfig
from mnistlab.means import mean_interval
from mnistlab.runs import Run

# What is said of two networks of one recipe with two seeds, whatever the test says.
ONE_RECIPE = "These are one recipe: what sets their networks apart is the seed, and that is luck."
_GRID = 300  # points of a mean curve


@dataclass(frozen=True)
class Group:
    """Runs of one recipe, in the order given; at least one."""

    runs: tuple[Run, ...]

    @cached_property
    def tested(self) -> list[Run]:
        """Its runs with a test result, one for each seed: the same seed again gives the same network again."""
        by_seed: dict[int, Run] = {}
        for run in self.runs:
            if run.result is not None:
                by_seed.setdefault(run.config.train.seed, run)
        return list(by_seed.values())

    @property
    def accuracies(self) -> list[float]:
        """The test accuracy, 0 to 1, of each seed that has one."""
        return [run.result["test_accuracy"] for run in self.tested if run.result is not None]

    @property
    def mean(self) -> float | None:
        """The mean test accuracy over its seeds; None before there is one."""
        return fmean(self.accuracies) if self.accuracies else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % confidence interval of the mean over all possible seeds; None for fewer than two seeds."""
        if len(self.accuracies) < 2:
            return None
        low, high = mean_interval(self.accuracies, resolution=self.resolution)
        return max(0.0, low), min(1.0, high)  # an accuracy is a share

    @property
    def resolution(self) -> float:
        """How far two neighbouring accuracies lie apart: one test image; 0 before there is a result."""
        return 1 / counted(self.tested[0])[1] if self.tested else 0.0


@dataclass(frozen=True, eq=False)
class Spread:
    """Several curves as one, in arrays (N,): positions, and the mean, lowest and highest value at each."""

    x: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


def counted(run: Run) -> tuple[int, int]:
    """How many test images a tested run has read correctly, and of how many."""
    assert run.result is not None
    per_digit = run.result["per_digit"]
    return sum(correct for correct, _ in per_digit), sum(images for _, images in per_digit)


def grouped(runs: Sequence[Run]) -> list[Group]:
    """Group runs by recipe, in the order in which each recipe first occurs."""
    groups: dict[Hashable, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.recipe, []).append(run)
    return [Group(tuple(members)) for members in groups.values()]


def with_repeats(run: Run, listed: Sequence[Run]) -> tuple[Run, ...]:
    """A run, followed by all other listed runs of its recipe."""
    return run, *(other for other in listed if other.id != run.id and other.recipe == run.recipe)


def repeats(config: RunConfig, taken: Sequence[int], number: int) -> list[RunConfig]:
    """This number of repeats of a recipe, with the smallest seeds that are not taken."""
    free = (seed for seed in count() if seed not in set(taken))
    seeds = islice(free, number)
    return [config.with_training(seed=seed) for seed in seeds]


def spread(curves: Sequence[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]) -> Spread:
    """Combine curves over the range of x that they share.

    Args:
        curves: (x, y) each, x ascending; points whose y is not a number are left out.
    """
    kept = [(x[np.isfinite(y)], y[np.isfinite(y)]) for x, y in curves]
    if not kept or not all(len(x) for x, _ in kept):
        nothing = np.empty(0)
        return Spread(nothing, nothing, nothing, nothing)
    begin, end = max(x[0] for x, _ in kept), min(x[-1] for x, _ in kept)
    points = np.unique(np.concatenate([x for x, _ in kept]))
    points = points[(points >= begin) & (points <= end)]
    if len(points) > _GRID:
        points = np.linspace(begin, end, _GRID)
    values = np.array([np.interp(points, x, y) for x, y in kept])
    return Spread(points, values.mean(0), values.min(0), values.max(0))

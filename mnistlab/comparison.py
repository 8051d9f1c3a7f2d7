"""Two models on the same images: who gets which right, and whether the difference is more than luck."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mnistlab.errors import DataError
from mnistlab.evaluation import Evaluation
from mnistlab.figures import count_of, round_to_two

# The p-value below which a difference is usually called real. Source: R. A. Fisher's convention of 1 in 20.
LUCK = 0.05


@dataclass(frozen=True, eq=False)
class Comparison:
    """For N images, who read each one correctly: `first` and `second` (N,) bool."""

    first: npt.NDArray[np.bool_]
    second: npt.NDArray[np.bool_]

    def cell(self, first: bool, second: bool) -> npt.NDArray[np.int64]:
        """(K,): the images on which the first and the second model are right (True) or wrong (False) like this."""
        return np.flatnonzero((self.first == first) & (self.second == second))

    @property
    def only_first(self) -> int:
        """How many images the first model alone reads correctly."""
        return len(self.cell(True, False))

    @property
    def only_second(self) -> int:
        """How many images the second model alone reads correctly."""
        return len(self.cell(False, True))

    @property
    def p_value(self) -> float:
        """McNemar's exact test on the images that one model alone reads correctly."""
        return mcnemar(self.only_first, self.only_second)


def compare(first: Evaluation, second: Evaluation) -> Comparison:
    """Compare two models' answers image by image.

    Raises:
        DataError: they were not given the same images.
    """
    if not np.array_equal(first.labels, second.labels):
        raise DataError(
            f"The two models were not given the same images: {len(first.labels):,} of {first.split} and "
            f"{len(second.labels):,} of {second.split}. Compare two models of one data set on its test images."
        )
    return Comparison(first.correct, second.correct)


def mcnemar(only_first: int, only_second: int) -> float:
    """How often a fair coin would divide the disputed images at least as unevenly: 0 to 1, exact, two-sided.

    Source: Q. McNemar, Psychometrika 12, 1947, with the binomial distribution in place of chi-squared.
    """
    disputed = only_first + only_second
    # Whole numbers until the very end, because 2 to the power of 10,000 overflows a float. Each binomial is computed
    # from the one before, because thousands of them from scratch take seconds.
    ways, here = 0, 1
    for successes in range(min(only_first, only_second) + 1):
        ways += here
        here = here * (disputed - successes) // (successes + 1)
    return min(1.0, float(2 * ways / (1 << disputed)))


def verdict(comparison: Comparison, first: str, second: str) -> str:
    """McNemar's test in words, for two models of these names."""
    one, other = comparison.only_first, comparison.only_second
    if one + other == 0:
        return "They are right and wrong on exactly the same digits: there is nothing to tell them apart by."
    if one == other:
        return f"Each is right {_times(one)} where the other is wrong: neither is ahead."
    ahead, wins = (first, one) if one > other else (second, other)
    odds = how_often(comparison.p_value, "McNemar's exact test")
    luck = (
        f"On {count_of(one + other, 'digit')} only one of the two is right; {_times(wins)} it is {ahead}. If both "
        "were equally good, each of these digits would be a coin toss, and that many tosses come out at least this "
        f"unevenly {odds}"
    )
    if comparison.p_value < LUCK:
        return f"{luck} So this is more than luck: **{ahead} is better** on digits like these."
    return f"{luck} So **this may well be luck**: these digits do not tell which of the two is better."


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def how_often(p_value: float, test: str) -> str:
    """A probability in words, followed by the test's p-value."""
    if p_value < 1e-6:
        return f"less than once in a million times ({test}, p < 0.000001)."
    if p_value < LUCK:
        return f"once in {round_to_two(1 / p_value):,.0f} times ({test}, p = {p_value:.2g})."
    return f"{100 * p_value:.0f} times in 100 ({test}, p = {p_value:.2f})."

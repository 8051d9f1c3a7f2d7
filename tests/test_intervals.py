"""Wilson's interval against a published table, against scipy, and as a property of random samples."""

import numpy as np
import pytest
from scipy.stats import binomtest

from mnistlab.errors import ConfigError
from mnistlab.intervals import difference_interval, luck_between, wilson_interval


@pytest.mark.parametrize(
    ("num_correct", "num_images", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_interval_is_that_of_newcombes_table(num_correct: int, num_images: int, low: float, high: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17, 1998, table I, method 3."""
    assert wilson_interval(num_correct, num_images) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("num_correct", "num_images"), [(0, 1), (1, 1), (9790, 10_000), (10_000, 10_000), (4987, 5000)]
)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_interval_is_scipys(num_correct: int, num_images: int, confidence: float) -> None:
    expected = binomtest(num_correct, num_images).proportion_ci(confidence, method="wilson")
    assert wilson_interval(num_correct, num_images, confidence) == pytest.approx(tuple(expected), abs=1e-9)


def test_nineteen_of_twenty_intervals_hold_the_true_share() -> None:
    counts = np.random.default_rng(0).binomial(1000, 0.97, 2000)
    held = [low <= 0.97 <= high for low, high in (wilson_interval(int(count), 1000) for count in counts)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_no_interval_leaves_0_to_1_by_rounding() -> None:
    ends = [(wilson_interval(0, number)[0], wilson_interval(number, number)[1]) for number in range(1, 400)]
    assert all(low >= 0 and high <= 1 for low, high in ends)


@pytest.mark.parametrize("accuracy", [0.5, 0.97])
def test_nineteen_of_twenty_pairs_of_equals_lie_no_farther_apart_than_luck(accuracy: float) -> None:
    shares = np.random.default_rng(0).binomial(2000, accuracy, (4000, 2)) / 2000
    apart = np.abs(shares[:, 0] - shares[:, 1])
    assert np.mean(apart < luck_between(accuracy, 2000)) == pytest.approx(0.95, abs=0.015)


def test_two_that_read_everything_may_differ_on_other_images() -> None:
    assert luck_between(1.0, 100) == pytest.approx(1.96 * np.sqrt(2 * 0.01 / 100), rel=1e-3)


@pytest.mark.parametrize(("num_correct", "num_images"), [(0, 0), (-1, 10), (11, 10)])
def test_a_count_that_is_no_share_is_refused(num_correct: int, num_images: int) -> None:
    with pytest.raises(ConfigError, match="is no share"):
        wilson_interval(num_correct, num_images)
    for counts in ((num_correct, num_images, 1, 2), (1, 2, num_correct, num_images)):
        with pytest.raises(ConfigError, match="is no share"):
            difference_interval(*counts)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_is_between_0_and_1(confidence: float) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        wilson_interval(5, 10, confidence)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((0, 20), (10, 10), 0.6791, 1.0000),
        ((0, 10), (0, 20), -0.2775, 0.1611),
    ],
)
def test_difference_of_two_shares_has_the_published_interval(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """Source: Newcombe 1998, table II, method 10."""
    assert difference_interval(*first, *second) == pytest.approx((low, high), abs=5e-5)

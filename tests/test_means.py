"""Intervals of means and Welch's test, against scipy's."""

import numpy as np
import pytest
from scipy import stats

from mnistlab.errors import ConfigError
from mnistlab.means import mean_interval, next_interval, t_quantile, welch

GROUPS = [(2, 2), (5, 5), (3, 8), (2, 30)]


def drawn(num_first: int, num_second: int) -> tuple[list[float], list[float]]:
    generator = np.random.default_rng(num_first)
    return list(generator.normal(0.976, 0.001, num_first)), list(generator.normal(0.978, 0.003, num_second))


@pytest.mark.parametrize("freedom", [0.3, 1, 1.5, 4, 30, 1000])
@pytest.mark.parametrize("probability", [0.6, 0.9, 0.975, 0.9999])
def test_quantiles_are_those_of_scipys_distribution(freedom: float, probability: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), rel=1e-9)


@pytest.mark.parametrize("sizes", GROUPS)
def test_difference_interval_and_odds_are_those_of_scipys_test(sizes: tuple[int, int]) -> None:
    first, second = drawn(*sizes)
    theirs = stats.ttest_ind(second, first, equal_var=False)
    ours, interval = welch(first, second), theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert ours.difference == pytest.approx(np.mean(second) - np.mean(first))


def test_interval_of_a_mean_is_that_of_scipy() -> None:
    values, _ = drawn(5, 2)
    theirs = stats.t.interval(0.9, 4, np.mean(values), stats.sem(values))
    assert mean_interval(values, 0.9) == pytest.approx(theirs, rel=1e-9)


def test_one_repeat_more_falls_into_its_interval_19_times_in_20() -> None:
    samples = np.random.default_rng(0).normal(size=(4000, 6))
    inside = [low <= sample[5] <= high for sample in samples for low, high in [next_interval(list(sample[:5]))]]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.015)


def test_groups_without_any_scatter_are_as_sure_as_it_gets() -> None:
    assert welch([0.5, 0.5], [0.5, 0.5]).p_value == 1
    apart = welch([0.5, 0.5], [0.75, 0.75])
    assert (apart.difference, apart.low, apart.high, apart.p_value) == (0.25, 0.25, 0.25, 0)


def test_a_single_value_has_no_scatter() -> None:
    with pytest.raises(ConfigError, match="two values or more; 1 was given"):
        welch([0.9], [0.9, 0.8])
    with pytest.raises(ConfigError, match="two values or more; 1 was given"):
        next_interval([0.9])
    for confidence in (0, 1, 95):
        with pytest.raises(ConfigError, match=f"between 0 and 1; {confidence} was given"):
            mean_interval([0.9, 0.8], confidence)


def test_values_that_happen_to_be_equal_are_not_taken_for_values_that_cannot_scatter() -> None:
    same, above = [0.9790, 0.9790], [0.9791, 0.9791]
    assert welch(same, above).p_value == 0  # of numbers that are not counted, nothing else is known
    found = welch(same, above, resolution=1e-4)
    assert found.low < 0 < found.high
    assert found.p_value > 0.05
    low, high = next_interval(same, resolution=1e-4)
    assert low < above[0] < high
    low, high = mean_interval(same, resolution=1e-4)
    assert low < same[0] < high
    scattered = [0.97, 0.98, 0.985]
    for interval in (mean_interval, next_interval):
        assert interval(scattered, resolution=1e-4) == interval(scattered)

"""Thinning: what a long curve may lose on its way to the screen, and what it must keep."""

import numpy as np
import pytest

from ui.live_chart.thin import thin


def noisy(num: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(num, dtype=np.float64), np.random.default_rng(0).normal(size=num)


def test_short_curve_is_returned_as_it_is() -> None:
    x, y = noisy(1000)
    kept_x, kept_y = thin(x, y)
    assert kept_x is x
    assert kept_y is y


@pytest.mark.parametrize("num", [1001, 1002, 1999, 2000, 10_000, 123_457])
def test_long_curve_keeps_its_ends_and_at_most_the_points_allowed(num: int) -> None:
    x, y = noisy(num)
    kept_x, kept_y = thin(x, y)
    assert 400 < len(kept_x) == len(kept_y) <= 1000
    assert (kept_x[0], kept_x[-1]) == (x[0], x[-1])
    assert (np.diff(kept_x) > 0).all()
    np.testing.assert_array_equal(kept_y, y[kept_x.astype(int)])


@pytest.mark.parametrize("most", [4, 5, 6, 7, 100])
def test_limit_holds_for_every_limit(most: int) -> None:
    kept_x, _ = thin(*noisy(5000), most=most)
    assert len(kept_x) <= most


def test_highest_and_lowest_point_survive() -> None:
    x, y = noisy(50_000)
    _, kept_y = thin(x, y)
    assert kept_y.max() == y.max()
    assert kept_y.min() == y.min()


def test_growing_curve_keeps_the_points_it_has_shown() -> None:
    x, y = noisy(10_001)
    before, _ = thin(x[:10_000], y[:10_000])
    after, _ = thin(x, y)
    assert len(np.setdiff1d(before, after)) <= 2


def test_nan_is_passed_over_where_a_bucket_has_numbers() -> None:
    x, y = noisy(10_000)
    y[::2] = np.nan
    _, kept_y = thin(x, y)
    assert np.isnan(kept_y[1:-1]).sum() == 0
    assert np.nanmax(kept_y) == np.nanmax(y)


def test_gap_stays_a_gap() -> None:
    x, y = noisy(10_000)
    y[4000:6000] = np.nan
    kept_x, kept_y = thin(x, y)
    inside = (kept_x > 4100) & (kept_x < 5900)
    assert inside.sum() > 50
    assert np.isnan(kept_y[inside]).all()


def test_float32_and_infinite_values_are_taken() -> None:
    x, y = noisy(5000)
    y[77] = np.inf
    _, kept_y = thin(x.astype(np.float32), y.astype(np.float32))
    assert kept_y.dtype == np.float32
    assert np.isfinite(kept_y).all()


def test_unequal_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3,\) and \(4,\)"):
        thin(np.zeros(3), np.zeros(4))


def test_limit_below_four_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        thin(np.zeros(3), np.zeros(3), most=3)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_curve_far_from_zero_keeps_its_own_lowest_and_highest(sign: int) -> None:
    x = np.arange(103.0)
    y = sign * (5 + np.sin(x))
    y[99] = sign  # near the end, where a bucket is not full
    thin_x, thin_y = thin(x, y, 20)
    assert (thin_y.min(), thin_y.max()) == (y.min(), y.max())
    np.testing.assert_array_equal(thin_y, y[thin_x.astype(int)])

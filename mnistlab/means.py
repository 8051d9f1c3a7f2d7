"""What a few repeats say about a mean: Student's t interval of one, Welch's of the difference of two.

Counted values, such as right answers, have a `resolution`: the distance between two neighbouring values. A few that
happen to be equal would look as if they could not vary; their variance is taken to be at least that of rounding,
resolution**2 / 12.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from mnistlab.errors import ConfigError

_PRECISE = 1e-14
_MOST_TERMS = 500  # of a continued fraction that needs some 50


@dataclass(frozen=True)
class MeanDifference:
    """How far the mean of a second group lies above that of a first, with its 95 % interval and p-value."""

    difference: float
    low: float
    high: float
    p_value: float  # of a difference at least as large, either way, where the true means are equal


def mean_interval(values: Sequence[float], confidence: float = 0.95, resolution: float = 0) -> tuple[float, float]:
    """Student's interval of the mean of all possible repeats, estimated from a few of them.

    Args:
        values: at least two.
        resolution: see above.

    Raises:
        ConfigError: fewer than two values, or a confidence that is not between 0 and 1.
    """
    _check(values, confidence)
    reach = t_quantile((1 + confidence) / 2, len(values) - 1) * math.sqrt(_variance(values, resolution) / len(values))
    return fmean(values) - reach, fmean(values) + reach


def next_interval(values: Sequence[float], resolution: float = 0) -> tuple[float, float]:
    """The 95 % prediction interval: where one more repeat would lie; wider than the interval of their mean.

    Raises:
        ConfigError: fewer than two values.
    """
    _check(values)
    spread = math.sqrt(_variance(values, resolution) * (1 + 1 / len(values)))
    reach = t_quantile(0.975, len(values) - 1) * spread
    return fmean(values) - reach, fmean(values) + reach


def welch(first: Sequence[float], second: Sequence[float], resolution: float = 0) -> MeanDifference:
    """Welch's test and 95 % interval of the difference of two means, whose groups may have different variances.

    Args:
        first, second: at least two values each.
        resolution: see above.

    Raises:
        ConfigError: fewer than two values.
    Source: B. L. Welch, The generalization of "Student's" problem, Biometrika 34, 1947.
    """
    for values in (first, second):
        _check(values)
    difference = fmean(second) - fmean(first)
    parts = [_variance(values, resolution) / len(values) for values in (first, second)]
    error = math.sqrt(sum(parts))
    if error == 0:  # neither group varies at all: as sure as it gets
        return MeanDifference(difference, difference, difference, 0.0 if difference else 1.0)
    denominator = sum(part**2 / (len(values) - 1) for part, values in zip(parts, (first, second), strict=True))
    freedom = sum(parts) ** 2 / denominator
    reach = t_quantile(0.975, freedom) * error
    return MeanDifference(difference, difference - reach, difference + reach, _two_sided(difference / error, freedom))


def t_quantile(probability: float, freedom: float) -> float:
    """The quantile of Student's t distribution at this probability, 0.5 to 1, by bisection.

    Args:
        freedom: degrees of freedom, above 0; they need not be whole.
    """
    low, high = 0.0, 1.0
    while 1 - _two_sided(high, freedom) / 2 < probability:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if 1 - _two_sided(middle, freedom) / 2 < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _two_sided(t: float, freedom: float) -> float:
    """The probability that |T| is at least |t|."""
    return _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def _incomplete_beta(share: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, for `share` in 0 to 1.

    Source: its continued fraction, NIST Digital Library of Mathematical Functions 8.17.22, evaluated by Lentz's method.
    """
    if share in (0.0, 1.0):
        return share
    if share > (a + 1) / (a + b + 2):  # here the other tail's fraction converges faster
        return 1 - _incomplete_beta(1 - share, b, a)
    log_scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(share) + b * math.log1p(-share)
    return math.exp(log_scale) / a / _fraction(share, a, b)


def _fraction(share: float, a: float, b: float) -> float:
    """Evaluate 1 + d1 / (1 + d2 / (1 + ...)) term by term until another one changes nothing."""
    value, numerator, denominator = 1.0, 1.0, 0.0
    for term in range(1, _MOST_TERMS):
        half = term // 2
        if term % 2:
            d = -(a + half) * (a + b + half) * share / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            d = half * (b - half) * share / ((a + 2 * half - 1) * (a + 2 * half))
        denominator = 1 / (1 + d * denominator)
        numerator = 1 + d / numerator
        value *= numerator * denominator
        if abs(numerator * denominator - 1) < _PRECISE:
            break
    return value


def _variance(values: Sequence[float], resolution: float) -> float:
    return max(variance(values), resolution**2 / 12)


def _check(values: Sequence[float], confidence: float = 0.95) -> None:
    if len(values) < 2:
        raise ConfigError(f"Scatter needs two values or more; {len(values)} was given. Repeat it with other seeds.")
    if not 0 < confidence < 1:
        raise ConfigError(f"A confidence lies between 0 and 1; {confidence:g} was given.")

"""Round tick values for an axis, whole ones where fractions mean nothing."""

from math import ceil, floor, log10

_FEW = 3  # ticks: with fewer, a logarithmic axis gets more than the powers of ten
_MOST = 5  # steps of a linear axis


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between two ends, and twice and five times these if there were too few."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    ticks = [10.0**power for power in powers if low <= 10.0**power <= high]
    if len(ticks) < _FEW:
        steps = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
        ticks = [step for step in steps if low <= step <= high]
    return ticks


def linear_ticks(low: float, high: float, is_whole: bool) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten between two ends, at most five steps from the first to the last."""
    least = (high - low) / _MOST
    power = 10.0 ** floor(log10(least))
    step = next(digit * power for digit in (1, 2, 5, 10) if digit * power >= least)
    if is_whole:
        step = max(1.0, step)
    return [round(count * step, 12) for count in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]

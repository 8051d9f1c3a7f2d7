"""Figures as people write them, on pages, in reports and on terminals: each with its unit, rounded, not truncated."""

import math


def percent(share: float, decimals: int = 2) -> str:
    """0.979 -> "97.90 %"."""
    return f"{100 * share:.{decimals}f} %"


def certainty(confidence: float, decimals: int = 0) -> str:
    """0.984 -> "98 %", with one decimal "98.4 %"; what rounds to 100 is "> 99 %", as no network is ever quite sure."""
    step = 10**-decimals
    rounds_to_all = 100 * confidence >= 100 - step / 2
    return f"> {100 - step:.{decimals}f} %" if rounds_to_all else percent(confidence, decimals)


def points(difference: float) -> str:
    """0.0031 of accuracy, in either direction -> "0.31 points"."""
    return f"{100 * abs(difference):.2f} points"


def size(num_bytes: int) -> str:
    """1_628_200 -> "1.63 MB", 5_000 -> "5.0 kB"."""
    return f"{num_bytes / 1e6:,.2f} MB" if num_bytes >= 1e6 else f"{num_bytes / 1e3:.1f} kB"


def round_to_two(number: float) -> float:
    """A number above 0, rounded to two digits: 1234 -> 1200."""
    return round(number, 1 - math.floor(math.log10(number)))


def count_of(number: int, noun: str) -> str:
    """1, "run" -> "1 run"; 2 -> "2 runs"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"

"""Learning rates on a logarithmic scale: the steps of a slider from 0.0001 to 10."""

LOWEST_POWER, HIGHEST = -4, 10.0
_IN_A_DECADE = ("1", "1.5", "2", "3", "5", "7")
LADDER = (*(float(f"{digits}e{power}") for power in range(LOWEST_POWER, 1) for digits in _IN_A_DECADE), HIGHEST)


def steps(*own: float) -> list[float]:
    """The steps of the slider, with these rates among them."""
    return sorted({*LADDER, *own})


def changed(rate: float, factor: float) -> float:
    """A rate times a factor, to two digits: 0.1 / 3 is 0.033."""
    return float(f"{rate * factor:.2g}")


def shown(rate: float) -> str:
    """0.1 -> "0.1", 0.00015 -> "0.00015": no powers of ten."""
    text = f"{rate:.10f}".rstrip("0").rstrip(".")
    return text if float(text or 0) else f"{rate:g}"

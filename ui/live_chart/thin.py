"""Thin a long curve to what a screen can show, without losing its peaks. Pure numpy; others draw it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]


def thin(x: FloatArray, y: FloatArray, most: int = 1000) -> tuple[FloatArray, FloatArray]:
    """Return at most `most` of the points: both ends, and the lowest and highest of each bucket between.

    The number of points in a bucket is a power of two, so that a growing curve keeps the points it has shown
    until it doubles, instead of shimmering at each new one.

    x, y: (N,) float; y may hold NaN, and a bucket of nothing but NaN keeps one, so that a gap stays a gap.
    Returns two arrays (M,), M <= most, in the order given.
    Raises: ValueError if x and y are not two equally long vectors, or `most` is below 4.
    """
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"x and y must be two vectors of one length; got shapes {x.shape} and {y.shape}")
    if most < 4:
        raise ValueError(f"most must be at least 4 (both ends and one bucket's low and high); got {most}")
    if len(x) <= most:
        return x, y
    kept = _extremes(y[1:-1], most - 2) + 1
    kept = np.concatenate([[0], kept, [len(x) - 1]])
    return x[kept], y[kept]


def _extremes(y: FloatArray, most: int) -> NDArray[np.intp]:
    """Return the indices (M,), ascending, of the lowest and highest value of each bucket; M <= most."""
    width = 1
    while 2 * -(-len(y) // width) > most:
        width *= 2
    padding = -len(y) % width
    buckets = np.pad(y.astype(np.float64), (0, padding), constant_values=np.nan).reshape(-1, width)
    absent = ~np.isfinite(buckets)
    lowest = np.where(absent, np.inf, buckets).argmin(axis=1)
    highest = np.where(absent, -np.inf, buckets).argmax(axis=1)
    starts = np.arange(len(buckets)) * width
    return np.unique(np.concatenate([starts + lowest, starts + highest]))

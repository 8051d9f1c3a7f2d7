"""What one live chart sends to the browser: thinned curves, axis ranges and a sentence for screen readers."""

import base64
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ui.live_chart.thin import FloatArray, thin

PADDING = 0.05  # of the range, above and below the curves
Style = Literal["line", "faint", "behind", "dots", "band"]
_FAR, _USUAL = 2.0, 0.98  # a peak is this many times as high as this quantile of a curve,
_CUTS = np.array([1, 1.5, 2, 3, 4, 5, 6, 8, 10])  # and cut off at a round number, which seldom changes as a curve grows


@dataclass(frozen=True)
class Series:
    """One curve.

    name: shown beside the curve's end, and in the box under the mouse.
    x, y: (N,) float, N may be 0; NaN leaves a gap.
    colour: hex, as "#0072B2".
    style: "line"; "faint", thin and translucent without a name beside it; "behind", the same with its name;
        "dots", markers joined by a line; "band", the faint area within a closed line, without a name beside it.
    sign: what tells it from other curves besides its colour, one of Plotly's markers that labels.js knows; "" for none.
    is_behind: whether it is there for comparison only, so that it is cut off where it would flatten the others.
    """

    name: str
    x: FloatArray
    y: FloatArray
    colour: str
    style: Style = "line"
    sign: str = ""
    is_behind: bool = False


def packed(one: Series) -> dict[str, str]:
    """Return a series as the browser takes it: thinned, little-endian float32 in base64."""
    x, y = thin(one.x, one.y)
    return {
        "name": one.name,
        "style": one.style,
        "colour": one.colour,
        "sign": one.sign,
        "x": _base64(x),
        "y": _base64(y),
    }


def x_extent(series: Sequence[Series]) -> list[float]:
    """Return the lowest and highest x of all points, at least a little apart; [0, 1] where there are none."""
    low, high = _extent(one.x for one in series)
    return [low, high] if high > low else [low, low + 1.0]


def y_extent(series: Sequence[Series], *, percent: bool, log: bool) -> list[float]:
    """Return the y range to show, padded; of the decimal logarithm if `log`, where only values above 0 count.

    Curves that never go below 0 get no room below 0, shares (`percent`) hardly any above 1.
    """
    if log:
        low, high = _extent((_log10(one.y) for one in series), none=(-3.0, 0.0))
    else:
        low, high = _extent(one.y for one in series)
    room = PADDING * (high - low) or 0.05 * abs(high) or 1.0
    if log:
        return [low - room, high + room]
    bottom = low - room if low < 0 else max(0.0, low - room)
    return [bottom, min(high + room, max(high, 1.01)) if percent else high + room]


def cut_at(series: Sequence[Series], ordinary: float) -> tuple[float, float] | None:
    """Where to cut curves off if one has a short, high peak that would flatten all else, and how high that peak is.

    ordinary: a value up to which nothing is ever cut off.
    Returns None if there is no such peak.
    """
    found = [(one.y[np.isfinite(one.y)], one.is_behind) for one in series]
    curves = [(values, is_behind) for values, is_behind in found if len(values)]
    if not curves:
        return None
    highest = max(float(values.max()) for values, _ in curves)
    if highest <= _FAR * ordinary:  # the usual case; quantiles of long curves take time
        return None
    usual = max([ordinary, *(float(np.quantile(values, _USUAL)) for values, is_behind in curves if not is_behind)])
    if highest <= _FAR * usual:
        return None
    decade = 10.0 ** math.floor(math.log10(usual))
    return float(decade * _CUTS[np.searchsorted(_CUTS, usual / decade)]), highest


def spoken(title: str, series: Sequence[Series], x_title: str, *, percent: bool) -> str:
    """Say the title and the last value of every curve that has a name beside it, for screen readers."""
    ends = [_spoken_end(one, x_title, percent) for one in series if one.style not in ("faint", "band")]
    return ". ".join([title, *filter(None, ends)])


def _spoken_end(one: Series, x_title: str, percent: bool) -> str:
    shown = np.flatnonzero(np.isfinite(one.y))
    if not len(shown):
        return ""
    x, y = float(one.x[shown[-1]]), float(one.y[shown[-1]])
    value = f"{y:.2%}".replace("%", " %") if percent else f"{y:.4g}"
    return f"{one.name}: {value} at {x_title} {x:,.7g}"


def _extent(curves: Iterable[FloatArray], none: tuple[float, float] = (0.0, 1.0)) -> tuple[float, float]:
    """Return the lowest and highest finite value, `none` if there is none."""
    finite = [values[np.isfinite(values)] for values in curves]
    if not any(map(len, finite)):
        return none
    together = np.concatenate(finite)
    return float(together.min()), float(together.max())


def _log10(y: FloatArray) -> FloatArray:
    return np.log10(y, where=y > 0, out=np.full(y.shape, math.nan))


def _base64(values: FloatArray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")

"""A run's curves as SVG, drawn once: no script, no request, sharp on paper."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np
import numpy.typing as npt

_WIDTH, _HEIGHT = 480, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 84, 34, 44  # room for ticks, for the lines' names, for the title
_MOST_POINTS = 400  # of a line; a curve of 30,000 steps is averaged into as many
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a chart: its name at its end, its colour by CSS class, its points, and whether each is marked."""

    name: str
    style: str
    x: Values
    y: Values
    is_marked: bool = False


def thinned(x: Values, y: Values) -> tuple[Values, Values]:
    """A long curve, averaged over as many steps as it takes to keep it short."""
    if len(x) <= _MOST_POINTS:
        return x, y
    edges = np.linspace(0, len(x), _MOST_POINTS + 1).astype(int)
    sizes = np.diff(edges)
    return np.add.reduceat(x, edges[:-1]) / sizes, np.add.reduceat(y, edges[:-1]) / sizes


def chart(title: str, x_title: str, lines: Sequence[Line], shown: Callable[[float], str]) -> str:
    """A line chart as SVG; `shown` formats a value of the vertical axis."""
    lines = [line for line in lines if len(line.x)]
    if not lines:
        return ""
    to_x, to_y, ticks_x, ticks_y = _scales(lines)
    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">']
    parts.append(f'<text x="{_LEFT}" y="20" font-weight="600">{escape(title)}</text>')
    for tick in ticks_y:
        y = to_y(tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(shown(tick))}</text>')
    for tick in ticks_x:
        parts.append(
            f'<text x="{to_x(tick):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{tick:,.10g}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x_title)}</text>')
    names = _name_heights([to_y(float(line.y[-1])) for line in lines])
    for line, height in zip(lines, names, strict=True):
        parts += _drawn(line, to_x, to_y, height)
    return "".join([*parts, "</svg>"])


def _drawn(line: Line, to_x: Callable[[float], float], to_y: Callable[[float], float], name_height: float) -> list[str]:
    places = [(to_x(float(x)), to_y(float(y))) for x, y in zip(line.x, line.y, strict=True)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [f'<polyline class="{line.style}" points="{points}"/>']
    if line.is_marked or len(places) == 1:
        parts += [f'<circle class="{line.style}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in places]
    name = escape(line.name)
    parts.append(f'<text class="{line.style}" x="{_WIDTH - _RIGHT + 8}" y="{name_height + 4:.1f}">{name}</text>')
    return parts


def _scales(
    lines: Sequence[Line],
) -> tuple[Callable[[float], float], Callable[[float], float], list[float], list[float]]:
    """Functions from values to pixels, and the ticks of both axes."""
    all_x, all_y = (np.concatenate([getattr(line, axis) for line in lines]) for axis in ("x", "y"))
    ticks_x, ticks_y = _ticks(float(all_x.min()), float(all_x.max())), _ticks(float(all_y.min()), float(all_y.max()))
    low_x, high_x = float(all_x.min()), float(all_x.max())
    if low_x == high_x:  # a single epoch: in the middle
        low_x, high_x, ticks_x = low_x - 1, high_x + 1, [low_x]
    low_y, high_y = min(ticks_y[0], float(all_y.min())), max(ticks_y[-1], float(all_y.max()))

    def to_x(value: float) -> float:
        return _LEFT + (value - low_x) / (high_x - low_x) * (_WIDTH - _LEFT - _RIGHT)

    def to_y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - low_y) / (high_y - low_y) * (_HEIGHT - _TOP - _BOTTOM)

    return to_x, to_y, ticks_x, ticks_y


def _ticks(lowest: float, highest: float) -> list[float]:
    """About five round numbers between these bounds, at least two."""
    span = max(highest - lowest, 1e-9)
    power = 10 ** math.floor(math.log10(span / 4))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= span / 5)
    first = math.ceil(lowest / step - 1e-9)
    ticks = [round(index * step, 12) for index in range(first, math.floor(highest / step + 1e-9) + 1)]
    return ticks if len(ticks) > 1 else [lowest, lowest + span]


def _name_heights(heights: list[float]) -> list[float]:
    """Heights of the lines' names, moved apart where they would cover each other."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    placed = list(heights)
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + 14)
    return placed

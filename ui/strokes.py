"""Pen strokes as a picture, as the pad in the browser would paint them.

The pad sends a picture only after a new stroke; a drawing that we put there, an example or after Undo, is painted here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Point = tuple[float, float]

_SUPERSAMPLE = 3  # each pixel is the mean of 3 x 3, for smooth edges
_ERASING = "#000000"  # a stroke of the paper's colour
_CURVE_PARTS = 8  # straight pieces for one quadratic curve


def paint(strokes: Sequence[dict[str, Any]], side: int, brush: float) -> npt.NDArray[np.uint8]:
    """White strokes on black, and black ones that erase: (side, side, 4) uint8.

    Args:
        strokes: path objects of the pad's JSON, whose `path` lists ["M", x, y], ["Q", cx, cy, x, y] and ["L", x, y].
        side: pixels.
        brush: the width of strokes that do not give their own.
    """
    picture = Image.new("L", (side * _SUPERSAMPLE, side * _SUPERSAMPLE), 0)
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        points = [(x * _SUPERSAMPLE, y * _SUPERSAMPLE) for x, y in _points(stroke.get("path", []))]
        level = 0 if stroke.get("stroke") == _ERASING else 255
        _line(pen, points, float(stroke.get("strokeWidth") or brush) * _SUPERSAMPLE, level)
    grey = np.asarray(picture.resize((side, side), Image.Resampling.BOX))
    return np.dstack([grey, grey, grey, np.full_like(grey, 255)])


def stroke_of(points: Sequence[Point], brush: float) -> dict[str, Any]:
    """A path object of the pad's JSON through these points."""
    (x, y), *others = points
    return {
        "type": "Path",
        "path": [["M", x, y], *(["L", x, y] for x, y in others)],
        "stroke": "#FFFFFF",
        "strokeWidth": brush,
        "fill": None,
        "strokeLineCap": "round",
        "strokeLineJoin": "round",
    }


def _points(path: Sequence[Sequence[Any]]) -> list[Point]:
    points: list[Point] = []
    for kind, *numbers in path:
        if kind == "Q" and points:
            (x0, y0), (cx, cy, x1, y1) = points[-1], numbers
            for part in range(1, _CURVE_PARTS + 1):
                t = part / _CURVE_PARTS
                a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
                points.append((a * x0 + b * cx + c * x1, a * y0 + b * cy + c * y1))
        else:
            points.append((float(numbers[-2]), float(numbers[-1])))
    return points


def _line(pen: ImageDraw.ImageDraw, points: Sequence[Point], width: float, level: int) -> None:
    """A line with round ends and joints."""
    pen.line(points, fill=level, width=round(width))
    for x, y in points:
        pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=level)

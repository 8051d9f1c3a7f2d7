"""Drawings that are not one digit: dots, dashes, scribbles, pairs of digits; (H, W) float32 ink in [0, 1]."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from mnistlab.ink import FloatImage

SIDE = 280


def enlarged(image: npt.NDArray[np.uint8], factor: int = 4) -> FloatImage:
    """An MNIST digit (28, 28) uint8 as smooth ink."""
    side = 28 * factor
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC), np.float32) / 255


def pair(left: npt.NDArray[np.uint8], right: npt.NDArray[np.uint8]) -> FloatImage:
    """Two MNIST digits side by side, as far apart as MNIST's margins leave them."""
    return np.concatenate([enlarged(left), enlarged(right)], axis=1)


def dot(rng: np.random.Generator) -> FloatImage:
    """A filled, more or less round patch."""
    ink, pen = _sheet()
    x, y, radius = *rng.uniform(60, 220, 2), rng.uniform(5, 50)
    stretch = rng.uniform(0.8, 1.25)
    pen.ellipse((x - radius, y - radius * stretch, x + radius, y + radius * stretch), fill=255)
    return _ink(ink)


def dash(rng: np.random.Generator) -> FloatImage:
    """A line that lies."""
    ink, pen = _sheet()
    y, length = rng.uniform(60, 220), rng.uniform(60, 120)
    pen.line((140 - length, y, 140 + length, y + rng.uniform(-8, 8)), fill=255, width=int(rng.integers(8, 25)))
    return _ink(ink)


def scribble(rng: np.random.Generator) -> FloatImage:
    """A pen that runs to and fro: 12 to 25 turns, joined smoothly."""
    ink, pen = _sheet()
    corners = rng.uniform(30, 250, (int(rng.integers(12, 26)), 2))
    along = np.linspace(0, len(corners) - 1, 40 * len(corners))
    whole = np.arange(len(corners))
    points = [(float(np.interp(t, whole, corners[:, 0])), float(np.interp(t, whole, corners[:, 1]))) for t in along]
    pen.line(points, fill=255, width=int(rng.integers(6, 16)), joint="curve")
    return _ink(ink)


def _sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("L", (SIDE, SIDE))
    return picture, ImageDraw.Draw(picture)


def _ink(picture: Image.Image) -> FloatImage:
    return np.asarray(picture, np.float32) / 255

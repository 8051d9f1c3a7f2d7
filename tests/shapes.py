"""Drawings that are not one digit: dots, blots, dashes, scribbles, letters, pairs; (H, W) float32 ink in [0, 1]."""

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


def blob(rng: np.random.Generator) -> FloatImage:
    """A filled patch with a wavy rim, up to twice as long as wide."""
    ink, pen = _sheet()
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    waves = [rng.normal(0, 0.25 / k) * np.cos(k * angle + rng.uniform(0, 6)) for k in (2, 3, 4)]
    radius = (1 + sum(waves)) * rng.uniform(30, 100)
    across, down = radius * np.cos(angle) * rng.uniform(0.5, 1), radius * np.sin(angle)
    pen.polygon([(140 + x, 140 + y) for x, y in zip(across, down, strict=True)], fill=255)
    return _ink(ink)


def zigzag(rng: np.random.Generator) -> FloatImage:
    """A line to and fro, 5 to 11 corners."""
    corners = int(rng.integers(5, 12))
    along, across = (
        np.linspace(45, 235, corners),
        np.where(np.arange(corners) % 2, 85, 195) + rng.normal(0, 10, corners),
    )
    points = np.stack([along, across], axis=1)
    return _lines([points if rng.random() < 0.5 else points[:, ::-1]], rng.uniform(8, 20))


def tangle(rng: np.random.Generator) -> FloatImage:
    """Three to seven short strokes anywhere, each of two or three pieces."""
    strokes = [rng.uniform(40, 240, (int(rng.integers(2, 5)), 2)) for _ in range(int(rng.integers(3, 8)))]
    return _lines(strokes, rng.uniform(8, 22))


# Letters and signs that no digit is written like, on a field of 4 x 6.
LETTERS: dict[str, list[list[tuple[float, float]]]] = {
    "E": [[(4, 0), (0, 0), (0, 6), (4, 6)], [(0, 3), (3, 3)]],
    "F": [[(4, 0), (0, 0), (0, 6)], [(0, 3), (3, 3)]],
    "K": [[(0, 0), (0, 6)], [(4, 0), (0, 3), (4, 6)]],
    "M": [[(0, 6), (0, 0), (2, 3), (4, 0), (4, 6)]],
    "N": [[(0, 6), (0, 0), (4, 6), (4, 0)]],
    "W": [[(0, 0), (1, 6), (2, 2), (3, 6), (4, 0)]],
    "X": [[(0, 0), (4, 6)], [(4, 0), (0, 6)]],
    "m": [[(0, 2), (0, 6)], [(0, 3), (1, 2), (2, 3), (2, 6)], [(2, 3), (3, 2), (4, 3), (4, 6)]],
    "star": [[(2, 0), (3.2, 6), (0, 2.2), (4, 2.2), (0.8, 6), (2, 0)]],
    "hash": [[(1, 0), (1, 6)], [(3, 0), (3, 6)], [(0, 2), (4, 2)], [(0, 4), (4, 4)]],
    "asterisk": [[(2, 1), (2, 5)], [(0.3, 2), (3.7, 4)], [(0.3, 4), (3.7, 2)]],
}


def letter(name: str, rng: np.random.Generator) -> FloatImage:
    """One of `LETTERS`, leaning, squeezed and with some unrest of the hand."""
    lean, wide, high = rng.normal(0, 0.12), rng.uniform(24, 38), rng.uniform(24, 36)
    strokes = [
        np.array([(140 + (x - 2) * wide + lean * (3 - y) * high, 140 + (y - 3) * high) for x, y in stroke])
        for stroke in LETTERS[name]
    ]
    return _lines([stroke + rng.normal(0, 4, stroke.shape) for stroke in strokes], rng.uniform(10, 24))


def _lines(strokes: list[npt.NDArray[np.float64]], width: float) -> FloatImage:
    """Strokes with round joints and soft edges."""
    picture = Image.new("L", (2 * SIDE, 2 * SIDE))
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        points = [(2 * float(x), 2 * float(y)) for x, y in stroke]
        pen.line(points, fill=255, width=round(2 * width), joint="curve")
        for x, y in points:
            pen.ellipse((x - width, y - width, x + width, y + width), fill=255)
    return _ink(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def _sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("L", (SIDE, SIDE))
    return picture, ImageDraw.Draw(picture)


def _ink(picture: Image.Image) -> FloatImage:
    return np.asarray(picture, np.float32) / 255

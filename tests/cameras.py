"""Photos as a phone takes them: light and shadow, paper with its lines, perspective, a pen's colour, noise, JPEG.

content = camera(draw(TWO), shadow="edge", lines="squared", pen=BALLPOINT)
"""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from tests.drawings import Mask
from tests.photos import encoded

Scene = npt.NDArray[np.float64]
Colour = tuple[float, float, float]

# What a pen leaves of the light in red, green and blue.
BLACK_PEN: Colour = (0.08, 0.08, 0.09)
BALLPOINT: Colour = (0.12, 0.18, 0.5)
PENCIL: Colour = (0.5, 0.5, 0.51)
PAPER: Colour = (0.9, 0.89, 0.86)
TABLE: Colour = (0.32, 0.2, 0.12)
_PRINT: Colour = (0.68, 0.74, 0.82)  # of the lines on paper
WIDTH, HEIGHT = 600, 800


def camera(
    ink: Mask,
    shadow: Literal["none", "gradient", "edge", "deep"] = "gradient",
    lines: Literal["none", "ruled", "squared"] = "none",
    pen: Colour = BLACK_PEN,
    size: float = 0.45,
    tilt: float = 0.0,
    perspective: float = 0.06,
    noise: float = 0.012,
    margin: float = 0.04,
    seed: int = 0,
    enlarged: int = 1,
    **save: Any,
) -> bytes:
    """A photo of ink (280, 280) on a sheet that lies on a table.

    Args:
        size: side of the ink's square as a share of the sheet's width.
        tilt: degrees by which the sheet is turned.
        perspective: by which share the far edge of the sheet is shorter.
        margin: of the picture's width left for the table on each side; below 0 there is nothing but paper.
        enlarged: times the usual 600 x 800 pixels.
        save: format and other arguments of Pillow's save (default: JPEG of quality 80).
    """
    rng = np.random.default_rng(seed)
    sheet = _sheet(ink, lines, pen, size, rng)
    scene = _seen(sheet, tilt, perspective, margin, rng) * _light(shadow)[..., None]
    seen = Image.fromarray(np.uint8(255 * np.clip(scene, 0, 1) ** (1 / 2.2)))  # the curve of a camera's pictures
    blurred = np.asarray(seen.filter(ImageFilter.GaussianBlur(0.8)), float) + rng.normal(0, 255 * noise, scene.shape)
    picture = Image.fromarray(np.uint8(np.clip(blurred, 0, 255)))
    if enlarged > 1:
        picture = picture.resize((enlarged * WIDTH, enlarged * HEIGHT), Image.Resampling.BILINEAR)
    return encoded(picture, **({"format": "JPEG", "quality": 80} | save))


def _sheet(ink: Mask, lines: str, pen: Colour, size: float, rng: np.random.Generator) -> Scene:
    """The sheet from above, (800, 600, 3): what it leaves of the light."""
    grain = Image.fromarray(rng.normal(128, 40, (HEIGHT // 4, WIDTH // 4)).clip(0, 255).astype(np.uint8))
    fibres = np.asarray(grain.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), float) / 255 - 0.5
    sheet = np.array(PAPER) * (1 + 0.06 * fibres[..., None])
    sheet = _laid(sheet, _printed(lines), _PRINT)
    side = round(size * WIDTH)
    drawn = np.asarray(Image.fromarray(np.uint8(255 * ink)).resize((side, side), Image.Resampling.BOX), float) / 255
    whole = np.zeros((HEIGHT, WIDTH))
    top, left = round(0.35 * HEIGHT - side / 4), round(0.5 * WIDTH - side / 2)
    whole[top : top + side, left : left + side] = drawn
    return _laid(sheet, whole, pen)


def _laid(sheet: Scene, ink: Mask, colour: Colour) -> Scene:
    laid: Scene = sheet * (1 - ink[..., None]) + np.array(colour) * ink[..., None]
    return laid


def _printed(lines: str) -> Mask:
    """Lines 40 pixels apart and 2 wide, as on school paper beside a digit of several lines."""
    picture = Image.new("L", (WIDTH, HEIGHT))
    pen = ImageDraw.Draw(picture)
    if lines != "none":
        for row in range(20, HEIGHT, 40):
            pen.line((0, row, WIDTH, row), fill=255, width=2)
    if lines == "squared":
        for column in range(20, WIDTH, 40):
            pen.line((column, 0, column, HEIGHT), fill=255, width=2)
    return np.asarray(picture) / 255


def _seen(sheet: Scene, tilt: float, perspective: float, margin: float, rng: np.random.Generator) -> Scene:
    """The sheet as it lies on the table, from a little before it."""
    side, squeeze = margin * WIDTH, perspective * WIDTH
    top, bottom = side, HEIGHT - side
    corners = np.array([(side + squeeze, top), (WIDTH - side - squeeze, top), (WIDTH - side, bottom), (side, bottom)])
    angle, middle = np.radians(tilt), np.array([WIDTH, HEIGHT]) / 2
    turned = (corners - middle) @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + middle
    flat = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], float)
    rows = []
    for (x, y), (u, v) in zip(turned, flat, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    numbers = np.linalg.solve(np.array(rows), flat.ravel())
    coloured = Image.fromarray(np.uint8(255 * np.clip(sheet, 0, 1))).convert("RGBA")
    laid = np.asarray(
        coloured.transform((WIDTH, HEIGHT), Image.Transform.PERSPECTIVE, list(numbers), Image.Resampling.BICUBIC), float
    )
    table = np.array(TABLE) * rng.normal(1, 0.05, (HEIGHT, 1, 1))  # its grain runs across
    there = laid[..., 3:] / 255
    seen: Scene = laid[..., :3] / 255 * there + table * (1 - there)
    return seen


def _light(shadow: str) -> Mask:
    """How much light falls on each place, (800, 600)."""
    down, right = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    light = 0.95 - 0.35 * right - 0.15 * down if shadow != "none" else np.full_like(down, 0.9)
    if shadow in ("edge", "deep"):
        # A hand's shadow: its edge runs through the digit, and is a little soft.
        beyond = 1 / (1 + np.exp(-(0.45 * down + right - 0.68) / 0.012))
        light *= 1 - (0.55 if shadow == "edge" else 0.82) * beyond
    return light

"""Canvases to draw on and what to draw: (H, W, 4) uint8, as the drawing component and PNG files give them."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Mask = npt.NDArray[np.float64]
Canvas = npt.NDArray[np.uint8]

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
# Name: (ink, paper, whether the paper is opaque).
CANVASES = {
    "white on black": (WHITE, BLACK, True),
    "black on white": (BLACK, WHITE, True),
    "black on transparent black": (BLACK, BLACK, False),
    "black on transparent white": (BLACK, WHITE, False),
    "white on transparent black": (WHITE, BLACK, False),
    "white on transparent white": (WHITE, WHITE, False),
}
SIDE = 280  # pixels, as on the Draw page

Stroke = list[tuple[int, int]]
SEVEN: list[Stroke] = [[(80, 70), (190, 70), (120, 220)]]
FOUR: list[Stroke] = [[(110, 60), (90, 150), (200, 150)], [(170, 90), (165, 230)]]
TWO: list[Stroke] = [[(85, 100), (120, 60), (180, 80), (175, 130), (90, 210), (200, 212)]]
ONE: list[Stroke] = [[(140, 50), (140, 230)]]
DASH: list[Stroke] = [[(60, 140), (220, 140)]]
GLYPHS = {"seven": SEVEN, "four": FOUR, "two": TWO, "one": ONE, "dash": DASH}


def draw(strokes: list[Stroke], width: int = 20, side: int = SIDE) -> Mask:
    """Ink (side, side) in [0, 1] with antialiased edges, as a brush leaves it."""
    picture = Image.new("L", (4 * side, 4 * side))
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        points = [(4 * x, 4 * y) for x, y in stroke]
        pen.line(points, fill=255, width=4 * width, joint="curve")
        for x, y in points:
            pen.ellipse((x - 2 * width, y - 2 * width, x + 2 * width, y + 2 * width), fill=255)
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX)) / 255


def put_on(canvas: str, ink: Mask) -> Canvas:
    """Lay ink (H, W) in [0, 1] on one of `CANVASES`."""
    colour, paper, is_opaque = CANVASES[canvas]
    if not is_opaque:
        rgb = np.where(ink[..., None] > 0, np.array(colour), np.array(paper))
        return np.dstack([rgb, np.rint(ink * 255)]).astype(np.uint8)
    rgb = np.rint(ink[..., None] * np.array(colour) + (1 - ink[..., None]) * np.array(paper))
    return np.dstack([rgb, np.full(ink.shape, 255)]).astype(np.uint8)


def white_on_black(ink: Mask) -> Canvas:
    return put_on("white on black", ink)


def enlarge(image: npt.NDArray[np.uint8], factor: int = 10) -> Canvas:
    """An MNIST digit (28, 28), smoothly enlarged, white on black."""
    side = image.shape[0] * factor
    big = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    return white_on_black(np.asarray(big) / 255)

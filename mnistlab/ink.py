"""A drawing becomes the 28x28 picture that MNIST would have made of it, every stage kept.

MNIST was made so: the digit's box, scaled to fit 20x20 with antialiasing, set into 28x28 with its centre of mass
in the middle. A network trained on MNIST reads nothing else well, so a drawing takes the same way.
Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from mnistlab.data import IMAGE_SIDE
from mnistlab.errors import EmptyDrawingError, ImageError

FloatImage = npt.NDArray[np.float32]

DIGIT_SIDE = 20  # longer side of the ink's box in the 28x28 picture
# Mean centre of mass over MNIST's training images: row 14.0, column 14.0, standard deviation 0.3.
CENTRE = 14
# Ink fainter than this is paper, smudge or the edge of antialiasing; it does not widen the box.
INK_THRESHOLD = 0.15
_MAX_SIDE = 4096  # pixels; larger pictures are a mistake or an attack


@dataclass(frozen=True, eq=False)
class Framing:
    """A drawing on its way to the network; every picture is float32, 0 is background and 1 is ink."""

    ink: FloatImage  # (H, W): how much ink each pixel of the drawing has
    box: tuple[int, int, int, int]  # top, left, bottom, right of the ink; bottom and right are exclusive
    cropped: FloatImage  # the box alone
    scaled: FloatImage  # the box with its longer side scaled to 20 pixels
    position: tuple[int, int]  # row and column of the scaled box's corner in the 28x28 picture
    image: FloatImage  # (28, 28): what the network gets


def frame_drawing(rgba: npt.NDArray[np.uint8]) -> Framing:
    """Frame a drawing as MNIST was made.

    Args:
        rgba: (H, W, 4) uint8, in any colours: light on dark, dark on light, or on a transparent background.

    Raises:
        ImageError: not an (H, W, 4) uint8 array with sides of 1 to 4096 pixels.
        EmptyDrawingError: there is no ink.
    """
    ink = find_ink(_checked(rgba))
    top, left, bottom, right = box = _find_box(ink)
    cropped = ink[top:bottom, left:right]
    scaled = _scale_to_fit(cropped)
    position = _position_by_mass(scaled)
    image = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.float32)
    row, column = position
    image[row : row + scaled.shape[0], column : column + scaled.shape[1]] = scaled
    return Framing(ink, box, cropped, scaled, position, image)


def find_ink(rgba: npt.NDArray[np.uint8]) -> FloatImage:
    """How much ink each pixel has: (H, W) float32 in [0, 1].

    On a transparent canvas ink is what is opaque. On an opaque one it is what differs from the background,
    which is the median of the picture's rim; the strongest difference the background allows is full ink.
    """
    alpha: FloatImage = rgba[..., 3].astype(np.float32) / np.float32(255)
    if np.median(_rim(alpha)) < 0.5:
        return alpha
    # Weights of red, green and blue in perceived brightness; source: ITU-R BT.601.
    weights = np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
    brightness: FloatImage = rgba[..., :3].astype(np.float32) @ weights
    background = float(np.median(_rim(brightness)))
    difference = np.abs(brightness - background) * alpha
    ink: FloatImage = np.clip(difference / max(background, 1 - background), 0, 1).astype(np.float32)
    return ink


def _checked(rgba: Any) -> npt.NDArray[np.uint8]:
    drawing: npt.NDArray[np.uint8] = np.asarray(rgba)
    if drawing.ndim != 3 or drawing.shape[2] != 4 or drawing.dtype != np.uint8:
        raise ImageError(
            f"A drawing is an (H, W, 4) uint8 array of RGBA; got shape {drawing.shape} of {drawing.dtype}."
        )
    height, width, _ = drawing.shape
    if not (1 <= height <= _MAX_SIDE and 1 <= width <= _MAX_SIDE):
        raise ImageError(f"A drawing's sides are 1 to {_MAX_SIDE} pixels; got {height} x {width}.")
    return drawing


def _rim(picture: FloatImage) -> FloatImage:
    return np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])


def _find_box(ink: FloatImage) -> tuple[int, int, int, int]:
    rows = np.flatnonzero((ink > INK_THRESHOLD).any(axis=1))
    columns = np.flatnonzero((ink > INK_THRESHOLD).any(axis=0))
    if len(rows) == 0:
        raise EmptyDrawingError("There is nothing on the canvas yet. Draw one digit, large, in the middle.")
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _scale_to_fit(cropped: FloatImage) -> FloatImage:
    """Scale the longer side to 20 pixels and the other in proportion, at least one pixel."""
    height, width = cropped.shape
    factor = DIGIT_SIDE / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    scaled = Image.fromarray(cropped).resize(size, Image.Resampling.LANCZOS)
    return np.clip(np.asarray(scaled, np.float32), 0, 1)


def _position_by_mass(scaled: FloatImage) -> tuple[int, int]:
    """Where the box's corner must go so that its centre of mass is in the middle, kept inside the picture."""
    mass = scaled.sum()
    row = scaled.sum(axis=1) @ np.arange(scaled.shape[0]) / mass
    column = scaled.sum(axis=0) @ np.arange(scaled.shape[1]) / mass
    return (
        int(np.clip(round(CENTRE - row), 0, IMAGE_SIDE - scaled.shape[0])),
        int(np.clip(round(CENTRE - column), 0, IMAGE_SIDE - scaled.shape[1])),
    )

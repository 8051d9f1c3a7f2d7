"""Pixels as numbers and as colours: three scales to write values in, grey for ink, two colours for differences."""

import base64
import io
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from mnistlab.pixels import MNIST_MEAN, MNIST_STD, Picture

Scale = Literal["0 to 1", "0 to 255", "normalised"]
SCALES: tuple[Scale, ...] = ("0 to 1", "0 to 255", "normalised")
Colours = npt.NDArray[np.uint8]

# Black is "no difference", as black is "no ink"; orange and sky blue are told apart by all eyes (Okabe and Ito).
_MORE, _LESS = np.array([230, 159, 0]), np.array([86, 180, 233])
_BRIGHT = 110  # of 255; on brighter colours black text is readable
_LEVELS = 127  # of either colour, in a picture of one byte per pixel


def number(value: float, scale: Scale, is_difference: bool = False) -> str:
    """A value in [0, 1], or a difference in [-1, 1] with its sign, as a short text."""
    if scale == "0 to 255":
        whole = round(value * 255)
        return _signed(f"{whole:+d}") if is_difference and whole else str(whole)
    if scale == "normalised":
        value = value / MNIST_STD if is_difference else (value - MNIST_MEAN) / MNIST_STD
    if is_difference:
        return "0" if round(value, 2) == 0 else _signed(f"{value:+.2f}")
    return "0" if value == 0 else _signed(f"{value:.2f}")


def _signed(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def grey(picture: Picture) -> Colours:
    """(H, W) in [0, 1] -> (H, W, 3) uint8: white ink on black."""
    return np.repeat(np.round(picture * 255).astype(np.uint8)[..., None], 3, axis=-1)


def diverging(difference: Picture) -> Colours:
    """(H, W) in [-1, 1] -> (H, W, 3) uint8: orange where there is more, blue where there is less, black where equal."""
    towards = np.where(difference[..., None] > 0, _MORE, _LESS)
    return np.round(np.abs(difference)[..., None] * towards).astype(np.uint8)


def diverging_to_largest(values: Picture) -> Colours:
    """(H, W) of any size -> (H, W, 3) uint8: as `diverging`, the largest absolute value at full brightness."""
    return diverging(values / (np.abs(values).max() or 1))


def is_dark(colours: Colours) -> npt.NDArray[np.bool_]:
    """(H, W, 3) uint8 -> (H, W): whether white text is readable on it. Source: the luma weights of ITU-R BT.601."""
    dark: npt.NDArray[np.bool_] = colours @ np.array([0.299, 0.587, 0.114]) < _BRIGHT
    return dark


def data_address(colours: Colours) -> str:
    """(H, W, 3) uint8 as a data URL of the whole picture, for `src` and `url()`."""
    return png_address(Image.fromarray(colours))


def diverging_address(differences: Picture) -> str:
    """(H, W) in [-1, 1] as a data URL of the picture that `diverging` makes; transparent where it is not a number.

    A palette of 255 colours instead of red, green and blue makes it two fifths as long, which counts for what thirty
    browsers receive every few seconds.
    """
    levels = np.nan_to_num(np.round(differences * _LEVELS) + _LEVELS + 1, nan=0).astype(np.uint8)
    # The first colour, used for no number, is transparent.
    signed = np.linspace(-1 - 1 / _LEVELS, 1, 2 * _LEVELS + 2, dtype=np.float32)
    picture = Image.fromarray(levels)
    picture.putpalette(diverging(signed).tobytes())
    return png_address(picture, transparency=0)


def png_address(picture: Image.Image, **options: int) -> str:
    """A picture as a data URL."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1, **options)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"

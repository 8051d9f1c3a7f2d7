"""Turn a drawing into the 28x28 picture that MNIST would have made of it, keeping every stage.

MNIST was made like this: the digit's box was scaled to fit 20x20 with antialiasing and placed in 28x28 with its centre
of mass in the middle. A network trained on MNIST reads nothing else well, so drawings are treated the same way.
Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from mnistlab.data import IMAGE_SIDE
from mnistlab.errors import EmptyDrawingError, ImageError

FloatImage = npt.NDArray[np.float32]

DIGIT_SIDE = 20  # longer side of the ink's box in the 28x28 picture
# Mean centre of mass over MNIST's training images: row 14.0, column 14.0, standard deviation 0.3.
CENTRE = 14
# Ink fainter than this is paper, a smudge or an antialiased edge; it does not widen the box.
INK_THRESHOLD = 0.15
# Ink whose brightness varies by less is of one colour. What covers more than 0.4 of the picture, or fills 0.7 of its
# box, is a sheet; strokes seldom do, except a 1, whose box is slimmer than 0.4.
_ONE_COLOUR, _SHEET, _FULL, _SLIM = 0.1, 0.4, 0.7, 0.4
_MAX_SIDE = 4096  # pixels; larger pictures are a mistake or an attack


class FramingOptions(BaseModel):
    """The steps from a drawing to the picture; all are on, as in MNIST. Without any, it is a plain resize."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    box: bool = Field(
        default=True, title="Cut out", description="Keep only the box around the ink, wherever it was drawn."
    )
    size: bool = Field(
        default=True,
        title="20 x 20",
        description="Scale the longer side to 20 pixels and keep the proportions. If off, it fills all 28 x 28.",
    )
    smooth: bool = Field(
        default=True,
        title="Soft edges",
        description="Average what falls into a pixel. If off, a single point of it decides.",
    )
    centre: bool = Field(
        default=True, title="Centre", description="Put the centre of mass in the middle. If off, the middle of the box."
    )
    strength: bool = Field(
        default=True,
        title="Full strength",
        description="Make the strongest ink 1, whatever the pen. If off, leave it as it is.",
    )


PLAIN_RESIZE = FramingOptions(box=False, size=False, centre=False, strength=False)


@dataclass(frozen=True, eq=False)
class Framing:
    """A drawing on its way to the network; every picture is float32, 0 is background and 1 is ink."""

    ink: FloatImage  # (H, W): how much ink each pixel of the drawing has
    box: tuple[int, int, int, int]  # top, left, bottom, right of what is kept; bottom and right are exclusive
    cropped: FloatImage  # the box alone
    scaled: FloatImage  # the box with its longer side scaled to 20 pixels, at full strength
    position: tuple[int, int]  # row and column of the scaled box's corner in the 28x28 picture
    image: FloatImage  # (28, 28): what the network gets


def frame_drawing(rgba: npt.NDArray[np.uint8], options: FramingOptions | None = None) -> Framing:
    """Frame a drawing as MNIST was made.

    Args:
        rgba: (H, W, 4) uint8, in any colours: light on dark, dark on light, or on a transparent background.
        options: steps to leave out (default: none).

    Raises:
        ImageError: not an (H, W, 4) uint8 array with sides of 1 to 4096 pixels.
        EmptyDrawingError: there is no ink.
    """
    return frame_ink(find_ink(_checked(rgba)), options)


def frame_ink(ink: FloatImage, options: FramingOptions | None = None) -> Framing:
    """Frame ink (H, W) float32 in [0, 1], wherever it comes from.

    Raises:
        ImageError: another shape, type or range, or sides that are not 1 to 4096 pixels.
        EmptyDrawingError: there is no ink.
    """
    options = options or FramingOptions()
    _check_ink(ink)
    is_ink = ink > INK_THRESHOLD
    if not is_ink.any():
        raise EmptyDrawingError("There is nothing on the canvas yet. Draw one digit, large, in the middle.")
    top, left, bottom, right = box = box_of(is_ink) if options.box else (0, 0, *ink.shape)
    cropped = ink[top:bottom, left:right]
    # A faint pen is strengthened before scaling, and what a thin one loses by scaling is made up for afterwards.
    scaled = _scale(_strongest_is_1(cropped) if options.strength else cropped, options)
    scaled = _strongest_is_1(scaled) if options.strength else scaled
    position = _position_by_mass(scaled) if options.centre else _position_by_box(scaled)
    image = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.float32)
    row, column = position
    image[row : row + scaled.shape[0], column : column + scaled.shape[1]] = scaled
    return Framing(ink, box, cropped, scaled, position, image)


def find_ink(rgba: npt.NDArray[np.uint8]) -> FloatImage:
    """How much ink each pixel has: (H, W) float32 in [0, 1].

    On a transparent canvas ink is what is opaque. On an opaque one it is what differs from the background,
    which is the median of the picture's rim; the strongest difference the background allows is full ink.
    """
    if is_on_transparent(rgba):
        return rgba[..., 3].astype(np.float32) / np.float32(255)
    return ink_on_ground(brightness(rgba))


def ink_on_ground(grey: FloatImage) -> FloatImage:
    """How much ink each pixel of an opaque picture has, by its brightness: `grey` and the result (H, W) in [0, 1]."""
    background = ground_of(grey)
    ink: FloatImage = np.clip(np.abs(grey - background) / max(background, 1 - background), 0, 1).astype(np.float32)
    return ink


def is_on_transparent(rgba: npt.NDArray[np.uint8]) -> bool:
    """Whether a picture's ground is transparent and its opaque part is ink, not a cut-out sheet with ink on it.

    Ink has one colour. An opaque part of several colours is a sheet if it covers much of the picture or fills its box,
    unless that is as slim as a 1.
    """
    opaque = rgba[..., 3] >= 128
    if opaque.all():
        return False
    if not opaque.any():
        return True
    darkest, lightest = np.percentile(_grey(rgba[opaque]), [0.1, 99.9])
    top, left, bottom, right = box_of(opaque)
    box = opaque[top:bottom, left:right]
    is_sheet = opaque.mean() > _SHEET or box.mean() > _FULL
    return bool(lightest - darkest < _ONE_COLOUR or not is_sheet or min(box.shape) < _SLIM * max(box.shape))


def brightness(rgba: npt.NDArray[np.uint8]) -> FloatImage:
    """How bright each pixel is, (H, W) float32 in [0, 1]; transparent ones get the median of the opaque ones."""
    grey, alpha = _grey(rgba), rgba[..., 3].astype(np.float32) / np.float32(255)
    if alpha.min() == 1:
        return grey
    return alpha * grey + (1 - alpha) * np.median(grey[alpha >= 0.5])


def _grey(rgba: npt.NDArray[np.uint8]) -> FloatImage:
    # Weights of red, green and blue in perceived brightness; source: ITU-R BT.601.
    weights = np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
    grey: FloatImage = rgba[..., :3].astype(np.float32) @ weights
    return grey


def _checked(rgba: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    drawing: npt.NDArray[np.uint8] = np.asarray(rgba)
    if drawing.ndim != 3 or drawing.shape[2] != 4 or drawing.dtype != np.uint8:
        raise ImageError(
            f"A drawing is an (H, W, 4) uint8 array of RGBA; got shape {drawing.shape} of {drawing.dtype}. "
            'Of a picture of Pillow, np.asarray(picture.convert("RGBA")) makes one; those of MNIST itself are read by '
            "load_predictor().probabilities."
        )
    _check_sides(*drawing.shape[:2])
    return drawing


def _check_ink(ink: object) -> None:
    if not isinstance(ink, np.ndarray) or ink.ndim != 2 or ink.dtype != np.float32:
        shown = f"shape {ink.shape} of {ink.dtype}" if isinstance(ink, np.ndarray) else type(ink).__name__
        raise ImageError(f"Ink is an (H, W) float32 array; got {shown}.")
    _check_sides(*ink.shape)
    if not (ink.min() >= 0 and ink.max() <= 1):  # NaN is neither
        raise ImageError(f"Ink is in [0, 1]; got {ink.min():g} to {ink.max():g}.")


def _check_sides(height: int, width: int) -> None:
    if not (1 <= height <= _MAX_SIDE and 1 <= width <= _MAX_SIDE):
        raise ImageError(f"A drawing's sides are 1 to {_MAX_SIDE} pixels; got {height} x {width}.")


def ground_of(grey: FloatImage) -> float:
    """How bright the ground is: the median of the picture's rim."""
    return float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))


def box_of(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Top, left, bottom and right of what is marked in (H, W), at least one pixel; bottom and right are exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _scale(cropped: FloatImage, options: FramingOptions) -> FloatImage:
    """Scale the longer side to 20 pixels and the other in proportion, at least one pixel; or both to 28."""
    height, width = cropped.shape
    factor = DIGIT_SIDE / max(height, width)
    size = (IMAGE_SIDE, IMAGE_SIDE)
    if options.size:
        size = max(1, round(width * factor)), max(1, round(height * factor))
    way = Image.Resampling.LANCZOS if options.smooth else Image.Resampling.NEAREST
    scaled = Image.fromarray(cropped).resize(size, way)
    return np.clip(np.asarray(scaled, np.float32), 0, 1)


def _strongest_is_1(picture: FloatImage) -> FloatImage:
    strongest = picture.max()
    return picture / strongest if strongest > 0 else picture


def _position_by_box(scaled: FloatImage) -> tuple[int, int]:
    """Where the box's corner must go so that the box is in the middle."""
    return (IMAGE_SIDE - scaled.shape[0]) // 2, (IMAGE_SIDE - scaled.shape[1]) // 2


def _position_by_mass(scaled: FloatImage) -> tuple[int, int]:
    """Where the box's corner must go so that its centre of mass is in the middle, kept inside the picture."""
    mass = scaled.sum()
    if mass == 0:  # a thin line that fell between the sampled points
        return _position_by_box(scaled)
    row = scaled.sum(axis=1) @ np.arange(scaled.shape[0]) / mass
    column = scaled.sum(axis=0) @ np.arange(scaled.shape[1]) / mass
    return (
        int(np.clip(round(CENTRE - row), 0, IMAGE_SIDE - scaled.shape[0])),
        int(np.clip(round(CENTRE - column), 0, IMAGE_SIDE - scaled.shape[1])),
    )

"""Find ink on paper: how dark a stroke is compared with the paper around it, in any light, without printed lines.

    ink = ink_on_paper(grey)                # (H, W) brightness in [0, 1] -> (H, W) ink in [0, 1]

A camera sees paper times light. So brightness is never used as it is: each pixel is compared with the paper around it,
estimated by filling up everything dark that is narrower than a window (a morphological closing). A shadow, however
deep, is wider than the window and stays paper.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from mnistlab.errors import EmptyDrawingError
from mnistlab.ink import FloatImage, box_of, ground_of
from mnistlab.pieces import Piece, is_inked, label_pieces

_Mask = npt.NDArray[np.bool_]

# Ink reduces the paper's brightness by at least this share: more than grainy paper or JPEG do, less than pencil.
# Chosen on synthetic photos (tests/photos.py), not on a camera's.
FAINTEST = 0.13
_WINDOW = 0.16  # of the longer side: wider than any stroke, narrower than a shadow
_EVEN, _THICK = 2 / 255, 0.4  # spread of brightness in even ground; width of a thick stroke as a share of the window
_DARKEST_PAPER = 0.08  # of full brightness; in deeper shadow there is nothing but noise
_STRONGEST = 0.0015  # share of the pixels, the deepest ones, that count as the middle of a stroke
_LIGHTEST, _FULL = 0.3, 0.8  # of the strongest ink: below the first is paper, from the second on full ink
_SPECK = 0.04  # of the largest piece's area; smaller ones are dust
_TALL = 0.06  # of the longer side: a piece at least this tall may be the digit
_LINE_LENGTH, _LINE_WIDTH = 0.3, 0.03  # of the sides: a printed line is longer and thinner than most strokes
_LINES = 3  # no digit has three long straight strokes, all horizontal or all vertical; a 7 or a 4 may have two
_LINE_STRETCH = 0.08  # of the side: what is straight for this long may be part of a line
_LINE_LEEWAY = 1.35  # a pen crosses a line where the ink is this much stronger than along the line
_THINNEST = 0.075  # of the digit's longer side; MNIST's lines have about 0.13, and a fineliner's would fade away


def ink_on_paper(grey: FloatImage) -> FloatImage:
    """Find dark ink on light paper, or light ink on a dark ground.

    Raises:
        EmptyDrawingError: nothing stands out from the paper.
    """
    window = max(3, round(_WINDOW * max(grey.shape)))
    smooth = _smoothed(grey)
    if _is_light_on_dark(smooth, window):
        smooth = 1 - smooth
    paper = _closed(smooth, window)
    if np.median(paper) < _DARKEST_PAPER:
        raise EmptyDrawingError(
            "Nothing stands out from the paper because the picture is too dark. Take it in more light."
        )
    depth: FloatImage = np.clip((paper - smooth) / np.maximum(paper, _DARKEST_PAPER), 0, 1).astype(np.float32)
    depth = _without_lines(_without_lines(depth).T).T
    strongest = _strongest(depth)
    if strongest < FAINTEST:
        raise EmptyDrawingError("Nothing stands out from the paper. Write one digit with a dark pen, and come closer.")
    low, high = _LIGHTEST * strongest, _FULL * strongest
    ink: FloatImage = np.clip((depth - low) / (high - low), 0, 1).astype(np.float32)
    return _not_too_thin(_without_dust(ink))


def is_cut_out_closely(grey: FloatImage) -> bool:
    """Whether strokes are so wide for the picture that they would pass for a shadow, but clearly are not one.

    That is where the ground, shown by most of the picture's rim, is evenly bright, and what stands out from it is
    nearly all at the other end of the scale: a shadow would be half-way.
    """
    away = np.abs(grey - ground_of(grey))
    stands_out = away > _LIGHTEST * away.max()
    if not stands_out.any():
        return False
    is_even = np.median(away[~stands_out]) <= _EVEN
    is_full = np.median(away[stands_out]) >= _FULL * away.max()
    return bool(is_even and is_full and _thickness(stands_out) > _THICK * _WINDOW * max(grey.shape))


def _thickness(mask: _Mask) -> float:
    """How wide its strokes are on average, in pixels: their area divided by half their outline."""
    outline = np.diff(mask, axis=0).sum() + np.diff(mask, axis=1).sum()
    return float(mask.sum() / max(1.0, outline * np.pi / 8))  # half the outline by Crofton's formula, see doubt.py


def _smoothed(grey: FloatImage) -> FloatImage:
    """Average over 3 x 3 pixels: a camera's noise is as fine as pixels, a stroke is not."""
    around = np.pad(grey, 1, mode="edge")
    height, width = grey.shape
    parts = [around[row : row + height, column : column + width] for row in range(3) for column in range(3)]
    smooth: FloatImage = np.mean(parts, axis=0, dtype=np.float32)
    return smooth


def _is_light_on_dark(grey: FloatImage, window: int) -> bool:
    """Whether ink is light on dark: around strokes, most pixels are paper. At a shadow's edge the two cancel out."""
    highest, lowest = _maximum(grey, window), _minimum(grey, window)
    contrast = highest - lowest
    votes = contrast * np.sign(grey - (highest + lowest) / 2)
    return bool(votes[contrast >= 0.5 * contrast.max()].sum() < 0)


def _maximum(values: FloatImage, window: int) -> FloatImage:
    """The largest value in a square window (of an odd side) around each pixel."""
    largest: FloatImage = _longest(_longest(values, window, 0), window, 1)
    return largest


def _longest(values: Any, window: int, axis: int) -> Any:
    """The largest value in a window along one axis, in as many steps as the window's logarithm."""
    reach = window // 2
    padded = np.pad(values, [(reach, reach) if one == axis else (0, 0) for one in (0, 1)], mode="edge")
    covered = 1
    while covered < 2 * reach + 1:
        step = min(covered, 2 * reach + 1 - covered)
        first, last = np.arange(padded.shape[axis] - step), np.arange(step, padded.shape[axis])
        padded = np.maximum(padded.take(first, axis), padded.take(last, axis))
        covered += step
    return padded


def _minimum(values: FloatImage, window: int) -> FloatImage:
    lowest: FloatImage = -_maximum(-values, window)
    return lowest


def _closed(grey: FloatImage, window: int) -> FloatImage:
    """Fill up what is dark and narrower than the window. Source: Serra, "Image analysis and mathematical morphology",
    1982: the maximum around each pixel, then the minimum of that. What lies along the picture's edge, a table, is taken
    to go on beyond it."""
    padded = np.pad(grey, window, mode="edge")
    return _minimum(_maximum(padded, window), window)[window:-window, window:-window]


def _strongest(depth: FloatImage) -> float:
    """How deep the middle of a stroke is, from the deepest pixels that do not run over the picture's edge."""
    inner = depth[2:-2, 2:-2] if min(depth.shape) > 8 else depth
    num = max(1, round(_STRONGEST * inner.size))
    return float(np.partition(inner.ravel(), -num)[-num:].mean())


def _without_lines(depth: FloatImage) -> FloatImage:
    """Remove printed horizontal lines: long, thin, straight, equally deep all along, and more than a digit has."""
    height, width = depth.shape
    stretch = max(9, round(_LINE_STRETCH * width))
    if height < 9 or width < stretch:
        return depth
    inked = depth >= _floor(depth)
    without_gap = ~_longest(~_up_and_down(inked, 1), stretch, 1)  # the centres of stretches of nothing but ink
    straight = _longest(without_gap, stretch, 1) & inked
    labelled, found = label_pieces(_up_and_down(straight, 1))
    lines = [number for number, piece in enumerate(found, start=1) if _is_long_and_thin(piece, height, width)]
    over_edge = [number for number in lines if found[number - 1].left < 3 or found[number - 1].right > width - 3]
    mended = depth.copy()
    for number in lines if len(lines) >= _LINES else over_edge:
        line = labelled == number
        deep = float(np.median(depth[line & inked]))
        mended[_up_and_down(line, 2) & (depth <= _LINE_LEEWAY * deep)] = 0
    return mended


def _floor(depth: FloatImage) -> float:
    """The least depth that is not paper: 2.5 interquartile ranges above the upper quartile, and at least 0.035."""
    low, high = np.percentile(depth, [25, 75])
    return float(max(0.035, high + 2.5 * (high - low)))


def _is_long_and_thin(piece: Piece, height: int, width: int) -> bool:
    length = piece.right - piece.left
    return length >= _LINE_LENGTH * width and piece.area / length <= max(5.0, _LINE_WIDTH * height)


def _up_and_down(mask: _Mask, by: int) -> _Mask:
    """The mask, grown by so many rows above and below."""
    grown = mask.copy()
    for step in range(1, by + 1):
        grown[step:] |= mask[:-step]
        grown[:-step] |= mask[step:]
    return grown


def _without_dust(ink: FloatImage) -> FloatImage:
    """Remove specks, and what runs over the picture's edge (a table, a shadow) if anything else is left."""
    labelled, found = label_pieces(is_inked(ink))
    height, width = ink.shape
    inside = [
        number
        for number, piece in enumerate(found, start=1)
        if piece.top > 0 and piece.left > 0 and piece.bottom < height and piece.right < width
    ]
    largest = max((found[number - 1].area for number in inside), default=0)
    kept = [number for number in inside if found[number - 1].area >= _SPECK * largest]
    tallest = max((found[number - 1].height for number in kept), default=0)
    if tallest < _TALL * max(ink.shape) and len(inside) < len(found):
        return ink  # the digit itself runs over the edge
    wanted = np.isin(labelled, kept)
    # Each piece keeps a pixel or two of soft edge.
    near = np.asarray(Image.fromarray(wanted).convert("L").filter(ImageFilter.MaxFilter(5))) > 0
    return np.where(near, ink, np.float32(0)).astype(np.float32)


def _not_too_thin(ink: FloatImage) -> FloatImage:
    """Widen the lines of a fine pen, which would fade away in 20 x 20 pixels."""
    mask = is_inked(ink)
    if not mask.any():
        return ink
    top, left, bottom, right = box_of(mask)
    missing = _THINNEST * max(bottom - top, right - left) - _thickness(mask)
    return ink if missing < 1 else _maximum(ink, 2 * round(missing / 2) + 1)

"""Is this one digit at all, and is the network sure? A network names a digit for any input, so this checks first.

    check_shape(ink)                        # None, or what it is instead: "two digits", "a dot", ...
    unsure(probabilities)                   # whether the best of ten answers is below SURE

What passes here is compared with the training digits (likeness.py).

The bounds come from clean MNIST digits (5,000 validation images, enlarged fourfold) and from shapes that are not digits
(`tests/shapes.py`: dots, blobs, dashes, scribbles, pairs); the longest line allowed leaves room for pen strokes too.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from mnistlab.ink import FloatImage, box_of
from mnistlab.pieces import Piece, holes, is_inked, pieces, shrink

# A network counts as sure from this probability on. Source: measured, tests/test_doubt.py; see `unsure`.
SURE = 0.6

# Two pieces are two digits if a column without ink separates them and each has this share of the ink and of the height.
# Source: of 5,000 validation digits one, a 9 torn in two, is split like that; of pairs of digits nearly all are.
_OWN_INK, _OWN_HEIGHT = 0.15, 0.5
# Widest digit: 2.2 times its height. Source: the largest of 5,000 validation digits is 2.17, 99.9 % are below 1.96.
_WIDEST = 2.2
# A disc fills 0.785 of its box, 0.74 where its pixels are coarse. Source: of 5,000 validation digits one, a blot of a
# 0 without a hole, is as round and as full.
_DOT_FILL, _DOT_ASPECT = 0.73, 0.6
# Half of the outline is the length of the line, and the area divided by that its thickness; a blob has no line.
# Source: the thickest of 1,500 validation digits is 0.335 of its longer side, 99 % are below 0.25; half of the blots
# are above 0.39.
_THICKEST = 0.36
# Length of the line as a multiple of the digit's longer side; a spiral or a scribble has a longer one.
# Source: the longest of 5,000 validation digits is 3.5, of clean stroke drawings 3.7.
_LONGEST_LINE = 4.0
# Source: none of 5,000 validation digits encloses more than 3 areas (a hurried 8 or a slashed 0).
_MOST_HOLES = 3
_SMALLEST_HOLE = 0.005  # of the height squared; a smaller one is a gap between two touching lines
# Source: validation digits have at most 4 pieces of 5 % of the ink or more, 99.9 % of them at most 2.
_MOST_PIECES, _OWN_PIECE = 4, 0.05


class Shape(StrEnum):
    """What a drawing is if it is not one digit; the value is the message shown to people."""

    TWO_DIGITS = "This looks like more than one digit: there is a gap between tall pieces. I read one digit at a time."
    TOO_WIDE = "This is much wider than any digit. Is it a dash, or several digits that touch?"
    DOT = "This is a dot: a filled patch without a line to follow."
    BLOB = "This is a blot: it is so thick for its size that there is no line to follow. Try a thinner brush."
    SCRIBBLE = "This looks like a scribble: the line is longer, or crosses itself more often, than in any digit."
    PIECES = "This is in many pieces; no digit has so many."
    UNLIKE = "This looks like none of the digits that the network has learned from. Is it a letter or a symbol?"


@dataclass(frozen=True)
class Measures:
    """Dimensionless measures of a drawing: lengths are shares of the ink's height or longer side."""

    aspect: float  # width by height
    fill: float  # share of its box that is ink
    thickness: float  # of the line, divided by the longer side
    line: float  # length of the line, divided by the longer side
    num_holes: int
    num_pieces: int
    num_apart: int  # tall pieces with a column without ink between them


def check_shape(ink: FloatImage) -> Shape | None:
    """What this ink, (H, W) in [0, 1], is if it is not one digit; None if it may be one, or is empty."""
    measures = measure(ink)
    return _judge(measures) if measures else None


def unsure(probabilities: npt.NDArray[np.float32]) -> bool:
    """Whether the best of ten answers, (10,) summing to 1, is too weak to be called an answer.

    Source: the built-in `small-cnn` on the 5,000 validation digits: 12 answers are below 0.6, and 7 of these are
    right; from 0.9 on, 99.9 % are. So 1 digit in 400 is doubted, with good reason.
    """
    return float(probabilities.max()) < SURE


def measure(ink: FloatImage) -> Measures | None:
    """Measure ink, (H, W) in [0, 1]; None if there is none."""
    inked = is_inked(ink)
    if not inked.any():
        return None
    top, left, bottom, right = box_of(inked)  # so that a small drawing is measured as finely as a large one
    mask = is_inked(shrink(ink[top:bottom, left:right]))
    height, width = mask.shape
    found, area, line = pieces(mask), int(mask.sum()), _line(mask)
    return Measures(
        aspect=width / height,
        fill=area / (height * width),
        thickness=area / line / max(height, width),
        line=line / max(height, width),
        num_holes=sum(hole >= _SMALLEST_HOLE * height**2 for hole in holes(mask)),
        num_pieces=sum(piece.area >= _OWN_PIECE * area for piece in found),
        num_apart=_apart([piece for piece in found if piece.area >= _OWN_INK * area], height),
    )


def _judge(measures: Measures) -> Shape | None:
    aspect = min(measures.aspect, 1 / measures.aspect)
    if aspect > _DOT_ASPECT and measures.fill > _DOT_FILL and measures.num_holes == 0:
        return Shape.DOT
    if measures.num_apart > 1:
        return Shape.TWO_DIGITS
    if measures.thickness > _THICKEST:
        return Shape.BLOB
    if measures.num_pieces > _MOST_PIECES:
        return Shape.PIECES
    if measures.line > _LONGEST_LINE or measures.num_holes > _MOST_HOLES:
        return Shape.SCRIBBLE
    return Shape.TOO_WIDE if measures.aspect > _WIDEST else None


def _line(mask: npt.NDArray[np.bool_]) -> float:
    """The length of the line in a mask, in pixels: half of its outline, which runs along both sides.

    Counted in pixel edges, an outline is 4 / pi times too long on average over all directions (Crofton's formula).
    """
    around = np.pad(mask, 1)
    steps = int((around[1:] != around[:-1]).sum()) + int((around[:, 1:] != around[:, :-1]).sum())
    return steps * np.pi / 4 / 2


def _apart(found: list[Piece], height: int) -> int:
    """How many tall pieces, from left to right, begin after all earlier ones have ended."""
    num, end = 0, -1
    for piece in sorted(found, key=lambda piece: piece.left):
        if piece.height < _OWN_HEIGHT * height:
            continue
        num += piece.left > end
        end = max(end, piece.right)
    return num

"""The connected pieces of a drawing's ink: how many, how large, with how many holes. Pure numpy, in milliseconds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mnistlab.ink import FloatImage

_SIDE = 112  # pixels of the longer side when looking for pieces: four for each pixel of MNIST
_INK = 0.4  # a pixel with more counts as ink; fainter edges do not, so that neighbours stay separate
_Mask = npt.NDArray[np.bool_]
_Run = tuple[int, int, int]  # row, first column, column after the last


@dataclass(frozen=True)
class Piece:
    """One connected piece of ink; lengths and areas in pixels of a picture whose longer side has at most 112."""

    top: int
    left: int
    bottom: int  # exclusive
    right: int  # exclusive
    area: int

    @property
    def height(self) -> int:
        return self.bottom - self.top


def shrink(ink: FloatImage) -> FloatImage:
    """Shrink ink (H, W) to a longer side of at most 112 pixels by averaging blocks."""
    block = -(-max(ink.shape) // _SIDE)
    rows, columns = (-(-length // block) * block for length in ink.shape)
    padded = np.zeros((rows, columns), np.float32)
    padded[: ink.shape[0], : ink.shape[1]] = ink
    small: FloatImage = padded.reshape(rows // block, block, columns // block, block).mean(axis=(1, 3))
    return small


def is_inked(ink: FloatImage) -> _Mask:
    """Where there is ink, (H, W): more than 0.4 of the strongest."""
    mask: _Mask = ink > _INK * max(float(ink.max()), 0.01)
    return mask


def pieces(mask: _Mask) -> list[Piece]:
    """The connected pieces, which touch each other nowhere, not even at a corner; the largest first."""
    found = [_piece(runs) for runs in _connected(mask, diagonal=True)]
    return sorted(found, key=lambda piece: -piece.area)


def label_pieces(mask: _Mask) -> tuple[npt.NDArray[np.int32], list[Piece]]:
    """Number the pieces from 1: (H, W) int32 with 0 where there is no ink, and the pieces in that order."""
    labelled = np.zeros(mask.shape, np.int32)
    found = []
    for number, runs in enumerate(_connected(mask, diagonal=True), start=1):
        found.append(_piece(runs))
        for row, start, end in runs:
            labelled[row, start:end] = number
    return labelled, found


def holes(mask: _Mask) -> list[int]:
    """The areas that ink encloses, in pixels, the largest first."""
    around = np.pad(~mask, 1, constant_values=True)
    enclosed = [_piece(runs) for runs in _connected(around, diagonal=False)]
    return sorted((piece.area for piece in enclosed if piece.top > 0), reverse=True)


def _connected(mask: _Mask, diagonal: bool) -> list[list[_Run]]:
    """The runs of each piece: runs of two adjacent rows belong together if they overlap (or touch at a corner)."""
    reach = int(diagonal)
    group: dict[_Run, list[_Run]] = {}
    above: list[_Run] = []
    for row in range(mask.shape[0]):
        current = _runs(mask[row], row)
        for run in current:
            group[run] = [run]
        for run in current:
            for other in above:
                if other[1] < run[2] + reach and run[1] < other[2] + reach:
                    _join(group, run, other)
        above = current
    return list({id(runs): runs for runs in group.values()}.values())


def _join(group: dict[_Run, list[_Run]], one: _Run, other: _Run) -> None:
    few, many = sorted((group[one], group[other]), key=len)
    if few is many:
        return
    many.extend(few)
    for run in few:
        group[run] = many


def _runs(line: _Mask, row: int) -> list[_Run]:
    edges = np.flatnonzero(np.diff(line.astype(np.int8), prepend=0, append=0)).tolist()
    return [(row, start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _piece(runs: list[_Run]) -> Piece:
    return Piece(
        min(run[0] for run in runs),
        min(run[1] for run in runs),
        max(run[0] for run in runs) + 1,
        max(run[2] for run in runs),
        sum(run[2] - run[1] for run in runs),
    )

"""Digits that link to Pixels: the URL of each, its tip on hover, and the mosaic that goes there when clicked."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.data import Split
from ui import frame, mosaic, picking

_FEW, _SMALL_SIDE = 50, 42  # more digits than this are drawn smaller (CSS pixels): 200 take little more than a screen


def place(dataset: str, split: Split, index: int) -> dict[str, str]:
    """The query parameters of Pixels that show this image."""
    return {"pixels_set": dataset, "pixels_split": split.name, "pixels_index": str(index)}


def clickable(
    dataset: str,
    split: Split,
    indices: npt.NDArray[np.int64],
    captions: Sequence[str],
    side: int,
    per_row: int | None = 10,
) -> str:
    """A mosaic of these images, each a link to its pixels; for `picking.pick`."""
    places = [place(dataset, split, index) for index in indices]
    links = ["Pixels?" + "&".join(f"{name}={value}" for name, value in one.items()) for one in places]
    labels = split.labels[indices]
    tips = [f"{split.name} image {index}, labelled {label}" for index, label in zip(indices, labels, strict=True)]
    return mosaic.mosaic(split.images[indices], captions, tips, side=side, per_row=per_row, links=links)


def show(dataset: str, split: Split, indices: npt.NDArray[np.int64], captions: Sequence[str], key: str) -> None:
    """Show images that open on Pixels when they are clicked."""

    def leave(position: int) -> None:
        there = place(dataset, split, int(indices[position]))
        # Otherwise the last values of Pixels' controls would win over the URL.
        st.session_state.update(there | {"pixels_source": "data set", "pixels_index": int(indices[position])})
        frame.leave_for("Pixels", **there)

    side, per_row = (58, 10) if len(indices) <= _FEW else (_SMALL_SIDE, None)
    picking.pick(clickable(dataset, split, indices, captions, side, per_row), key, on_pick=leave)

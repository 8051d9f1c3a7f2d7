"""Digits with a model's answers: `predicted (true)`, right or wrong by mark, colour and frame; a click opens one in
depth."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.data import Split
from mnistlab.figures import count_of, percent
from ui import depth_links, mosaic, picking, splits, turning
from ui.address import Address
from ui.models import ModelChoice

if TYPE_CHECKING:
    from mnistlab.evaluation import Evaluation

PER_PAGE = 20


def paged(indices: npt.NDArray[np.int64], key: str, address: Address) -> npt.NDArray[np.int64]:
    """Show buttons to turn pages of 20 digits, and return the indices on this page."""
    last = max(1, -(-len(indices) // PER_PAGE))
    if key not in st.session_state:  # afterwards the URL lags behind the buttons
        address.check_number(key, "page", 1, last)
    page = turning.choose_page("Page", key, last, buttons=key)
    st.caption(f"of {last:,} ({count_of(len(indices), 'digit')})")
    return indices[(page - 1) * PER_PAGE : page * PER_PAGE]


def show(
    model: ModelChoice,
    split: Split,
    indices: npt.NDArray[np.int64],
    key: str,
    evaluation: "Evaluation",
    caption: Callable[[int], str] | None = None,
    side: int = 58,
) -> None:
    """Show these digits of a split, which open in depth when they are clicked.

    caption: the text below the digit of an index (default: predicted and true).
    """
    config = model.predictor.config
    predicted, true, sure = evaluation.predictions[indices], split.labels[indices], evaluation.confidence[indices]
    if caption is None:
        captions = [f"{p} ({t})" for p, t in zip(predicted, true, strict=True)]
    else:
        captions = [caption(int(index)) for index in indices]
    tips = [
        f"{split.name} image {index}: predicted {p} ({percent(float(share), 1)} sure), true {t}"
        for index, p, t, share in zip(indices, predicted, true, sure, strict=True)
    ]
    places = [splits.origin(split.name, int(index), config) for index in indices]
    links = [depth_links.address(*one, model.name) for one in places]
    correct = list(predicted == true)
    content = mosaic.mosaic(split.images[indices], captions, tips, correct, side, 580 // side, links)
    open_picked(content, key, places)


def open_picked(content: str, key: str, places: Sequence[tuple[str, int]]) -> None:
    """Show clickable digits; a click opens the one at that place, a name and an index, in depth."""
    if picking.pick(content, key, on_pick=lambda position: depth_links.remember(*places[position])) is not None:
        st.rerun()

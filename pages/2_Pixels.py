"""Pixels: one digit as the numbers that a network gets."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import streamlit as st

from mnistlab.config import DatasetName
from mnistlab.data import Split
from mnistlab.downloads import is_downloaded
from mnistlab.pixels import (
    MNIST_MEAN,
    MNIST_STD,
    Picture,
    flatten,
    mean_pictures,
    nearest_picture,
    needs_white_text,
    normalise,
    scale_values,
    value_histogram,
)
from ui import dataset_choice, depth_links, digit_facts, digit_links, frame, picking, pixel_grid, resources, turning
from ui.address import Address
from ui.experiments import Experiment, try_this
from ui.pixel_scale import SCALES, Scale, number
from ui.pixel_views import equation, histogram, strip

_OWN = "my drawing"
_SOURCES = ("data set", _OWN)
_VIEWS = ("picture", "average", "difference")
_NEIGHBOURS = 7  # thumbnails, the chosen one in their middle; as many as fit on a phone
_MARK = "\N{BLACK UP-POINTING TRIANGLE}"

_EXPERIMENTS = (
    Experiment(
        "Read only the numbers",
        "Cover the small pictures with your hand. Can you follow the pen through the numbers? The network gets nothing "
        "else.",
        {"pixels_view": "picture", "pixels_scale": "0 to 1"},
    ),
    Experiment(
        "An ugly seven",
        "Orange: more ink here than in the average seven. Blue: less. The network has to call it a 7 all the same.",
        {"pixels_source": "data set", "pixels_split": "train", "pixels_index": 24_651, "pixels_view": "difference"},
    ),
    Experiment(
        "Normalise it",
        "The background is no longer 0 but \N{MINUS SIGN}0.42: now even empty paper tells the network something.",
        {"pixels_view": "picture", "pixels_scale": "normalised"},
    ),
)

_ABOUT_SOURCES = "An image of the data set, or what you drew last on Draw."
_ABOUT_VIEWS = (
    "picture: the image itself. average: the mean of all training images of its digit. difference: the picture minus "
    "that average."
)
_ABOUT_SCALES = (
    "0 to 1: as the network gets it. 0 to 255: as it lies in the file. normalised: 0 to 1, minus the mean, divided by "
    "the standard deviation."
)

_NORMALISED = (
    f"Normalised: (value \N{MINUS SIGN} {MNIST_MEAN}) / {MNIST_STD}. Over all pixels of MNIST's 60,000 training "
    f"images {MNIST_MEAN} is the mean and {MNIST_STD} the standard deviation, so the numbers lie around 0 with a "
    "spread of 1. Why? In training, an image changes each weight of a neuron in proportion to its pixel's number. If "
    "no number is below 0, all weights are pushed the same way; around 0 each can go its own way, and learning takes "
    "fewer steps."
)
_NORMALISED_DIFFERENCE = (
    "Normalised: the difference of two normalised pictures. The mean cancels out, so it is only divided by "
    f"{MNIST_STD}."
)


@dataclass(frozen=True)
class Shown:
    """What is looked at: `picture` (28, 28) float32 in [0, 1], its name, and its digit if it has a label."""

    picture: Picture
    name: str
    digit: int | None


def draw() -> None:
    address = Address()
    try_this("pixels_try", _EXPERIMENTS)
    picture, controls = st.columns(frame.PICTURE_AND_CONTROLS, gap="medium")
    with controls:
        name = _choose_dataset(address)
        source = address.menu("Picture from", _SOURCES, "pixels_source", "source", help=_ABOUT_SOURCES)
        is_own = source == _OWN and "last_drawing" in st.session_state
        split = dataset_choice.choose_split(name, "pixels_split", address, disabled=is_own)
        address.check_number("pixels_index", "image", 0, len(split) - 1)
        index = turning.choose_image("pixels_index", len(split), buttons="pixels", disabled=is_own)
        view = address.menu("Show", _VIEWS, "pixels_view", "view", help=_ABOUT_VIEWS)
        scale = address.menu("Values", SCALES, "pixels_scale", "scale of values", help=_ABOUT_SCALES)
    averages = digit_facts.averages(name, "train")
    with picture:
        shown = _drawing() if source == _OWN else None
        if shown is None:
            shown = Shown(scale_values(split.images[index]), f"{split.name} image {index:,}", int(split.labels[index]))
            _show_neighbours(name, split, index)
        digit = nearest_picture(shown.picture, averages) if shown.digit is None else shown.digit
        _show_grid(shown, digit, averages[digit], view, scale)
        _link_to_reading(shown, name, split, index)
    _show_views(shown, digit, averages[digit], scale)
    address.tell_unknown(also=("pixels_set",))
    frame.show_code(scale_values, normalise, needs_white_text, flatten, value_histogram, mean_pictures)


def _choose_dataset(address: Address) -> DatasetName:
    """The data set: MNIST, with a menu if others have been downloaded on Data."""
    there: list[DatasetName] = [name for name in get_args(DatasetName) if is_downloaded(name)]
    key, what = "pixels_set", "data set on this computer"
    if there == ["mnist"]:
        address.check_choice(key, what, there)
        return "mnist"
    return address.menu("Data set", there, key, what)


def _go_to(index: int) -> None:
    st.session_state["pixels_index"] = index


def _drawing() -> Shown | None:
    """The last drawing of this session, as framed for the network; None, with a hint shown, if there is none."""
    drawing: Picture | None = st.session_state.get("last_drawing")
    if drawing is not None:
        return Shown(drawing, _OWN, None)
    st.info("You have drawn nothing yet. Draw a digit, come back, and it is shown here like any other.")
    st.page_link(frame.page_script("Draw"), label="Draw a digit")
    return None


def _show_neighbours(name: str, split: Split, index: int) -> None:
    first = max(0, min(index - _NEIGHBOURS // 2, len(split) - _NEIGHBOURS))
    indices = np.arange(first, min(first + _NEIGHBOURS, len(split)))
    captions = [f"{_MARK} {split.labels[i]}" if i == index else str(split.labels[i]) for i in indices]
    thumbnails = digit_links.clickable(name, split, indices, captions, side=42)
    picking.pick(thumbnails, "pixels_neighbours", on_pick=lambda position: _go_to(int(indices[position])))


def _show_grid(shown: Shown, digit: int, average: Picture, view: str, scale: Scale) -> None:
    title = f"{shown.name}, {'nearest to the average' if shown.digit is None else 'labelled'} {digit}"
    if view == "average":
        title = f"the average of all {digit}s in train"
    elif view == "difference":
        title = f"{title}, minus the average {digit}"
    st.markdown(f"**{title[0].upper()}{title[1:]}**")
    values = {"picture": shown.picture, "average": average, "difference": shown.picture - average}[view]
    pixel_grid.show(pixel_grid.pixel_grid(values, scale, title, view == "difference"), "pixels_grid")
    if scale == "normalised":
        st.caption(_NORMALISED_DIFFERENCE if view == "difference" else _NORMALISED)


def _link_to_reading(shown: Shown, name: DatasetName, split: Split, index: int) -> None:
    """Show a button that opens the same picture in depth on Evaluate."""
    label, key = "How is it read, and why?", "pixels_depth"
    if shown.digit is None:
        depth_links.button(label, key, depth_links.DRAWING)
        return
    if split.name == "test":
        depth_links.button(label, key, "test", index, name)
    else:
        depth_links.button(label, key, "training", int(resources.dataset(name).source_indices(split.name)[index]), name)


def _show_views(shown: Shown, digit: int, average: Picture, scale: Scale) -> None:
    st.header("Flattened: what goes into the first layer", anchor=False)
    st.html(strip(shown.picture))
    st.caption(
        "The 28 rows, one after the other: 784 numbers. Each grey mark below is as long as one row, and so is each gap."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        st.header("How often each value occurs", anchor=False)
        background, _ = value_histogram(shown.picture)
        st.markdown(f"**{background}** of 784 pixels are {number(0, scale)}, plain background. The others:")
        st.html(histogram(shown.picture, scale))
    with right:
        st.header(f"Compared with the average {digit}", anchor=False)
        st.markdown("Orange: more ink than in the average. Blue: less.")
        st.html(equation(shown.picture, average, [shown.name, f"average {digit}", "difference"]))


frame.show_page("Pixels", draw)

"""Data: what a network learns from, a batch at a time."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.config import DatasetName
from mnistlab.data import Split, batch_indices, class_counts
from mnistlab.figures import count_of
from mnistlab.pixels import distances, mean_pictures, rank_by_distance, std_pictures
from ui import bars, dataset_choice, digit_facts, digit_links, frame, mosaic, resources, turning, turns
from ui.address import Address
from ui.experiments import Experiment, try_this

_ORDERS = ("file order", "shuffled")
_DIGITS = tuple("0123456789")
_MOST = 200  # images in a batch
_RANKED = 10  # images at either end of a ranking

_EXPERIMENTS = (
    Experiment(
        "200 at a glance",
        "One batch of 200, shuffled. How many of these would you have misread? Click on one to see its pixels.",
        {"data_batch_size": _MOST, "data_order": "shuffled", "data_digits": [], "data_batch": 1},
    ),
    Experiment(
        "Only fours and nines",
        "Where does a 4 end and a 9 begin? Look at the top: open or closed. Some of these are both.",
        {"data_batch_size": 50, "data_order": "shuffled", "data_digits": ["4", "9"], "data_batch": 1},
    ),
    Experiment(
        "Ugly sevens",
        "[Go down to the sevens](#typical-and-unusual) that are farthest from the average one. Whose mistake is it if "
        "a network misreads them?",
        {"data_ranked": "7", "data_digits": ["7"], "data_batch": 1},
    ),
)


def draw() -> None:
    address = Address()
    try_this("data_try", _EXPERIMENTS)
    picture, controls = st.columns(frame.PICTURE_AND_CONTROLS, gap="medium")
    with controls:
        name = dataset_choice.choose("data_set", address)
        split = dataset_choice.choose_split(name, "data_split", address)
        st.caption(_sizes(name))
        chosen = _choose_digits(split, address)
        batch_size = _choose_batch_size(address)
        seed = _choose_order(address)
    with picture:
        _show_batch(name, split, chosen, batch_size, seed, address)
    _show_ranking(name, split, address)
    _show_averages(name, split)
    address.tell_unknown(also=("data_seed",))
    frame.show_code(batch_indices, rank_by_distance, distances, mean_pictures, std_pictures, class_counts)


def _sizes(name: DatasetName) -> str:
    held = resources.dataset(name)
    return (
        f"{len(held.source):,} images for training, {held.validation_size:,} of which are usually held out for "
        f"validation, and {len(held.test):,} for testing."
    )


def _choose_digits(split: Split, address: Address) -> npt.NDArray[np.int64]:
    """Indices of the images to choose from."""
    address.check_choice("data_digits", "digit", _DIGITS)
    digits = st.segmented_control(
        "Only these digits",
        _DIGITS,
        selection_mode="multi",
        wrap=True,
        key="data_digits",
        bind="query-params",
        help="Press one or several; with none pressed you see all.",
    )
    if not digits:
        return np.arange(len(split))
    return np.flatnonzero(np.isin(split.labels, [int(digit) for digit in digits]))


def _choose_batch_size(address: Address) -> int:
    address.check_number("data_batch_size", "batch size", 1, _MOST)
    return st.slider(
        "Batch size (images)",
        min_value=1,
        max_value=_MOST,
        value=20,
        key="data_batch_size",
        bind="query-params",
        help="A batch is the images that the network sees before it changes its weights. The PyTorch tutorial that "
        "this lab reproduces takes 20.",
    )


def _choose_order(address: Address) -> int | None:
    """The seed of the shuffling, or None for file order."""
    order = address.buttons(
        "Order",
        _ORDERS,
        "data_order",
        help="The tutorial takes the images in the order of the file. Most recipes shuffle them anew for each epoch, "
        "which is one pass over all of them.",
    )
    if order == _ORDERS[0]:
        return None
    address.check_number("data_seed", "seed", 0, 2**31)
    seed = st.number_input(
        "Seed",
        0,
        2**31,
        key="data_seed",
        bind="query-params",
        help="The same seed gives the same order, on every computer.",
    )
    st.button("Shuffle again", key="data_mix", on_click=_mix_again)
    return seed


def _mix_again() -> None:
    st.session_state["data_seed"] = (st.session_state["data_seed"] + 1) % 2**31


@turns.fragment()
def _show_batch(
    name: DatasetName, split: Split, chosen: npt.NDArray[np.int64], batch_size: int, seed: int | None, address: Address
) -> None:
    """Show one batch, as a fragment: turning the page reruns only this."""
    frame.leave_if_asked()
    last = max(1, -(-len(chosen) // batch_size))
    address.check_number("data_batch", "batch", 1, last)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        batch = turning.choose_page("Batch", "data_batch", last, buttons="data")  # as the next epoch begins anew
        st.caption(f"of {last:,}")
    indices = chosen[batch_indices(len(chosen), batch_size, batch - 1, seed)]
    digit_links.show(name, split, indices, [str(label) for label in split.labels[indices]], "data_batch_digits")
    images, size = split.images[indices], len(indices)
    pictures = count_of(size, "picture")
    st.caption(
        "The number below a picture is its label. Click on a picture to see its pixels. To the network this batch is "
        f"two tensors (tables of numbers): `images ({size}, 1, 28, 28) float32 in [0, 1]`, which is {pictures} of 1 "
        f"channel (grey), 28 rows and 28 columns, and `labels ({size},) int64`. The file holds whole numbers from 0 "
        f"to 255 (in this batch {images.min()} to {images.max()}), which are divided by 255."
    )


def _show_ranking(name: DatasetName, split: Split, address: Address) -> None:
    st.header("Typical and unusual", anchor="typical-and-unusual")
    digit = address.buttons(
        "Digit",
        _DIGITS,
        "data_ranked",
        start="7",
        wrap=True,
        help="Its images in this split are compared with their average.",
    )
    indices, found = digit_facts.ranking(name, split.name, int(digit))
    for title, part, key in (
        (f"Nearest to the average {digit}", slice(None, _RANKED), "data_nearest"),
        ("Farthest from it, the farthest first", slice(None, -_RANKED - 1, -1), "data_farthest"),
    ):
        st.markdown(f"**{title}**")
        digit_links.show(name, split, indices[part], [f"{distance:.1f}" for distance in found[part]], key)
    st.caption(
        f"From the {len(indices):,} images labelled {digit} in {split.name}. The number below each is its distance "
        "from their average: square the difference of each of the 784 pixels (values 0 to 1), add up the squares and "
        "take the root."
    )


def _show_averages(name: DatasetName, split: Split) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.header("The average of each digit", anchor=False)
        means = np.round(digit_facts.averages(name, split.name) * 255).astype(np.uint8)
        st.html(mosaic.mosaic(means, _DIGITS, [f"the average {digit}" for digit in _DIGITS], per_row=5))
        st.caption("Bright where nearly everybody's pen left ink.")
    with right:
        st.header("Where they differ", anchor=False)
        # The standard deviation of numbers in [0, 1] is at most 0.5, which is white here.
        spread = np.round(digit_facts.deviations(name, split.name) * 510).astype(np.uint8)
        st.html(mosaic.mosaic(spread, _DIGITS, [f"where {digit}s differ" for digit in _DIGITS], per_row=5))
        st.caption(
            "How much each pixel varies: its standard deviation, from 0 (black) to 0.5 (white). Bright where some "
            "left ink and others did not."
        )
    st.header(f"How many of each digit there are among the {len(split):,} in {split.name}", anchor=False)
    st.html(bars.count_bars([int(count) for count in class_counts(split.labels)]))


frame.show_page("Data", draw)

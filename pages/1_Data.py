"""Data: what a network learns from, a batch at a time."""

from typing import get_args

import streamlit as st

from mnistlab.config import DatasetName
from mnistlab.data import DATASET_TITLES, Split, batch_indices, class_counts
from mnistlab.downloads import DOWNLOAD_MB, download, is_downloaded
from mnistlab.errors import DataError
from ui import bars, frame, mosaic, resources

_SPLITS = ("train", "validation", "test")
_ORDERS = ("file order", "shuffled")


def draw() -> None:
    picture, controls = st.columns(frame.PICTURE_AND_CONTROLS, gap="medium")
    with controls:
        name = _choose_dataset()
        split_name = st.selectbox(
            "Split",
            _SPLITS,
            key="data_split",
            bind="query-params",
            help="The network learns from train, we tune by validation, and test is read once, at the end.",
        )
        batch_size = st.slider(
            "Batch size (images)",
            min_value=1,
            max_value=200,
            value=20,
            key="data_batch_size",
            bind="query-params",
            help="How many images the network sees before it changes its weights. The tutorial takes 20.",
        )
        order = st.segmented_control(
            "Order",
            _ORDERS,
            default=_ORDERS[0],
            required=True,
            key="data_order",
            bind="query-params",
            help="The tutorial reads the images as they lie in the file. Most trainings mix them anew each epoch.",
        )
    split = resources.dataset(name).split(split_name)
    with picture:
        _show_batch(split, batch_size, order == "shuffled")
    _show_counts(split)
    frame.show_code(batch_indices, class_counts)


def _choose_dataset() -> DatasetName:
    name: DatasetName = st.selectbox(
        "Data set",
        get_args(DatasetName),
        format_func=lambda name: DATASET_TITLES[name],
        key="data_set",
        persist_state="session",
        help="MNIST comes with the lab. The others are fetched from the internet when you ask for them.",
    )
    if name == "mnist" or is_downloaded(name):
        return name
    if st.button(f"Fetch {DATASET_TITLES[name]} ({DOWNLOAD_MB[name]} MB)", key="data_fetch"):
        bar = st.progress(0.0, text="Connecting ...")
        try:
            download(name, lambda megabytes: _show_progress(bar, name, megabytes))
        except DataError as error:
            bar.empty()
            st.error(str(error))
            return "mnist"
        bar.empty()
        return name
    st.caption("Until it is fetched, you see MNIST.")
    return "mnist"


def _show_progress(bar: "st.delta_generator.DeltaGenerator", name: DatasetName, megabytes: float) -> None:
    bar.progress(min(1.0, megabytes / DOWNLOAD_MB[name]), text=f"{megabytes:.0f} of {DOWNLOAD_MB[name]} MB")


def _show_batch(split: Split, batch_size: int, is_shuffled: bool) -> None:
    last = -(-len(split) // batch_size)
    st.session_state["data_batch"] = min(st.session_state.get("data_batch", 1), last)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Previous", key="data_previous", on_click=_turn, args=(-1, last))
        st.number_input("Batch", 1, last, key="data_batch", bind="query-params", width=140)
        st.button("Next", key="data_next", on_click=_turn, args=(1, last), type="primary")
        st.caption(f"of {last:,}")
    batch = st.session_state["data_batch"] - 1
    indices = batch_indices(len(split), batch_size, batch, shuffle_seed=0 if is_shuffled else None)
    labels = [str(label) for label in split.labels[indices]]
    tips = [f"{split.name} image {index}, labelled {label}" for index, label in zip(indices, labels, strict=True)]
    st.html(mosaic.mosaic(split.images[indices], labels, tips, per_row=10 if batch_size <= 50 else None))
    size = len(indices)
    st.caption(
        f"The network gets `images ({size}, 1, 28, 28) float32 in [0, 1]` and `labels ({size},) int64`; "
        f"the file holds whole numbers from 0 to 255, here {split.images[indices].min()} to "
        f"{split.images[indices].max()}. The number below a digit is its label."
    )


def _turn(by: int, last: int) -> None:
    """Go to another batch; after the last comes the first, as in the next epoch."""
    st.session_state["data_batch"] = (st.session_state["data_batch"] - 1 + by) % last + 1


def _show_counts(split: Split) -> None:
    st.subheader(f"How many of each digit, of {len(split):,} in {split.name}", anchor=False)
    counts = class_counts(split.labels)
    st.html(bars.count_bars([int(count) for count in counts]))


frame.show_page("Data", draw)

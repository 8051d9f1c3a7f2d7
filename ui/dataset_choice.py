"""Choose a data set and one of its splits, and download it if it is not on this computer yet."""

from typing import get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mnistlab.config import DatasetName
from mnistlab.data import DATASET_TITLES, Split
from mnistlab.downloads import DOWNLOAD_MB, download, is_downloaded
from mnistlab.errors import DataError
from ui import resources
from ui.address import Address


def choose(key: str, address: Address) -> DatasetName:
    """Show the menu, and a button that downloads the chosen data set; return MNIST until it is there."""
    address.check_choice(key, "data set", list(DATASET_TITLES.values()))
    name: DatasetName = st.selectbox(
        "Data set",
        get_args(DatasetName),
        format_func=lambda name: DATASET_TITLES[name],
        key=key,
        bind="query-params",
        help="MNIST comes with the lab. The others are fetched from the internet when you ask for them.",
    )
    if is_downloaded(name):
        return name
    if st.button(f"Fetch {DATASET_TITLES[name]} ({DOWNLOAD_MB[name]} MB)", key=f"{key}_fetch"):
        return name if _fetch(name) else "mnist"
    st.caption("Until it is fetched, you see MNIST.")
    return "mnist"


def choose_split(name: DatasetName, key: str, address: Address, disabled: bool = False) -> Split:
    """Show the menu of a data set's splits."""
    chosen = address.menu(
        "Split",
        ("train", "validation", "test"),
        key,
        disabled=disabled,
        help="train: the network learns from these. validation: 5,000 images held out of the training file, by which "
        "settings are chosen. test: it reads these once, at the end.",
    )
    return resources.dataset(name).split(chosen)


def _fetch(name: DatasetName) -> bool:
    bar = st.progress(0.0, text="Connecting ...")
    try:
        download(name, lambda megabytes: _show_progress(bar, name, megabytes))
    except DataError as error:
        st.error(str(error))
        return False
    finally:
        bar.empty()
    return True


def _show_progress(bar: DeltaGenerator, name: DatasetName, megabytes: float) -> None:
    bar.progress(min(1.0, megabytes / DOWNLOAD_MB[name]), text=f"{megabytes:.0f} of {DOWNLOAD_MB[name]} MB")

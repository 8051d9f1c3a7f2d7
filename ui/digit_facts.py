"""Averages and rankings of a split's digits, computed once for all sessions."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.config import DatasetName
from mnistlab.pixels import Picture, mean_pictures, rank_by_distance, std_pictures
from ui import resources


@st.cache_resource(show_spinner="Averaging the digits ...", max_entries=20)
def averages(dataset: DatasetName, split: str) -> Picture:
    """(10, 28, 28) float32 in [0, 1]: the mean picture of each digit."""
    images = resources.dataset(dataset).split(split)
    return mean_pictures(images.images, images.labels)


@st.cache_resource(show_spinner="Comparing the digits ...", max_entries=20)
def deviations(dataset: DatasetName, split: str) -> Picture:
    """(10, 28, 28) float32 in [0, 0.5]: where images of the same digit differ."""
    images = resources.dataset(dataset).split(split)
    return std_pictures(images.images, images.labels)


@st.cache_resource(show_spinner="Measuring distances ...", max_entries=60)
def ranking(dataset: DatasetName, split: str, digit: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Indices of a digit's images, nearest to their average first, and their distances."""
    images = resources.dataset(dataset).split(split)
    return rank_by_distance(images.images, images.labels, digit, averages(dataset, split)[digit])

"""Models' answers, computed once for all sessions: on a split, against changes, and in the hidden layer.

Finished runs and built-in models have kept their answers on the test set; these are loaded, not computed.
"""

import time
from collections import deque
from collections.abc import Hashable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.config import DatasetName
from mnistlab.data import Split
from mnistlab.ids import is_run_id
from ui import resources, splits
from ui.models import ModelChoice

if TYPE_CHECKING:
    from mnistlab.ablation import Disturbance
    from mnistlab.evaluation import Evaluation
    from mnistlab.hidden import Map
    from mnistlab.neighbours import Neighbours
    from mnistlab.robustness import Point

_TIMED = 200  # images read to estimate how long all will take
_MAPPED = 1000  # digits on a map
# Limits on the hidden features of all digits of a map, and of all digits compared with: 80 and 200 MB. A network of few
# layers and many channels, whose last layer sees every place, has 50,000 features per digit.
_MOST_ON_MAP, _MOST_KEPT = 20_000_000, 100_000_000
_MOST_COMPARED = 2  # models whose hidden features are kept for all their training images: 56 MB for 512 neurons
PART = 4000  # training digits for a quick first answer on neighbours: a second or two with a CNN


def evaluation(model: ModelChoice, split_name: str) -> "tuple[Split, Evaluation]":
    """A split and a model's answers on it."""
    split, version = _taken(model, split_name)
    return split, _evaluation(model.name, model.step, split_name, version, split)


def evaluations_of_two(
    first: ModelChoice, second: ModelChoice, split_name: str
) -> "tuple[Split, Evaluation, Evaluation]":
    """The first one's split and the answers of both; a set that all models share is read in one state for both."""
    split, version = _taken(first, split_name)
    other, of_other = (split, version) if split_name == splits.DRAWINGS else _taken(second, split_name)
    return (
        split,
        _evaluation(first.name, first.step, split_name, version, split),
        _evaluation(second.name, second.step, split_name, of_other, other),
    )


def _taken(model: ModelChoice, split_name: str) -> tuple[Split, Hashable]:
    return splits.taken(split_name, model.predictor.config)


@st.cache_resource(show_spinner="Reading the digits ...", max_entries=40)
def _evaluation(name: str, step: int, split_name: str, version: Hashable, _split: Split) -> "Evaluation":
    from mnistlab.builtin.answers import builtin_evaluation
    from mnistlab.evaluation import evaluate
    from mnistlab.predictions import stored_evaluation

    if is_run_id(name):
        kept = stored_evaluation(resources.store(), name, step, _split)
    else:
        kept = builtin_evaluation(name, _split)
    return kept or evaluate(resources.predictor(name, step).model, _split)


def robustness(model: ModelChoice, split_name: str, change: "Disturbance") -> "list[Point]":
    """How many of a sample are read at each amount of a change; computed at the first call."""
    split, version = _taken(model, split_name)
    return _robustness(model.name, model.step, split_name, version, change, split)


@st.cache_resource(show_spinner=False, max_entries=100)
def _robustness(
    name: str, step: int, split_name: str, version: Hashable, change: "Disturbance", _split: Split
) -> "list[Point]":
    from mnistlab.ablation import ablation
    from mnistlab.robustness import robustness as measure
    from mnistlab.robustness import sample

    predictor, digits = resources.predictor(name, step), sample(_split)
    return ablation(predictor.network, digits) if change == "neurons" else measure(predictor.model, digits, change)


def dropout_left_on(model: ModelChoice, split_name: str) -> "Point":
    """How many of that sample are read if dropout is left on; computed at the first call."""
    split, version = _taken(model, split_name)
    return _dropout_left_on(model.name, model.step, split_name, version, split)


@st.cache_resource(show_spinner=False, max_entries=100)
def _dropout_left_on(name: str, step: int, split_name: str, version: Hashable, _split: Split) -> "Point":
    from mnistlab.ablation import dropout_left_on as measure
    from mnistlab.robustness import sample

    return measure(resources.predictor(name, step).network, sample(_split))


def hidden_map(model: ModelChoice, split_name: str, of_pixels: bool) -> "tuple[Split, npt.NDArray[np.int64], Map]":
    """Some digits of a split, their indices in it, and their map by pixels or by hidden layer."""
    split, version = _taken(model, split_name)
    return _hidden_map(model.name, model.step, split_name, version, of_pixels, split)


@st.cache_resource(show_spinner="Drawing the map ...", max_entries=30)
def _hidden_map(
    name: str, step: int, split_name: str, version: Hashable, of_pixels: bool, _split: Split
) -> "tuple[Split, npt.NDArray[np.int64], Map]":
    from mnistlab.hidden import Map, hidden_features
    from mnistlab.pixels import scale_values

    most = _MAPPED if of_pixels else min(_MAPPED, _MOST_ON_MAP // _hidden_width(name, step))
    chosen = np.sort(np.random.default_rng(0).permutation(len(_split))[:most])
    shown = _split.take(chosen, split_name)
    network = resources.predictor(name, step).network
    vectors = (
        scale_values(shown.images).reshape(len(shown), -1) if of_pixels else hidden_features(network, shown.images)
    )
    return shown, chosen, Map.of(vectors)


@st.cache_resource(show_spinner=False, max_entries=60, ttl=60)  # the computer may have been busy when it was measured
def seconds_to_read(name: str, step: int, num_images: int) -> float:
    """An estimate of how long a model takes for so many images, measured on a few."""
    predictor = resources.predictor(name, step)
    images = resources.dataset(predictor.config.dataset).source.images[:_TIMED]
    seconds = []
    for _ in range(2):  # the first time is slower
        start = time.perf_counter()
        predictor.probabilities(images)
        seconds.append(time.perf_counter() - start)
    return min(seconds) / _TIMED * num_images


@st.cache_resource(show_spinner=False, max_entries=4)  # 4 MB for 512 hidden neurons
def _hidden_of_part(name: str, step: int) -> npt.NDArray[np.float16]:
    return _hidden(name, step, PART)


@st.cache_resource(show_spinner=False, max_entries=_MOST_COMPARED)
def _hidden_of_train(name: str, step: int) -> npt.NDArray[np.float16]:
    return _hidden(name, step)


def _hidden(name: str, step: int, num_images: int | None = None) -> npt.NDArray[np.float16]:
    """(N, W): hidden features of the first images that the model has learned from, by default of as many as allowed."""
    from mnistlab.hidden import hidden_features

    predictor = resources.predictor(name, step)
    train = predictor.config.train
    images = _learned_from(predictor.config.dataset, train.validation_size, train.train_size)[0].images
    images = images[: _MOST_KEPT // _hidden_width(name, step)][:num_images]
    parts = [hidden_features(predictor.network, part) for part in np.array_split(images, 20)]
    return np.concatenate([part.astype(np.float16) for part in parts if len(part)])


def _hidden_width(name: str, step: int) -> int:
    from mnistlab.hidden import hidden_features

    return int(hidden_features(resources.predictor(name, step).network, np.zeros((1, 28, 28), np.uint8)).shape[1])


def num_comparable(model: ModelChoice) -> int:
    """How many of a model's training images can be searched by its hidden layer."""
    return min(len(learned_from(model)[0]), _MOST_KEPT // _hidden_width(model.name, model.step))


@st.cache_resource(show_spinner=False)
def _compared() -> deque[tuple[str, int]]:
    """The models, by name and step, for which `_hidden_of_train` is cached; the most recently used one is last."""
    return deque(maxlen=_MOST_COMPARED)


def is_compared(model: ModelChoice) -> bool:
    """Whether `nearest_in_hidden_layer` has what it needs cached, so that it is quick."""
    return (model.name, model.step) in _compared()


def learned_from(model: ModelChoice) -> tuple[Split, npt.NDArray[np.int64]]:
    """The images that a model has learned from, and their indices in their data set."""
    config = model.predictor.config
    return _learned_from(config.dataset, config.train.validation_size, config.train.train_size)


@st.cache_resource(show_spinner=False, max_entries=2)  # a copy of up to 47 MB if some images are not learned from
def _learned_from(name: DatasetName, validation_size: int, train_size: int) -> tuple[Split, npt.NDArray[np.int64]]:
    held = resources.dataset(name, validation_size)
    return held.train_of(train_size), held.train_indices(train_size)


def nearest_in_pixels(model: ModelChoice, picture: npt.NDArray[np.float32], num: int) -> "Neighbours":
    """The nearest of the images that a model has learned from, by their pixels."""
    from mnistlab.neighbours import nearest

    return nearest(picture[None], learned_from(model)[0].images, num)


def nearest_in_hidden_layer(
    model: ModelChoice, picture: npt.NDArray[np.float32], num: int, of_part: bool = False
) -> "Neighbours":
    """The nearest of the images that a model has learned from, by its hidden layer; slow at the first call.

    of_part: search only the first `PART`, which is quick. The images are in shuffled order, so this is a fair sample.
    """
    from mnistlab.hidden import hidden_features
    from mnistlab.neighbours import nearest

    asked = hidden_features(model.predictor.network, picture[None]).astype(np.float16)
    if of_part:
        return nearest(asked, _hidden_of_part(model.name, model.step), num)
    found = nearest(asked, _hidden_of_train(model.name, model.step), num)
    with suppress(ValueError):  # both caches drop the least recently used model
        _compared().remove((model.name, model.step))
    _compared().append((model.name, model.step))
    return found

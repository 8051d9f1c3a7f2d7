"""Facts about a network before its first step, computed once for all sessions.

A network of 20 million weights or 256 channels reads fewer images, so that the page stays responsive.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.config import ModelConfig
from ui import resources

if TYPE_CHECKING:
    from mnistlab.probes import GradientSize

NUM_NEURONS = 20  # whose weights are shown
_ASKED, _BATCH = (1000, 100, 10), (100, 10, 2)  # numbers of images, of which the first affordable one is taken
# Multiply-adds in all, of which a core does 5 to 50 billion a second; a backward pass costs twice as much as a forward.
_AFFORDABLE = 3e9
_BY_VALUE: dict[str | type[Any], Callable[[Any], Any]] = {ModelConfig: ModelConfig.model_dump_json}


@dataclass(frozen=True, eq=False)
class FirstAnswers:
    """`weights` of the first neurons; `probabilities` (N, 10) and the mean `loss` in nats for N images."""

    weights: npt.NDArray[np.float32]
    probabilities: npt.NDArray[np.float32]
    loss: float


@st.cache_resource(show_spinner="Asking the network ...", max_entries=100, hash_funcs=_BY_VALUE)
def first_answers(config: ModelConfig, seed: int) -> FirstAnswers:
    """The network's first weights, and its answers on the first training images."""
    from mnistlab.untrained import answers, first_weights, untrained_model

    model, source = untrained_model(config, seed), resources.dataset().source
    num_images = num_affordable(config, _ASKED)
    probabilities, loss = answers(model, source.images[:num_images], source.labels[:num_images])
    return FirstAnswers(first_weights(model, NUM_NEURONS).copy(), probabilities, loss)


@st.cache_resource(show_spinner="Sending a batch back ...", max_entries=200, hash_funcs=_BY_VALUE)
def gradients(config: ModelConfig, seed: int) -> list["GradientSize"]:
    """The size of one batch's gradient in each layer."""
    from mnistlab.untrained import gradient_sizes

    source, num_images = resources.dataset().source, batch_size(config)
    return gradient_sizes(config, source.images[:num_images], source.labels[:num_images], seed)


def batch_size(config: ModelConfig) -> int:
    """How many images are sent forward and backward for the gradients."""
    return num_affordable(config, _BATCH, passes=3)


def num_affordable(config: ModelConfig, numbers: tuple[int, ...], passes: int = 1) -> int:
    """The first of these numbers of images that a network processes in about a second, else the last."""
    from mnistlab.layers import describe_layers

    cost = passes * sum(layer.num_multiply_adds for layer in describe_layers(config))
    return next((number for number in numbers if number * cost <= _AFFORDABLE), numbers[-1])

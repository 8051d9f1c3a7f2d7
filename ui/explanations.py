"""The results of explain.py and units.py for a picture, computed once for all sessions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnistlab.pixels import Picture
from ui import resources
from ui.models import ModelChoice

if TYPE_CHECKING:
    from mnistlab.explain import Attribution, Flip
    from mnistlab.units import Unit


@dataclass(frozen=True, eq=False)
class Explanation:
    """What speaks for a digit: `gradient` (28, 28), each pixel's attribution, and the first layer's loudest units."""

    gradient: Picture
    attribution: "Attribution"
    units: "list[Unit]"


def explanation(model: ModelChoice, picture: Picture, digit: int) -> Explanation:
    """Explain the score that a model gives a digit."""
    return _explanation(model.name, model.step, picture.tobytes(), digit)


@st.cache_resource(show_spinner="Asking the network why ...", max_entries=300)
def _explanation(name: str, step: int, pixels: bytes, digit: int) -> Explanation:
    from mnistlab.explain import input_gradient, integrated_gradients
    from mnistlab.units import loudest_units

    network, picture = resources.predictor(name, step).network, _picture(pixels)
    return Explanation(
        input_gradient(network, picture, digit),
        integrated_gradients(network, picture, digit),
        loudest_units(network, picture, digit),
    )


def flip(model: ModelChoice, picture: Picture, towards: int | None) -> "Flip | None":
    """The smallest step that gives another answer; None if there is none."""
    return _flip(model.name, model.step, picture.tobytes(), towards)


@st.cache_resource(show_spinner="Looking for the smallest step ...", max_entries=300)
def _flip(name: str, step: int, pixels: bytes, towards: int | None) -> "Flip | None":
    from mnistlab.explain import find_flip

    return find_flip(resources.predictor(name, step).network, _picture(pixels), towards)


def _picture(pixels: bytes) -> Picture:
    return np.frombuffer(pixels, np.float32).reshape(28, 28)

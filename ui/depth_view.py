"""One digit in depth: what was read and how surely, which pixels and units spoke for it, what it resembles, and how
little would change the answer. depth_links.py defines its URL."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mnistlab.config import RunConfig
from mnistlab.doubt import Shape
from mnistlab.pixels import Picture, scale_values
from ui import bars, captioned, depth_links, depth_parts, depth_step, explanations, frame, splits, turning
from ui.address import Address
from ui.models import ModelChoice
from ui.pixel_scale import grey
from ui.words import sure

_SIDE = 168  # CSS pixels, six for each of the picture's
_ANSWER = "its answer"


@dataclass(frozen=True)
class Shown:
    """The picture (28, 28) float32 in [0, 1], its name, its label if it has one, and its index in the training file
    if it is from there."""

    picture: Picture
    name: str
    label: int | None
    training_index: int | None
    doubt: Shape | None = None  # what a drawing is, if it is not a digit


def show(model: ModelChoice, picture: DeltaGenerator, controls: DeltaGenerator, address: Address) -> None:
    """Draw the view into the page's two columns."""
    predictor = model.predictor
    with controls:
        shown = _choose(predictor.config, address)
    if shown is None:
        with picture:
            st.info("You have drawn nothing yet. Draw a digit, come back, and it is looked at like any other.")
            st.page_link(frame.page_script("Draw"), label="Draw a digit")
        return
    probabilities = predictor.probabilities(shown.picture[None])[0]
    answer = int(probabilities.argmax())
    with controls:
        digit = _choose_digit(answer, address)
    with picture:
        _say(shown, answer, probabilities.tolist())
        found = explanations.explanation(model, shown.picture, digit)
        depth_parts.pixels(shown.picture, found, digit)
        depth_parts.units(found.units, digit)
        depth_parts.resembling(model, shown.picture, shown.training_index)
        depth_step.smallest_step(model, shown.picture, answer, address)
        _code()


def _choose(config: RunConfig, address: Address) -> Shown | None:
    names = [*splits.pictures(), depth_links.DRAWING]
    name = address.menu("Picture from", names, "evaluate_from", "place to take a picture from")
    if name == depth_links.DRAWING:
        drawing: Picture | None = st.session_state.get("last_drawing")
        if drawing is None:
            return None
        picture = np.ascontiguousarray(drawing, np.float32)
        return Shown(picture, "My drawing", None, None, st.session_state.get("last_shape"))
    source = splits.picture_source(name, config)
    address.check_number("evaluate_index", "image", 0, len(source) - 1)
    index = turning.choose_image("evaluate_index", len(source), buttons="evaluate")
    title = f"{name.capitalize()} image {index:,}"
    place = index if name == splits.TRAINING else None
    return Shown(scale_values(source.images[index]), title, int(source.labels[index]), place)


def _choose_digit(answer: int, address: Address) -> int:
    """The digit that is explained: the answer, unless another one is asked for."""
    options = (_ANSWER, *"0123456789")
    chosen = address.menu(
        "What speaks for ...",
        options,
        "evaluate_explained",
        "digit",
        help="Below is how much each pixel and each neuron speaks for this digit: the network's answer, or any other.",
    )
    return answer if chosen == _ANSWER else int(chosen)


def _say(shown: Shown, answer: int, probabilities: list[float]) -> None:
    how_sure = sure(probabilities[answer])
    verdict = {
        None: f"read as **{answer}**; the network is {how_sure} sure.",
        True: f"\N{CHECK MARK} read as **{answer}**, which is right; the network is {how_sure} sure.",
        False: f"\N{BALLOT X} read as **{answer}**, labelled **{shown.label}**; the network is {how_sure} sure.",
    }[None if shown.label is None else shown.label == answer]
    st.markdown(f"{shown.name}: {verdict}")
    if shown.doubt is not None:
        st.warning(str(shown.doubt))
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_SIDE):
            st.html(captioned.row([(grey(shown.picture), shown.name)], _SIDE))
        with st.container(width=300):
            st.html(bars.probability_bars(probabilities))


def _code() -> None:
    from mnistlab.explain import find_flip, input_gradient, integrated_gradients
    from mnistlab.neighbours import nearest
    from mnistlab.units import loudest_units

    frame.show_code(input_gradient, integrated_gradients, loudest_units, nearest, find_flip)

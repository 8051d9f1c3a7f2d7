"""The parts of one digit in depth: pixels, units, resembling digits, and the smallest step to another answer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnistlab.pixels import Picture
from ui import bars, depth_links, evaluations, explanations, figures, frame, gallery, mosaic, resources, splits
from ui.address import Address
from ui.explanations import Explanation
from ui.models import ModelChoice
from ui.pixel_scale import Colours, diverging, grey
from ui.words import duration, percent

if TYPE_CHECKING:
    from mnistlab.explain import Flip
    from mnistlab.neighbours import Neighbours
    from mnistlab.units import Unit

_SIDE = 140  # CSS pixels, five for each of a picture's
_STEP_SIDE = 112
_UNIT_SIDE = 84
_NEAREST = 12
_AT_ONCE = 3.0  # seconds of computing that need no asking
_RUNNER_UP = "the runner-up"


def pixels(picture: Picture, found: Explanation, digit: int) -> None:
    """The picture, the gradient of the digit's score, and what each pixel did to it."""
    st.subheader(f"Which pixels speak for a {digit}?", anchor=False)
    attribution = found.attribution
    st.html(
        figures.row(
            [
                (grey(picture), "the picture"),
                (_signed(found.gradient), "more ink here would ..."),
                (_signed(attribution.values), "the ink here did ..."),
            ],
            _SIDE,
        )
    )
    total = float(attribution.values.sum())
    st.caption(
        f"Orange speaks for a {digit}, blue against it, the brighter the more. The middle is the gradient: what a "
        "little more ink would do. The right adds up the gradients on the way from a black picture to this one "
        f"(integrated gradients): all its pixels together give {_plus(total)}, and the score (logit) of a {digit} does "
        f"go from {_plus(attribution.empty_score)} for a black picture to {_plus(attribution.score)} for this one."
    )


def _signed(values: Picture) -> Colours:
    return diverging(values / (np.abs(values).max() or 1))


def _plus(number: float) -> str:
    return f"{number:+.2f}".replace("-", "\N{MINUS SIGN}")


def units(found: "Sequence[Unit]", digit: int) -> None:
    """The loudest units of the first layer: weights, and for filters where they answered."""
    are_filters = found[0].response is not None
    kind = "filters" if are_filters else "neurons"
    st.subheader(f"Which {kind} spoke loudest?", anchor=False)
    largest = max(float(np.abs(unit.weights).max()) for unit in found) or 1.0
    pictures = [
        (_unit_picture(unit, largest), f"no. {unit.number}: {unit.activation:.2f}, for {digit}: {_plus(unit.effect)}")
        for unit in found
    ]
    st.html(figures.row(pictures, 2 * _UNIT_SIDE if are_filters else _UNIT_SIDE))
    look = (
        "Each filter of the first layer is a window of 3 x 3 weights that slides over the picture; beside it is where "
        "it answered."
        if are_filters
        else "The weights of neurons of the first layer: orange asks for ink, blue asks for none."
    )
    st.caption(
        f"{look} Below each: how loudly it spoke, and by how much, to first order, that raises or lowers the score of "
        f"a {digit}."
    )


def _unit_picture(unit: "Unit", largest: float) -> Colours:
    """A neuron's weights, or a filter's with the place where it answered at its right."""
    weights = diverging(unit.weights / largest)
    if unit.response is None:
        return weights
    answer = _signed(unit.response)
    scale = len(answer) // len(weights)
    pair = np.zeros((len(answer), 2 * len(answer) + 2, 3), np.uint8)
    pair[: scale * len(weights), : scale * len(weights)] = weights.repeat(scale, axis=0).repeat(scale, axis=1)
    pair[:, -len(answer) :] = answer
    return pair


def resembling(model: ModelChoice, picture: Picture, training_index: int | None) -> None:
    """The nearest training digits, by pixels and by the hidden layer."""
    from mnistlab.hidden import has_hidden_layer

    predictor = resources.predictor(model.name, model.step)
    held = resources.dataset(predictor.config.dataset, predictor.config.train.validation_size)
    st.subheader("Which training digits is it like?", anchor=False)
    st.markdown("**By its pixels**")
    _neighbours(model, evaluations.nearest_in_pixels(model, picture, _NEAREST + 1), training_index, "pixels")
    if not has_hidden_layer(predictor.network):
        st.caption("This network has no hidden layer: it compares nothing but pixels.")
        return
    st.markdown("**By what the hidden layer makes of it**")
    seconds = evaluations.seconds_to_read(model.name, model.step, len(held.train))
    key = f"evaluate_hidden_{model.name}_{model.step}"
    if seconds > _AT_ONCE and not st.session_state.get(key):
        label = f"Compare with all {len(held.train):,} (about {duration(seconds)}, once)"
        st.button(label, key=f"{key}_button", on_click=lambda: st.session_state.update({key: True}))
        return
    with st.spinner(f"Reading {len(held.train):,} training digits, about {duration(seconds)} ..."):
        found = evaluations.nearest_in_hidden_layer(model, picture, _NEAREST + 1)
    _neighbours(model, found, training_index, "hidden")
    st.caption(
        "Below each: its label, and its distance. What lies near in the hidden layer is the same thing to the network, "
        "however different the pixels are."
    )


def _neighbours(model: ModelChoice, found: "Neighbours", training_index: int | None, key: str) -> None:
    """Twelve of the images that the model has learned from, without the picture itself."""
    config = resources.predictor(model.name, model.step).config
    held = resources.dataset(config.dataset, config.train.validation_size)
    places = held.source_indices("train")[found.indices[0]]
    others = np.flatnonzero(places != (-1 if training_index is None else training_index))[:_NEAREST]
    places, distances = places[others], found.distances[0][others]
    labels = held.source.labels[places]
    captions = [f"{label}: {distance:.1f}" for label, distance in zip(labels, distances, strict=True)]
    tips = [f"training image {place}, labelled {label}" for place, label in zip(places, labels, strict=True)]
    origins = [(splits.TRAINING, int(place)) for place in places]
    links = [depth_links.address(*origin, model.name) for origin in origins]
    content = mosaic.mosaic(held.source.images[places], captions, tips, links=links, per_row=_NEAREST, side=48)
    gallery.open_picked(content, f"evaluate_near_{key}", origins)


def smallest_step(model: ModelChoice, picture: Picture, answer: int, address: Address) -> None:
    """How far to go along the gradient for another answer, on a slider."""

    @st.fragment
    def step_fragment() -> None:
        with frame.telling_mistakes():
            st.subheader("How little would change its mind?", anchor=False)
            towards = _choose_towards(answer, address)
            found = explanations.flip(model, picture, towards)
            if found is None:
                st.info("No step along this gradient changes the answer before the digit is unreadable.")
                return
            _show_step(model, picture, found, address)

    step_fragment()


def _choose_towards(answer: int, address: Address) -> int | None:
    options = (_RUNNER_UP, *(digit for digit in "0123456789" if digit != str(answer)))
    address.check_choice("evaluate_towards", "digit", options)
    if st.session_state.get("evaluate_towards", _RUNNER_UP) not in options:
        del st.session_state["evaluate_towards"]
    chosen = st.selectbox("Towards", options, key="evaluate_towards", bind="query-params", width=200)
    return None if chosen == _RUNNER_UP else int(chosen)


def _show_step(model: ModelChoice, picture: Picture, found: "Flip", address: Address) -> None:
    from mnistlab.explain import take_step

    address.check_number("evaluate_step", "step", 0, 200)
    share = st.slider(
        "Step, in percent of the smallest that changes the answer",
        0,
        200,
        100,
        key="evaluate_step",
        bind="query-params",
        format="%d %%",
    )
    stepped = take_step(picture, found, found.size * share / 100)
    probabilities = resources.predictor(model.name, model.step).probabilities(stepped[None])[0]
    change = stepped - picture
    turning = float(np.linalg.norm(take_step(picture, found, found.size) - picture))
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=3 * _STEP_SIDE + 30):
            st.html(
                figures.row(
                    [(grey(picture), "before"), (_signed(change), "change, enhanced"), (grey(stepped), "after")],
                    _STEP_SIDE,
                )
            )
        with st.container(width=250):
            st.html(bars.probability_bars(probabilities.tolist()))
    st.markdown(
        f"The answer turns from **{found.before}** to **{found.after}** at a distance of **{turning:.2f}**. Here the "
        f"distance is {float(np.linalg.norm(change)):.2f}, a change of {percent(float(np.abs(change).mean()), 1)} of "
        f"white for the average pixel, and it reads a **{int(probabilities.argmax())}**."
    )
    st.caption(
        "Distances are those of Data and Pixels: the root of the summed squared differences of all pixels. A picture "
        "whose change you hardly see, and that is read as something else, is called an adversarial example."
    )

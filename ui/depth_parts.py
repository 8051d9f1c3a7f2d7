"""The parts of one digit in depth that explain its answer: pixels, units, resembling digits."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnistlab.pixels import Picture
from ui import captioned, depth_links, evaluations, gallery, mosaic, splits
from ui.explanations import Explanation
from ui.models import ModelChoice
from ui.pixel_scale import Colours, diverging, diverging_to_largest, grey
from ui.words import a_digit, duration

if TYPE_CHECKING:
    from mnistlab.neighbours import Neighbours
    from mnistlab.units import Unit

_SIDE = 140  # CSS pixels, five for each of a picture's
_UNIT_SIDE = 84
_NEAREST = 12
_MOST_ERROR, _MOST_SHARE = 0.05, 0.1  # absolute, and of the rise: up to these, two sums count as the same
_AT_ONCE = 3.0  # seconds of computing that need no confirmation


def pixels(picture: Picture, found: Explanation, digit: int) -> None:
    """Show the picture, the gradient of the digit's score, and what each pixel contributed to it."""
    st.header(f"Which pixels speak for {a_digit(digit)}?", anchor=False)
    attribution = found.attribution
    st.html(
        captioned.row(
            [
                (grey(picture), "the picture"),
                (diverging_to_largest(found.gradient), "what more ink would do"),
                (diverging_to_largest(attribution.values), "what this ink did"),
            ],
            _SIDE,
        )
    )
    total, rise = float(attribution.values.sum()), attribution.score - attribution.empty_score
    is_same = abs(total - rise) <= max(_MOST_ERROR, _MOST_SHARE * abs(rise))
    error = (
        "the same sum, but for a small error from adding up in steps."
        if is_same
        else "which would be the same sum if the steps were small enough. On this path the score changes too suddenly."
    )
    st.caption(
        f"Orange speaks for {a_digit(digit)}, blue against it, the brighter the more. The middle picture is the "
        "gradient: what a little more ink would do. The right one adds up the gradients on the way from a black "
        f"picture to this one (integrated gradients): all its pixels together give {_plus(total)}. The score (logit) "
        f"of {a_digit(digit)} goes from {_plus(attribution.empty_score)} for a black picture to "
        f"{_plus(attribution.score)} for this one, by {_plus(rise)}{':' if is_same else ','} {error}"
    )


def _plus(number: float) -> str:
    return f"{number:+.2f}".replace("-", "\N{MINUS SIGN}")


def units(found: "Sequence[Unit]", digit: int) -> None:
    """Show the loudest units of the first layer: their weights, and where filters responded."""
    are_filters = found[0].response is not None
    kind = "filters" if are_filters else "neurons"
    st.header(f"Which {kind} spoke loudest?", anchor=False)
    if not any(unit.activation for unit in found):
        st.info(
            f"None: for this picture all {kind} of the first layer are silent. So its pixels have no say: the answer "
            "is what the later layers make of silence."
        )
        return
    largest = max(float(np.abs(unit.weights).max()) for unit in found) or 1.0
    pictures = [
        (_unit_picture(unit, largest), f"no. {unit.number}: {unit.activation:.2f}, for {digit}: {_plus(unit.effect)}")
        for unit in found
    ]
    st.html(captioned.row(pictures, 2 * _UNIT_SIDE if are_filters else _UNIT_SIDE))
    look = (
        "Each filter of the first layer is a window of 3 x 3 weights that slides over the picture; beside it is where "
        "it answered."
        if are_filters
        else "The weights of neurons of the first layer: orange asks for ink, blue asks for none."
    )
    st.caption(
        f"{look} Below each: how loudly it spoke, and by how much, to first order, that raises or lowers the score of "
        f"{a_digit(digit)}."
    )


def _unit_picture(unit: "Unit", largest: float) -> Colours:
    """A neuron's weights, or a filter's with its response on the right."""
    weights = diverging(unit.weights / largest)
    if unit.response is None:
        return weights
    answer = diverging_to_largest(unit.response)
    scale = len(answer) // len(weights)
    pair = np.zeros((len(answer), 2 * len(answer) + 2, 3), np.uint8)
    pair[: scale * len(weights), : scale * len(weights)] = weights.repeat(scale, axis=0).repeat(scale, axis=1)
    pair[:, -len(answer) :] = answer
    return pair


def resembling(model: ModelChoice, picture: Picture, training_index: int | None) -> None:
    """Show the nearest training digits, by pixels and by the hidden layer."""
    from mnistlab.hidden import has_hidden_layer

    st.header("Which training digits is it like?", anchor=False)
    st.markdown("**By its pixels**")
    _neighbours(model, evaluations.nearest_in_pixels(model, picture, _NEAREST + 1), training_index, "pixels")
    if not has_hidden_layer(model.predictor.network):
        st.caption("This network has no hidden layer: it compares nothing but pixels.")
        return
    st.markdown("**By what the hidden layer makes of it**")
    _neighbours(model, _by_hidden_layer(model, picture), training_index, "hidden")
    st.caption(
        "Below each: its label, and its distance. Digits that are close in the hidden layer look much alike to the "
        "network, however different their pixels are; its answers may differ all the same."
    )


def _by_hidden_layer(model: ModelChoice, picture: Picture) -> "Neighbours":
    """The nearest by the hidden layer; if a first search would take long, among a part, with a button for all."""
    num_train, most = len(evaluations.learned_from(model)[0]), evaluations.num_comparable(model)
    if most < num_train:
        st.caption(
            f"Among the first {most:,} of {num_train:,} training digits: a hidden layer this wide makes more numbers "
            "of them all than can be kept."
        )
    if evaluations.is_compared(model):
        return evaluations.nearest_in_hidden_layer(model, picture, _NEAREST + 1)
    seconds = evaluations.seconds_to_read(model.name, model.step, most)
    if seconds > _AT_ONCE and most > evaluations.PART and not _wants_all(most, seconds, most == num_train):
        return evaluations.nearest_in_hidden_layer(model, picture, _NEAREST + 1, of_part=True)
    with st.spinner(f"Reading {most:,} training digits, about {duration(seconds)} ..."):
        return evaluations.nearest_in_hidden_layer(model, picture, _NEAREST + 1)


def _wants_all(most: int, seconds: float, is_all: bool) -> bool:
    """Explain that only a part was searched, and offer to search the rest."""
    number = f"{'all ' if is_all else ''}{most:,}"
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(f"Compare with {number}", key="evaluate_compare")
        st.caption(
            f"So far only among the first {evaluations.PART:,} training digits: the network has to read each of them "
            f"once for this comparison, and {number} would take about {duration(seconds)}.",
            width="stretch",
        )
    return pressed


def _neighbours(model: ModelChoice, found: "Neighbours", training_index: int | None, key: str) -> None:
    """Show the twelve nearest of the model's training images, without the picture itself."""
    split, in_source = evaluations.learned_from(model)
    places = in_source[found.indices[0]]
    others = np.flatnonzero(places != (-1 if training_index is None else training_index))[:_NEAREST]
    chosen = split.take(found.indices[0][others], split.name)
    places, distances = places[others], found.distances[0][others]
    captions = [f"{label}: {distance:.1f}" for label, distance in zip(chosen.labels, distances, strict=True)]
    tips = [f"training image {place}, labelled {label}" for place, label in zip(places, chosen.labels, strict=True)]
    origins = [(splits.TRAINING, int(place)) for place in places]
    links = [depth_links.address(*origin, model.name) for origin in origins]
    content = mosaic.mosaic(chosen.images, captions, tips, links=links, per_row=_NEAREST, side=48)
    gallery.open_picked(content, f"evaluate_near_{key}", origins)

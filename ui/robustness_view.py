"""What disturbs a model: its accuracy against rotation, shift, noise and lost neurons; one digit at every amount."""

from typing import TYPE_CHECKING

import streamlit as st

from mnistlab.figures import percent
from ui import evaluations, frame, mosaic, splits, turns
from ui.address import Address
from ui.models import ModelChoice
from ui.words import a_digit, duration

if TYPE_CHECKING:
    from mnistlab.ablation import Disturbance
    from mnistlab.robustness import Change, Point

_CHANGES: "tuple[Disturbance, ...]" = ("rotation", "shift", "noise", "neurons")
_MINUS = "\N{MINUS SIGN}"
_SIDE = 80  # CSS pixels
_TITLES = {
    "rotation": "turned clockwise (degrees)",
    "shift": "moved right, down, left or up (pixels)",
    "noise": "grain (standard deviation, white is 1)",
    "neurons": "hidden neurons switched off (%)",
}
_AT = {"rotation": "turned by {:g} degrees", "shift": "moved by {:g} pixels", "noise": "with grain of {:g}"}
_LATER = "The curve of a model that was trained with turned, moved or grainy digits falls later."
_ABOUT = {
    "rotation": _LATER,
    "shift": f"{_LATER} Beyond four pixels, ink leaves the picture, and there is less to read.",
    "noise": _LATER,
    "neurons": (
        "For each digit, different neurons are switched off, drawn at random in every hidden layer; of a convolution, "
        "whole channels. What a wide layer knows is spread over many neurons, none of which knows a digit alone. "
        "Dropout trains a network to do without some of them, so its curve falls later."
    ),
}


@turns.fragment()
@frame.telling_mistakes()
def show(model: ModelChoice, split_name: str, address: Address) -> None:
    """Draw the view, as a fragment: choosing another change reruns only this."""
    from mnistlab.ablation import PERCENT_OFF, ablation, dropout_left_on
    from mnistlab.hidden import has_hidden_layer
    from mnistlab.robustness import AMOUNTS, SAMPLE_SIZE, changed_images, curve, robustness, sample
    from ui import charts

    change = address.buttons("Change", _CHANGES, "evaluate_change")
    predictor = model.predictor
    if change == "neurons" and not has_hidden_layer(predictor.network):
        st.info("This network has no hidden neurons that could be switched off.")
        return
    split = splits.load(split_name, predictor.config)
    num_images, num_amounts = min(SAMPLE_SIZE, len(split)), len((AMOUNTS | {"neurons": PERCENT_OFF})[change])
    seconds = evaluations.seconds_to_read(model.name, model.step, num_images * num_amounts)
    with st.spinner(f"Reading {num_images:,} digits at {num_amounts} amounts, about {duration(seconds)} ..."):
        points = evaluations.robustness(model, split_name, change)
    of = splits.digits(num_images, split_name)
    st.markdown(_in_words(points, of, change))
    st.plotly_chart(
        charts.robustness_chart(points, _TITLES[change]),
        key="evaluate_robust",
        config=charts.CONFIG,
        alt=charts.robustness_words(points, _TITLES[change]),
    )
    if change != "neurons":
        _one_digit(model, split_name, change)
    elif predictor.config.model.dropout:
        _dropout(model, split_name)
    chosen = "chosen once at random, the same ones" if num_images < len(split) else "the same ones"
    st.caption(
        f"The curve is for {of}, {chosen} at every amount and for every model; the band is the 95\N{NO-BREAK SPACE}% "
        f"interval. {_ABOUT[change]}"
    )
    frame.show_code(
        *((ablation, dropout_left_on) if change == "neurons" else (robustness, changed_images)), curve, sample
    )


def _in_words(points: "list[Point]", of: str, change: "Disturbance") -> str:
    plain = next(point for point in points if point.amount == 0)
    if change == "neurons":
        told, at = next(point for point in points if point.amount == 50), "with half of its hidden neurons switched off"
    else:
        told = min(points, key=lambda point: point.num_correct)
        at = f"at worst, {_AT[change].format(told.amount).replace('-', _MINUS)}"
    return (
        f"Unchanged, it reads **{percent(plain.num_correct / plain.num_images, 1)}** of {of}; {at}, "
        f"**{percent(told.num_correct / told.num_images, 1)}**."
    )


def _dropout(model: ModelChoice, split_name: str) -> None:
    """Show its accuracy if dropout were left on during the test."""
    point = evaluations.dropout_left_on(model, split_name)
    st.markdown(
        f"**Dropout left on:** in each step of its training, {percent(point.amount / 100, 0)} of its neurons were "
        "silenced at random, and the others spoke up for them. If that went on during the test, as in the tutorial, "
        "where `F.dropout` is not told `training=self.training`, it would read "
        f"**{percent(point.num_correct / point.num_images, 1)}** of these digits."
    )


def _one_digit(model: ModelChoice, split_name: str, change: "Change") -> None:
    """Show the first digit of the split at every amount, and what it is read as."""
    from mnistlab.robustness import AMOUNTS, at_every_amount

    split = splits.load(split_name, model.predictor.config)
    label, pictures = int(split.labels[0]), at_every_amount(split.images[0], change)
    read = model.predictor.probabilities(pictures).argmax(axis=1)
    captions = [
        f"{amount:g}: {digit}".replace("-", _MINUS) for amount, digit in zip(AMOUNTS[change], read, strict=True)
    ]
    tips = [f"{change} {amount:g}, read as {digit}" for amount, digit in zip(AMOUNTS[change], read, strict=True)]
    per_row = -(-len(pictures) // 2)
    st.markdown(f"**The first digit, {a_digit(label)}:** the amount, and what it is read as")
    st.html(mosaic.mosaic(pictures, captions, tips, [int(digit) == label for digit in read], _SIDE, per_row))

"""What disturbs a model: its accuracy against turning, moving and grain, and one digit at every amount."""

from typing import TYPE_CHECKING

import streamlit as st

from mnistlab.figures import percent
from ui import evaluations, frame, mosaic, resources, splits, turns
from ui.address import Address
from ui.models import ModelChoice
from ui.words import a_digit, duration

if TYPE_CHECKING:
    from mnistlab.robustness import Change

_CHANGES: "tuple[Change, ...]" = ("rotation", "shift", "noise")
_MINUS = "\N{MINUS SIGN}"
_SIDE = 80  # CSS pixels
_TITLES = {
    "rotation": "turned clockwise (degrees)",
    "shift": "moved right, down, left or up (pixels)",
    "noise": "grain (standard deviation, white is 1)",
}
_LOST = " Beyond four pixels, ink leaves the picture: then there is less to read."
_AT = {"rotation": "turned by {:g} degrees", "shift": "moved by {:g} pixels", "noise": "with grain of {:g}"}


def show(model: ModelChoice, split_name: str, address: Address) -> None:
    """Draw the view; another change draws it alone."""

    @turns.fragment()
    def robustness_fragment() -> None:
        with frame.telling_mistakes():
            _show(model, split_name, address)

    robustness_fragment()


def _show(model: ModelChoice, split_name: str, address: Address) -> None:
    from mnistlab.robustness import AMOUNTS, SAMPLE_SIZE, changed_images, robustness, sample
    from ui import charts

    address.check_choice("evaluate_change", "change", _CHANGES)
    change: Change = st.segmented_control(
        "Change", _CHANGES, default=_CHANGES[0], required=True, key="evaluate_change", bind="query-params"
    )
    split = splits.load(split_name, resources.predictor(model.name, model.step).config)
    num_images = min(SAMPLE_SIZE, len(split))
    seconds = evaluations.seconds_to_read(model.name, model.step, num_images * len(AMOUNTS[change]))
    with st.spinner(f"Reading {num_images:,} digits at {len(AMOUNTS[change])} amounts, about {duration(seconds)} ..."):
        points = evaluations.robustness(model, split_name, change)
    plain = next(point for point in points if point.amount == 0)
    worst = min(points, key=lambda point: point.num_correct)
    st.markdown(
        f"Unchanged, it reads **{percent(plain.num_correct / plain.num_images, 1)}** of "
        f"{splits.digits(num_images, split_name)}; at worst, {_AT[change].format(worst.amount).replace('-', _MINUS)}, "
        f"**{percent(worst.num_correct / worst.num_images, 1)}**."
    )
    st.plotly_chart(charts.robustness_chart(points, _TITLES[change]), key="evaluate_robust", config=charts.CONFIG)
    _one_digit(model, split_name, change)
    chosen = "chosen once by chance, the same ones" if num_images < len(split) else "the same ones"
    st.caption(
        f"The curve: {splits.digits(num_images, split_name)}, {chosen} at every amount "
        "and for every model; the band is the interval of 95\N{NO-BREAK SPACE}%. A model that was trained with turned, "
        f"moved or grainy digits falls later.{_LOST if change == 'shift' else ''}"
    )
    frame.show_code(robustness, changed_images, sample)


def _one_digit(model: ModelChoice, split_name: str, change: "Change") -> None:
    """The first digit of the split at every amount, and what it is read as."""
    from mnistlab.robustness import AMOUNTS, at_every_amount

    predictor = resources.predictor(model.name, model.step)
    split = splits.load(split_name, predictor.config)
    label, pictures = int(split.labels[0]), at_every_amount(split.images[0], change)
    read = predictor.probabilities(pictures).argmax(axis=1)
    captions = [
        f"{amount:g}: {digit}".replace("-", _MINUS) for amount, digit in zip(AMOUNTS[change], read, strict=True)
    ]
    tips = [f"{change} {amount:g}, read as {digit}" for amount, digit in zip(AMOUNTS[change], read, strict=True)]
    per_row = -(-len(pictures) // 2)
    st.markdown(f"**The first digit, {a_digit(label)}:** the amount, and what it is read as")
    st.html(mosaic.mosaic(pictures, captions, tips, [int(digit) == label for digit in read], _SIDE, per_row))

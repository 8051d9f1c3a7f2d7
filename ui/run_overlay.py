"""Overlay the curves of several runs; the seeds of one recipe as their mean in a band from lowest to highest."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from mnistlab.seeds import Group, spread
from ui.address import Address
from ui.live_chart import ENDED, WAITING, Series, live_chart
from ui.palette import SIGNS
from ui.run_charts import LEAPS, Told, leaps
from ui.run_choice import shown_as

CHART = "runs_chart"
# The title of each chart's y axis, and whether it is a share.
CHARTS = {
    "validation accuracy": ("share read correctly", True),
    "validation loss": ("cross-entropy (nats)", False),
    "training loss": ("cross-entropy (nats)", False),
    "training accuracy": ("share read correctly", True),
}
# Epochs left out at the start, if there are more: an untrained network's figures would squeeze all curves together.
_LEFT_OUT = 0.2


def show(compared: Sequence[Group], titles: Sequence[str], address: Address) -> None:
    """Draw the chosen curve of each group."""
    told = [[Told.read(run) for run in group.runs if run.step] for group in compared]
    has_validation = bool(told) and all(any(one.epochs for one in runs) for runs in told)
    name = address.buttons(
        "Curve",
        list(CHARTS),
        CHART,
        "chart",
        start="validation accuracy" if has_validation else "training loss",
        wrap=True,
        label_visibility="collapsed",
    )
    if name.startswith("validation") and all(
        run.config.train.validation_size == 0 for group in compared for run in group.runs
    ):
        st.info("None of these runs held images out, so there is no validation curve. Choose a training curve.")
        return
    series = [one for number, runs in enumerate(told) for one in _curves(runs, number, titles[number], name)]
    y_title, is_share = CHARTS[name]
    live_chart(
        series,
        key=f"runs_{name}",
        title=name.capitalize(),
        x_title="epoch",
        x_range=(0.0, max((float(one.x.max()) for one in series if len(one.x)), default=0.0) or 1.0),
        y_title=y_title,
        y_percent=is_share,
        log_y=not is_share,
        height=360,
        empty=WAITING if any(run.is_active for group in compared for run in group.runs) else ENDED,
    )
    _explain(name, [one for runs in told for one in runs], any(one.style == "band" for one in series))


def _explain(name: str, told: Sequence[Told], has_bands: bool) -> None:
    """Explain missing curves, and shapes that do not mean what they seem to."""
    if name.startswith("validation") and not all(one.epochs for one in told):
        st.caption("A run that held no images out has no validation curve: choose a training curve to see it.")
    if name.startswith("training") and not all(one.run.config.train.shuffle for one in told):
        st.caption(
            "Images in file order, as the tutorial takes them, bring the same easy and hard stretches in every epoch: "
            "a dip that comes back each time is not progress."
        )
        if any(leaps(one.run.config) for one in told):
            st.caption(LEAPS)
    if has_bands:
        st.caption(
            "A line with a band is the mean of the finished seeds, or of all until one has finished; the band spans "
            "the lowest to the highest of them."
        )


def _curves(runs: Sequence[Told], number: int, title: str, name: str) -> list[Series]:
    colour, label = shown_as(number).colour, f"{shown_as(number).letter} {title}"
    whole = [one for one in runs if one.run.state == "finished"]  # others of the recipe may have only begun
    curves = [replace(_curve(one, name, label, colour), sign=SIGNS[number]) for one in whole or runs]
    if len(curves) < 2:
        return curves
    over = spread([(one.x.astype(np.float64), one.y.astype(np.float64)) for one in curves])
    around = np.concatenate([over.x, over.x[::-1]]), np.concatenate([over.high, over.low[::-1]])
    return [Series(label, *around, colour, "band"), replace(curves[0], x=over.x, y=over.mean)]


def _curve(told: Told, name: str, label: str, colour: str) -> Series:
    part, _, figure = name.partition(" ")
    if part == "validation":
        curve = told.validation(label, f"validation_{figure}", colour)
    else:
        curve = told.losses(label, colour) if figure == "loss" else told.accuracies(label, colour)
    kept = curve.x >= _LEFT_OUT
    return replace(curve, x=curve.x[kept], y=curve.y[kept]) if kept.any() else curve

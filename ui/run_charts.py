"""The curves of a run as live charts; another run's may be shown behind them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.config import RunConfig
from mnistlab.curve import Curve
from mnistlab.data import NUM_CLASSES
from mnistlab.differences import settings
from mnistlab.events import NUM_PROBED, EpochEnded
from mnistlab.runs import Run
from ui import rates, resources, slow_motion
from ui.live_chart import ENDED, WAITING, Series, Style, live_chart
from ui.palette import LAYERS, NEUTRAL, SIGNS, TRAINING, VALIDATION

_WINDOWS_PER_EPOCH = 20  # how many windows of a running mean make up an epoch
_GUESSING = math.log(NUM_CLASSES)  # the loss of ten equal probabilities
_HERO_HEIGHT, _HEIGHT = 320, 280
ROOM = _HEIGHT + 70  # CSS pixels that the page reserves for the smaller charts and the captions below them
_ONE_STEP = "One step"
LEAPS = (
    "Augmentation doubles each epoch here: one half is all digits warped, the other all digits as they are. Warped "
    "ones are harder to read, so the curve leaps from half to half."
)


@dataclass(frozen=True)
class Told:
    """A run and all it has reported so far, as series over epochs."""

    run: Run
    curve: Curve
    epochs: Sequence[EpochEnded]

    @classmethod
    def read(cls, run: Run) -> "Told":
        """What the store holds; raises RunNotFoundError or StoreError."""
        epochs = resources.store().epochs(run.id)
        return cls(run, resources.curves().of(run), [one for one in epochs if one.validation_loss is not None])

    @cached_property
    def steps_per_epoch(self) -> float:
        """How many steps one pass over the data takes."""
        return (self.run.num_steps or 1) / self.run.config.train.epochs

    @property
    def window(self) -> int:
        """How many steps a running mean covers."""
        return max(1, round(self.steps_per_epoch / _WINDOWS_PER_EPOCH))

    @property
    def reports(self) -> npt.NDArray[np.float64]:
        """(R,) when each report was made, in epochs."""
        return self.curve.report_steps / self.steps_per_epoch

    def losses(self, name: str, colour: str, style: Style = "line") -> Series:
        """The running mean of the training loss."""
        x = self.curve.steps / self.steps_per_epoch
        return Series(name, x, self.curve.running_mean(self.window), colour, style)

    def accuracies(self, name: str, colour: str, style: Style = "line") -> Series:
        """The running mean of the training accuracy."""
        return Series(name, self.reports, self.curve.running_accuracy(self.window), colour, style)

    def validation(self, name: str, field: str, colour: str) -> Series:
        """A figure of the validation images after each epoch; epoch 0 is before training."""
        x = np.array([one.step for one in self.epochs]) / self.steps_per_epoch
        return Series(name, x, np.array([getattr(one, field) for one in self.epochs], np.float64), colour, "dots")


def show_loss(told: Told, behind: Told | None) -> None:
    """The loss, large."""
    x = told.curve.steps / told.steps_per_epoch
    each_step = Series("each step", x, told.curve.losses, TRAINING, "faint")
    series = [each_step, *_with_validation(told, behind, Told.losses, "validation_loss")]
    _chart(told, "loss", series, "Loss", "cross-entropy (nats)", ordinary=_GUESSING)
    harder = _what_makes_training_harder(told.run.config)
    if harder and told.run.config.train.validation_size:
        st.caption(
            f"Training is measured while it learns, {harder}; validation is measured without. So validation may look "
            "better."
        )
    if leaps(told.run.config):
        st.caption(LEAPS)


def leaps(config: RunConfig) -> bool:
    """Whether a training curve jumps twice per epoch."""
    return config.augment.copies > 1 and not config.train.shuffle


def _what_makes_training_harder(config: RunConfig) -> str:
    """Why training and validation are not comparable: "with dropout and warped digits"; "" if they are."""
    found = {
        "dropout": bool(settings(config).get("dropout")),  # not there where it has no effect
        "warped digits": config.augment.is_active,
        "smoothed labels": config.train.label_smoothing > 0,
    }
    names = [name for name, holds in found.items() if holds]
    return f"with {' and '.join([', '.join(names[:-1]), names[-1]] if names[1:] else names)}" if names else ""


def show_others(told: Told, behind: Told | None) -> None:
    """One of the other charts, or the last single step: all of the same height, so that nothing moves."""
    charts = {
        "Accuracy": lambda: _accuracy(told, behind),
        "Gradients": lambda: _gradients(told),
        "Dead ReLUs": lambda: _dead_relus(told),
        "Learning rate": lambda: _learning_rate(told),
        _ONE_STEP: lambda: slow_motion.show(told.run),
    }
    key = f"more_{told.run.id}"
    if slow_motion.is_new(told.run):
        st.session_state[key] = _ONE_STEP
    _tabs(charts, key)


def show_nothing_yet(epochs: int) -> None:
    """The frame in which the first curve will appear."""
    live_chart(
        [],
        key="loss_none",
        title="Loss",
        x_title="epochs",
        y_title="cross-entropy (nats)",
        x_range=(0.0, float(epochs)),
        height=_HERO_HEIGHT,
    )


def _tabs(charts: dict[str, Callable[[], None]], key: str) -> None:
    """Show charts in tabs, of which only the open one is computed and sent."""
    tabs = st.tabs(list(charts), key=key, on_change="rerun")
    for tab, draw in zip(tabs, charts.values(), strict=True):
        if tab.open:
            with tab:
                draw()


def _chart(
    told: Told,
    name: str,
    series: list[Series],
    title: str,
    y_title: str,
    *,
    percent: bool = False,
    log: bool = False,
    ordinary: float | None = None,
) -> None:
    live_chart(
        series,
        key=f"{name}_{told.run.id}",
        title=title,
        x_title="epochs",
        y_title=y_title,
        x_range=(0.0, float(told.run.config.train.epochs)),
        height=_HERO_HEIGHT if name == "loss" else _HEIGHT,
        y_percent=percent,
        log_y=log,
        ordinary=ordinary,
        empty=WAITING if told.run.is_active else ENDED,
    )


def _with_validation(told: Told, behind: Told | None, mean: Callable[..., Series], field: str) -> list[Series]:
    """A training figure's running mean and its validation counterpart; another run's are shown behind them."""
    series = [mean(told, "training", TRAINING), told.validation("validation", field, VALIDATION)]
    if behind is None:
        return series
    name = behind.run.id
    its_mean = mean(behind, f"{name}, training", NEUTRAL, "behind")
    others = [its_mean, behind.validation(f"{name}, validation", field, NEUTRAL)]
    return [*(replace(other, is_behind=True) for other in others), *series]


def _accuracy(told: Told, behind: Told | None) -> None:
    series = _with_validation(told, behind, Told.accuracies, "validation_accuracy")
    _chart(told, "accuracy", series, "Accuracy", "share read correctly", percent=True)


def _gradients(told: Told) -> None:
    probes = told.curve.probes
    layers = next((probe.layers for probe in probes if probe is not None), [])
    series = []
    for number, layer in enumerate(layers):
        sizes = [probe.gradients[number] if probe else np.nan for probe in probes]
        colour, sign = LAYERS[number % len(LAYERS)], SIGNS[number % len(SIGNS)]
        series.append(Series(layer, told.reports, np.array(sizes, np.float64), colour, sign=sign))
    _chart(told, "gradients", series, "Gradient of each layer", "mean size per weight", log=True)
    st.caption(
        "Layer 1 is next to the pixels. A layer whose gradient is next to nothing while the loss is still high learns "
        "nothing."
    )


def _dead_relus(told: Told) -> None:
    dead = [np.nan if probe is None or probe.dead is None else probe.dead for probe in told.curve.probes]
    model = told.run.config.model
    if model.activation != "relu":
        st.markdown("This network has no ReLUs, so none can die.")
        return
    shares = np.array(dead, np.float64)
    looked = ~np.isnan(shares)  # not measured at each report if that takes long
    series = [Series("silent", told.reports[looked], shares[looked], TRAINING)]
    _chart(told, "dead", series, "Dead ReLUs", "share of hidden neurons", percent=True)
    st.caption(
        f"Neurons that are silent on all of {NUM_PROBED[model.kind]} training images. Some of them still respond to "
        "other images; one that responds to none gets no gradient and may never wake again."
    )


def _learning_rate(told: Told) -> None:
    changes = told.run.rate_changes
    series = [Series("learning rate", told.reports, told.curve.learning_rates, TRAINING)]
    if changes:  # a gap between two points, so that no line joins them
        at = np.repeat([step / told.steps_per_epoch for step, _ in changes], 2)
        wanted = np.column_stack([[rate for _, rate in changes], np.full(len(changes), np.nan)]).ravel()
        series.append(Series("changed by hand", at, wanted, VALIDATION, "dots"))
    _chart(told, "rate", series, "Learning rate", "how far each step goes", log=True)
    if changes:
        listed = ", ".join(f"{rates.shown(rate)} after step {step:,}" for step, rate in changes)
        st.caption(f"Changed by hand: {listed}.")

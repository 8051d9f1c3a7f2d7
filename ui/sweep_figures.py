"""Optuna's own figures of a study, in the colours and words of the house; nothing here draws on a page.

A version of a sweep is drawn once, for all sessions: importing Optuna and its figures takes two seconds.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go
import streamlit as st

from mnistlab import sweep
from mnistlab.space import SETTINGS
from ui import resources
from ui.palette import NEUTRAL, TRAINING, VALIDATION

if TYPE_CHECKING:
    import optuna

    from mnistlab.sweep import Sweep

ACCURACY = "validation accuracy (%)"
_ENOUGH_TO_RANK = 8  # finished trials, below which an importance is chance


@dataclass(frozen=True)
class Figures:
    """What a sweep looks like after so many trials."""

    slices: list[go.Figure]  # one for each setting that is varied
    parallel: go.Figure | None  # None for a single setting
    importance: go.Figure | None  # None as long as there are too few trials


@st.cache_resource(show_spinner=False, max_entries=40)
def figures(sweep_id: str, num_over: int) -> Figures | None:
    """The figures of a sweep; `num_over` tells a later version from an earlier one. None before a trial is done."""
    from mnistlab import study, trials

    store = resources.store()
    one = sweep.find(sweep_id, store)
    its_study = study.load(store.url, sweep_id, one.config)
    trials.catch_up(its_study, sweep_id, one.config, store)
    if not one.ranked:
        return None
    names = [parameter.setting for parameter in one.config.parameters]
    return Figures(
        [_slice(its_study, one, name) for name in names],
        _parallel(its_study, names) if len(names) > 1 else None,
        _importance(its_study) if len(names) > 1 and len(one.ranked) >= _ENOUGH_TO_RANK else None,
    )


def _percent(trial: "optuna.trial.FrozenTrial") -> float:
    return 100 * (trial.value or 0)


def _slice(its_study: "optuna.Study", one: "Sweep", name: str) -> go.Figure:
    """Accuracy against one setting, whatever the others were; a cross for what did not reach its end."""
    import optuna.visualization

    figure = optuna.visualization.plot_slice(its_study, [name], target=_percent, target_name=ACCURACY)
    figure.update_traces(
        marker={"color": VALIDATION, "size": 9, "line": {"width": 1, "color": "#FFFFFF"}, "showscale": False}
    )
    ended = [
        trial
        for trial in one.trials
        if trial.values and trial.accuracy is None and trial.run.state in ("stopped", "failed")
    ]
    figure.add_scatter(
        x=[trial.values[name] for trial in ended],
        y=[100 * (trial.last_accuracy or 0) for trial in ended],
        text=[trial.state for trial in ended],
        mode="markers",
        marker={"color": NEUTRAL, "symbol": "x-thin", "size": 9, "line": {"width": 2, "color": NEUTRAL}},
        hovertemplate="%{x}<br>%{y:.2f} % when it ended: %{text}<extra></extra>",
    )
    return _framed(figure, SETTINGS[name].title, ACCURACY, 300)


def _parallel(its_study: "optuna.Study", names: list[str]) -> go.Figure:
    import optuna.visualization

    figure = optuna.visualization.plot_parallel_coordinate(its_study, names, target=_percent, target_name=ACCURACY)
    return _framed(figure, None, None, 420)


def _importance(its_study: "optuna.Study") -> go.Figure:
    import optuna.visualization

    from mnistlab.importance import evaluator

    figure = optuna.visualization.plot_param_importances(its_study, evaluator=evaluator(its_study))
    figure.update_traces(marker={"color": TRAINING})
    return _framed(figure, "share of the importance", None, 300)


def _framed(figure: go.Figure, x_title: str | None, y_title: str | None, height: int) -> go.Figure:
    figure.update_layout(
        title=None, showlegend=False, height=height, width=None, margin={"l": 10, "r": 10, "t": 20, "b": 10}
    )
    if x_title is not None:
        figure.update_xaxes(title=x_title)
    if y_title is not None:
        figure.update_yaxes(title=y_title)
    return figure

"""Optuna's own figures of a study, in the lab's colours and words; nothing here draws on a page.

Each version of a sweep is drawn once for all sessions: importing Optuna and its figures takes two seconds.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING

import plotly.graph_objects as go
import streamlit as st

from mnistlab import sweep
from mnistlab.figures import count_of, percent
from mnistlab.space import SETTINGS, Choice, Parameter, Setting, described, shown
from ui import resources
from ui.palette import NEUTRAL, TRAINING, VALIDATION
from ui.round_ticks import linear_ticks, log_ticks
from ui.words import plain

if TYPE_CHECKING:
    import optuna

    from mnistlab.sweep_state import Sweep, Trial

ACCURACY = "validation accuracy (%)"
_FEWEST_TICKS = 2
_MARGIN = 0.06  # of an axis, beyond its ends
_MOST_WHOLE_TICKS = 10  # up to which an axis is labelled at each whole number
_ENOUGH_TO_RANK = 8  # finished trials; with fewer, importances are chance


@dataclass(frozen=True)
class Figures:
    """The figures of a sweep in its current state."""

    slices: list[go.Figure]  # one for each setting that is varied; each figure's words to be read aloud are its `meta`
    parallel: go.Figure | None  # None for a single setting
    importance: go.Figure | None  # None as long as there are too few trials


@st.cache_resource(show_spinner=False, max_entries=40)
def figures(sweep_id: str, outcomes: Hashable, is_over: bool) -> Figures | None:
    """The figures of a sweep; `outcomes` identifies its state for the cache. None before a trial is finished."""
    from mnistlab import study, trials

    store = resources.store()
    one = sweep.find(sweep_id, store)
    its_study = study.load(store.url, sweep_id, one.config)
    trials.catch_up(its_study, sweep_id, one.config, store)
    if not one.ranked:
        return None
    names = [parameter.setting for parameter in one.config.parameters]
    return Figures(
        [_slice(its_study, one, parameter) for parameter in one.config.parameters],
        _parallel(its_study, one, names) if len(names) > 1 else None,
        _importance(its_study, is_over) if len(names) > 1 and len(one.ranked) >= _ENOUGH_TO_RANK else None,
    )


def _percent(trial: "optuna.trial.FrozenTrial") -> float:
    return 100 * (trial.value or 0)


def _slice(its_study: "optuna.Study", one: "Sweep", parameter: Parameter) -> go.Figure:
    """Accuracy against one setting, whatever the others were; a cross for each trial that did not finish."""
    import optuna.visualization

    name = parameter.setting
    figure = optuna.visualization.plot_slice(its_study, [name], target=_percent, target_name=ACCURACY)
    edge = {"width": 1, "color": "#FFFFFF"}
    figure.update_traces(marker={"color": VALIDATION, "size": 9, "line": edge, "showscale": False})
    ended = [trial for trial in one.trials if trial.values and trial.state in ("pruned", "failed")]
    figure.add_scatter(
        x=[trial.values[name] for trial in ended],
        y=[100 * (trial.last_accuracy or 0) for trial in ended],
        text=[_how_it_ended(trial) for trial in ended],
        mode="markers",
        marker={"color": NEUTRAL, "symbol": "x-thin", "size": 9, "line": {"width": 2, "color": NEUTRAL}},
        hovertemplate="%{x}<br>%{text}<extra></extra>",
    )
    _label_values(figure, parameter)
    title = f"Accuracy by {SETTINGS[name].label}"
    words = f"{title}: {count_of(len(one.ranked), 'dot')}, {_from_to(one, name)}"
    words += f"; {count_of(len(ended), 'trial')} ended before." if ended else "."
    return _framed(figure, title, SETTINGS[name].title, ACCURACY, 330, words)


def _from_to(one: "Sweep", name: str) -> str:
    best, worst = one.ranked[0], one.ranked[-1]
    ends = [f"{percent(trial.accuracy or 0)} at {shown(trial.values[name])}" for trial in (best, worst)]
    return f"the best {ends[0]}, the worst {ends[1]}"


def _how_it_ended(trial: "Trial") -> str:
    if trial.last_accuracy is None:
        return f"{trial.state} before the end of its first epoch"
    return f"{percent(trial.last_accuracy)} when it {'failed' if trial.state == 'failed' else 'was pruned'}"


def _label_values(figure: go.Figure, parameter: Parameter) -> None:
    """Label values as people write them: options without quotation marks, factors without powers."""
    if isinstance(parameter, Choice):
        words = {written: shown(option) for option in parameter.options for written in (repr(option), str(option))}
        for trace in figure.data:
            trace.x = [words.get(str(value), str(value)) for value in trace.x]
        order = [shown(option) for option in parameter.options]
        figure.update_xaxes(type="category", categoryorder="array", categoryarray=order)
        return
    low, high = parameter.low, parameter.high
    if SETTINGS[parameter.setting].is_log:
        ticks = log_ticks(low, high)
        figure.update_xaxes(type="log", tickvals=ticks, ticktext=[plain(tick) for tick in ticks])
        low, high = log10(low), log10(high)  # as Plotly wants the ends of such an axis
    elif SETTINGS[parameter.setting].is_whole and high - low <= _MOST_WHOLE_TICKS:
        figure.update_xaxes(dtick=1)
    # The whole range from the first trial on, so that no dot moves when others are added.
    margin = _MARGIN * (high - low)
    figure.update_xaxes(range=[low - margin, high + margin])


def _parallel(its_study: "optuna.Study", one: "Sweep", names: list[str]) -> go.Figure:
    """A line for each finished trial, through its accuracy and its values; the better, the more orange."""
    import optuna.visualization
    from plotly.colors import sample_colorscale

    figure = optuna.visualization.plot_parallel_coordinate(its_study, names, target=_percent, target_name=ACCURACY)
    *lines, colour_bar = figure.data
    for line in lines:
        (colour,) = sample_colorscale([[0, NEUTRAL], [1, VALIDATION]], line.y[0])
        line.update(line={"color": colour, "width": 1 + 2 * line.y[0]}, opacity=0.8)
    colour_bar.marker.showscale = False  # the first axis says the same
    _label_axes(figure, its_study)
    titles = [SETTINGS[label].title if label in SETTINGS else label for label in figure.layout.xaxis.ticktext]
    figure.update_xaxes(ticktext=[title.replace(" ", "<br>", 1) for title in titles], fixedrange=True)
    figure.update_layout(plot_bgcolor="rgba(0, 0, 0, 0)")
    title, best = "Each trial, setting by setting", one.ranked[0]
    values = described(best.values)
    words = f"{title}: {count_of(len(one.ranked), 'line')}, the best through {values} and {percent(best.accuracy or 0)}"
    framed = _framed(figure, title, None, None, 450, f"{words}. The table below has all of them.")
    return framed.update_layout(margin={"l": 80, "r": 60, "t": 80})


def _label_axes(figure: go.Figure, its_study: "optuna.Study") -> None:
    """Label numeric axes at round numbers, instead of at quarters of the range tried."""
    from optuna.distributions import CategoricalDistribution
    from optuna.trial import TrialState

    done = [trial for trial in its_study.trials if trial.state == TrialState.COMPLETE]
    for place, name in enumerate(figure.layout.xaxis.ticktext):
        setting = SETTINGS.get(name)
        if setting is not None and isinstance(done[0].distributions[name], CategoricalDistribution):
            continue
        ticks = _round_ticks([_percent(trial) if setting is None else trial.params[name] for trial in done], setting)
        if len(ticks) < _FEWEST_TICKS:  # the quarters of what was tried say more
            continue
        like = next(one for one in figure.layout.annotations if one.x == place)
        figure.layout.annotations = [one for one in figure.layout.annotations if one.x != place]
        for text, height in ticks:
            figure.add_annotation(like, text=text, y=height)


def _round_ticks(values: list[float], setting: Setting | None) -> list[tuple[str, float]]:
    """Round numbers between the lowest of these values, at the height 0, and the highest, at 1.

    setting: whose values they are; None for accuracies.
    """
    low, high = min(values), max(values)
    if low == high:
        return []
    if setting is not None and setting.is_log:
        ticks = [(plain(tick), log10(tick)) for tick in log_ticks(low, high)]
        low, high = log10(low), log10(high)
    else:
        is_whole = setting is not None and setting.is_whole
        ticks = [(f"{tick:,g}", tick) for tick in linear_ticks(low, high, is_whole)]
    return [(text, (at - low) / (high - low)) for text, at in ticks]


def _importance(its_study: "optuna.Study", is_over: bool) -> go.Figure:
    """A bar for each setting; once the sweep is over, with a mark of what chance alone reaches."""
    import optuna.visualization

    from mnistlab.importance import chance, evaluator

    figure = optuna.visualization.plot_param_importances(its_study, evaluator=evaluator(its_study))
    (bars,) = figure.data
    names = list(bars.y)
    labels, shares = [SETTINGS[name].label for name in bars.y], [100 * share for share in bars.x]
    text = [f"{share:.0f} %" for share in shares]
    bars.update(x=shares, y=labels, text=text, marker={"color": TRAINING}, hovertemplate="%{y}: %{text}<extra></extra>")
    ends, words = list(shares), [f"{label} {share}" for label, share in zip(labels, text, strict=True)]
    if is_over:
        by_luck = chance(its_study)
        marks = [100 * by_luck[name] for name in names]
        ends += marks
        words = [f"{said}, by chance up to {mark:.0f} %" for said, mark in zip(words, marks, strict=True)]
        line = {"width": 3, "color": NEUTRAL}
        figure.add_scatter(
            x=marks,
            y=labels,
            mode="markers",
            marker={"symbol": "line-ns", "size": 22, "line": line},
            hovertemplate="%{y}: by chance up to %{x:.0f} %<extra></extra>",
        )
    title, most_first = "What mattered", "; ".join(reversed(words))  # Plotly counts from below
    height = 150 + 34 * len(labels)
    framed = _framed(figure, title, "share of what mattered (%)", None, height, f"{title}: {most_first}.")
    framed.update_xaxes(range=[0, 1.15 * max(ends)], tickformat=None)
    return framed.update_yaxes(title=None)


def _framed(
    figure: go.Figure, title: str, x_title: str | None, y_title: str | None, height: int, words: str
) -> go.Figure:
    margin = {"l": 10, "r": 10, "t": 40, "b": 10}
    figure.update_layout(title=title, showlegend=False, height=height, width=None, margin=margin, meta=words)
    if x_title is not None:
        figure.update_xaxes(title=x_title)
    if y_title is not None:
        figure.update_yaxes(title=y_title)
    return figure

"""The core's results as Plotly figures in the lab's colours; nothing here draws on a page."""

from collections.abc import Sequence

import plotly.graph_objects as go

from mnistlab.calibration import Bin
from mnistlab.figures import percent
from mnistlab.intervals import wilson_interval
from mnistlab.robustness import Point
from ui.palette import NEUTRAL, TRAINING

_BAND = "rgba(0, 114, 178, 0.2)"  # the blue of the curve, faint
_SURE, _CHANGED = "Is it as sure as it is right?", "Accuracy, the more it is changed"
_MOST_TICKS = 9
CONFIG = {"displayModeBar": False}


def reliability_chart(bins: Sequence[Bin]) -> go.Figure:
    """Accuracy against confidence, with a dot for each bin and its 95 % interval."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 100], y=[0, 100], mode="lines", line={"color": NEUTRAL, "dash": "dash", "width": 1}, hoverinfo="skip"
    )
    accuracies = [100 * part.accuracy for part in bins]
    ends = [wilson_interval(part.num_correct, part.num_images) for part in bins]
    tips = [f"{part.num_correct:,} of {part.num_images:,} right" for part in bins]
    figure.add_scatter(
        x=[100 * part.confidence for part in bins],
        y=accuracies,
        text=[f"{part.num_images:,}" for part in bins],
        mode="markers+text",
        textposition="top left",
        marker={"size": 11, "color": TRAINING},
        cliponaxis=False,
        error_y={
            "array": [100 * high - accuracy for (_, high), accuracy in zip(ends, accuracies, strict=True)],
            "arrayminus": [accuracy - 100 * low for (low, _), accuracy in zip(ends, accuracies, strict=True)],
            "color": TRAINING,
            "thickness": 1,
        },
        customdata=tips,
        hovertemplate="%{x:.1f} % sure, %{y:.1f} % right<br>%{customdata}<extra></extra>",
    )
    return _framed(figure, _SURE, "mean confidence (%)", "read correctly (%)", [0, 104], 430)


def reliability_words(bins: Sequence[Bin]) -> str:
    """What `reliability_chart` shows, to be read aloud."""
    parts = [
        f"{percent(part.confidence, 0)} sure, {percent(part.accuracy, 0)} right of {part.num_images:,}" for part in bins
    ]
    return f"{_SURE} {'; '.join(parts)}."


def robustness_chart(points: Sequence[Point], x_title: str) -> go.Figure:
    """Accuracy against the amount of a change, with the 95 % interval of each point as a band."""
    amounts = [point.amount for point in points]
    ends = [wilson_interval(point.num_correct, point.num_images) for point in points]
    figure = go.Figure()
    figure.add_scatter(
        x=[*amounts, *reversed(amounts)],
        y=[100 * high for _, high in ends] + [100 * low for low, _ in reversed(ends)],
        fill="toself",
        fillcolor=_BAND,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=amounts,
        y=[100 * point.num_correct / point.num_images for point in points],
        mode="lines+markers",
        line={"color": TRAINING, "width": 2},
        marker={"size": 7},
        hovertemplate=f"{x_title}: %{{x}}<br>%{{y:.1f}} % read correctly<extra></extra>",
    )
    # If all labels would overlap on a phone, only every second one, including 0.
    figure.update_xaxes(tickvals=amounts[amounts.index(0) % 2 :: 2] if len(amounts) > _MOST_TICKS else amounts)
    return _framed(figure, _CHANGED, x_title, "read correctly (%)", None, 350)


def robustness_words(points: Sequence[Point], x_title: str) -> str:
    """What `robustness_chart` shows, to be read aloud."""
    parts = [f"{point.amount:g}: {percent(point.num_correct / point.num_images, 0)}" for point in points]
    return f"{_CHANGED}, {x_title}: {'; '.join(parts)}.".replace(" -", " \N{MINUS SIGN}")


def _framed(
    figure: go.Figure, title: str, x_title: str, y_title: str, x_range: list[float] | None, height: int
) -> go.Figure:
    figure.update_layout(
        title=title,
        showlegend=False,
        height=height,
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        xaxis={"title": x_title, "range": x_range, "fixedrange": True, "zeroline": False},
        yaxis={"title": y_title, "range": [0, 104], "fixedrange": True, "zeroline": False},
    )
    return figure

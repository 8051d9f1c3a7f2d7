"""A chart that grows while it is being watched: `Plotly.react` in a Streamlit component.

`st.plotly_chart` rebuilds its chart whenever the data change and loses the zoom; this one does not. This package owns
what the browser needs (payload.py, library.py, the scripts); what to plot is up to the page.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from ui.live_chart.library import PLOTLY_VERSION, ensure_plotly
from ui.live_chart.payload import Series, Style, cut_at, packed, spoken, x_extent, y_extent

__all__ = ["ENDED", "WAITING", "Series", "Style", "ensure_plotly", "live_chart"]

WAITING, ENDED = "waiting for the first point", "it ended before its first point"
FAILED = "The chart cannot be drawn: its library, app/static/plotly.min.js, did not load. Reload the page."
NOT_THERE = (
    "The chart cannot be drawn: its library, static/plotly.min.js, is missing or cannot be read, and cannot be put "
    "there ({}). Start the lab once as a user who may write into its folder."
)

_FOLDER = Path(__file__).parent
_SCRIPTS = ("theme.js", "labels.js", "layout.js", "live_chart.js")  # joined in this order into one browser module
_mount = st.components.v2.component(
    "mnistlab_live_chart",
    html='<div class="mnistlab-live-chart"></div>',
    css=(_FOLDER / "live_chart.css").read_text(encoding="utf-8"),
    js="\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _SCRIPTS),
    isolate_styles=False,  # Plotly puts its style sheet into the document's head; a shadow root never sees it
)


def live_chart(
    series: Sequence[Series],
    *,
    key: str,
    title: str,
    x_title: str,
    y_title: str,
    y_percent: bool = False,
    log_y: bool = False,
    x_range: tuple[float, float] | None = None,
    ordinary: float | None = None,
    height: int = 320,
    empty: str = WAITING,
) -> None:
    """Draw curves that may have grown since the last call with this key; zoom and hover are kept.

    key: unique on the page; a new key starts afresh, so include the run's id.
    y_percent, log_y: show y, a share in [0, 1], as a percentage; use a logarithmic axis, dropping values <= 0.
    x_range: fixes the x axis, for instance to include all steps to come; else it spans the data.
    ordinary: cut off short peaks that would flatten all else, with a note, but nothing up to this value.
    height: pixels, title and axes included.
    empty: the text in a chart without points.
    """
    data = {
        "plotly": PLOTLY_VERSION,
        "key": key,
        "title": title,
        "xTitle": x_title,
        "yTitle": y_title,
        "percent": y_percent,
        "log": log_y,
        "xRange": list(x_range) if x_range else x_extent(series),
        **_y_axis(series, y_percent, log_y, ordinary),
        "height": height,
        "spoken": spoken(title, series, x_title, percent=y_percent),
        "empty": empty,
        "failed": _why_it_may_fail(),
        "series": [packed(one) for one in series],
    }
    _mount(key=key, data=data, height=height)


def _why_it_may_fail() -> str:
    """Put the library where the browser finds it; return the message to show if it does not load."""
    try:
        ensure_plotly()
    except OSError as error:  # for instance, installed by an administrator and not writable
        return NOT_THERE.format(error.strerror)
    return FAILED


def _y_axis(series: Sequence[Series], percent: bool, log: bool, ordinary: float | None) -> dict[str, Any]:
    """The range of the y axis, with and without the peaks that are cut off."""
    whole = y_extent(series, percent=percent, log=log)
    cut = None if ordinary is None else cut_at(series, ordinary)
    return {
        "yRange": whole if cut is None else [whole[0], cut[0]],
        "yWhole": whole,
        "above": "" if cut is None else f"cut off here: the highest is {_short(cut[1])}",
        "mayCut": ordinary is not None,
    }


def _short(value: float) -> str:
    if value >= 1e9:
        return "beyond a billion"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

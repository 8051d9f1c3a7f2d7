"""How often a page that watches a run asks for news: every second, and less often where that is dear.

What is dear depends on how many watch: thirty visitors share a server, whose clicks must not wait for their charts.
"""

import time
from collections import deque
from dataclasses import dataclass, field
from statistics import median

import streamlit as st

from mnistlab.runs import Run

_FIRST = 0.25  # seconds, until the first point is there,
_IMPATIENT = 5.0  # unless it does not come within so many
_STEPS = (1.0, 2.0, 3.0, 5.0)
_DEAR = 0.03  # share of the time between two refreshes that a refresh may take,
_DEAR_TOGETHER = 0.15  # and that of all who watch
_GONE = 12.0  # seconds without a refresh, after which somebody no longer counts as watching
_ENOUGH = 5  # refreshes that the pace is judged by; their median, for one that loads new weights is always slower
_PACE = "run_pace"


@dataclass
class _Pace:
    level: int = 0
    noted: float = 0  # when a refresh was last noted, on the monotonic clock
    last: deque[float] = field(default_factory=lambda: deque(maxlen=_ENOUGH))  # seconds


def seconds_between(run: Run) -> float | None:
    """How long to wait between two refreshes of this run's picture; None once it no longer changes by itself."""
    if not run.is_active:
        return None
    if not run.step and time.time() - run.created < _IMPATIENT:
        return _FIRST
    return _STEPS[_pace().level]


def slowed(seconds: float) -> float:
    """How long to wait between two refreshes of what a lone visitor sees anew every so many seconds."""
    return seconds * _STEPS[_pace().level]


def note(seconds: float) -> None:
    """Take down how long a refresh took; the pace follows from what the last ones took."""
    pace = _pace()
    pace.noted = time.monotonic()
    pace.last.append(seconds)
    num_watching = _count_watching(pace)
    if len(pace.last) < _ENOUGH:
        return
    typical = median(pace.last)
    dear = min(_DEAR, _DEAR_TOGETHER / num_watching)
    if pace.level < len(_STEPS) - 1 and typical > dear * _STEPS[pace.level]:
        _change(pace, 1)
    elif pace.level > 0 and typical < dear * _STEPS[pace.level - 1] / 2:
        _change(pace, -1)


@st.cache_resource(show_spinner=False)
def _last_refreshes() -> dict[int, float]:
    """When each session's picture was last refreshed, for all sessions."""
    return {}


def _count_watching(pace: _Pace) -> int:
    """Take down that this session watches; how many do."""
    last = _last_refreshes()
    last[id(pace)] = pace.noted
    for session, then in list(last.items()):
        if pace.noted - then > _GONE:
            last.pop(session, None)
    return len(last)


def _change(pace: _Pace, by: int) -> None:
    pace.level += by
    pace.last.clear()


def _pace() -> _Pace:
    pace: _Pace = st.session_state.setdefault(_PACE, _Pace())
    if pace.level > 0 and time.monotonic() - pace.noted > _GONE:
        _change(pace, -pace.level)  # who comes back, or looks at another page by now, begins anew
    return pace

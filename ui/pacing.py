"""How often a page that watches a run asks for news: every second, and less often where that is dear."""

import time
from collections import deque
from dataclasses import dataclass, field
from statistics import median

import streamlit as st

from mnistlab.runs import Run

_FIRST = 0.25  # seconds, until the first point is there,
_IMPATIENT = 5.0  # unless it does not come within so many
_STEPS = (1.0, 2.0, 5.0)
_DEAR = 0.03  # share of the time between two refreshes that a refresh may take
_ENOUGH = 5  # refreshes that the pace is judged by; their median, for one that loads new weights is always slower
_PACE = "run_pace"


@dataclass
class _Pace:
    level: int = 0
    last: deque[float] = field(default_factory=lambda: deque(maxlen=_ENOUGH))  # seconds


def seconds_between(run: Run) -> float | None:
    """How long to wait between two refreshes of this run's picture; None once it no longer changes by itself."""
    if not run.is_active:
        return None
    if not run.step and time.time() - run.created < _IMPATIENT:
        return _FIRST
    return _STEPS[_pace().level]


def note(seconds: float) -> None:
    """Take down how long a refresh took; the pace follows from what the last ones took."""
    pace = _pace()
    pace.last.append(seconds)
    if len(pace.last) < _ENOUGH:
        return
    typical = median(pace.last)
    if pace.level < len(_STEPS) - 1 and typical > _DEAR * _STEPS[pace.level]:
        _change(pace, 1)
    elif pace.level > 0 and typical < _DEAR * _STEPS[pace.level - 1] / 2:
        _change(pace, -1)


def _change(pace: _Pace, by: int) -> None:
    pace.level += by
    pace.last.clear()


def _pace() -> _Pace:
    pace: _Pace = st.session_state.setdefault(_PACE, _Pace())
    return pace

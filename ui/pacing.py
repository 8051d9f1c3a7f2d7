"""How often a page that watches a run asks for news: every second, and less often where that is dear.

What is dear depends on how many watch: thirty visitors share a server, whose clicks must not wait for their charts. So
they share a pace.
"""

import threading
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
_WATCHER = "run_watcher"


def seconds_between(run: Run) -> float | None:
    """How long to wait between two refreshes of this run's picture; None once it no longer changes by itself."""
    if not run.is_active:
        return None
    if not run.step and time.time() - run.created < _IMPATIENT:
        return _FIRST
    return _pace().seconds()


def slowed(seconds: float) -> float:
    """How long to wait between two refreshes of what a lone visitor sees anew every so many seconds."""
    return seconds * _pace().seconds()


def note(seconds: float) -> None:
    """Take down how long a refresh took; the pace of all who watch follows from what the last ones took."""
    _pace().note(st.session_state.setdefault(_WATCHER, object()), seconds)


@dataclass
class _Pace:
    """One for all: a newcomer to a class is refreshed as rarely as the class is, from the beginning."""

    _level: int = 0
    _watching: dict[object, float] = field(default_factory=dict)  # when each was refreshed last, monotonic
    _took: deque[float] = field(default_factory=deque)  # seconds, since the level was set
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def seconds(self) -> float:
        """Between two refreshes."""
        with self._lock:
            self._forget_who_left()
            return _STEPS[self._level]

    def note(self, watcher: object, seconds: float) -> None:
        """Take down a refresh; go one step slower or quicker where that is due."""
        with self._lock:
            self._watching[watcher] = time.monotonic()
            self._forget_who_left()
            self._took.append(seconds)
            self._judge()

    def _judge(self) -> None:
        """Slower after a refresh of each who watches, quicker only after several: each change draws all pages anew."""
        num_watching = len(self._watching)
        while len(self._took) > _ENOUGH * num_watching:
            self._took.popleft()
        if len(self._took) < max(_ENOUGH, num_watching):
            return
        typical = median(self._took)
        dear = min(_DEAR, _DEAR_TOGETHER / num_watching)
        if self._level < len(_STEPS) - 1 and typical > dear * _STEPS[self._level]:
            self._set(self._level + 1)
        elif len(self._took) < _ENOUGH * num_watching or self._level == 0:
            return
        elif typical < dear * _STEPS[self._level - 1] / 2:
            self._set(self._level - 1)

    def _forget_who_left(self) -> None:
        now = time.monotonic()
        self._watching = {watcher: then for watcher, then in self._watching.items() if now - then <= _GONE}
        if not self._watching and self._level:
            self._set(0)

    def _set(self, level: int) -> None:
        self._level = level
        self._took.clear()


@st.cache_resource(show_spinner=False)
def _pace() -> _Pace:
    return _Pace()

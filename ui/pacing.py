"""How often a page that watches a run refreshes: every second, and less often where that costs too much.

The cost depends on how many watch: thirty visitors share a server, and clicks must not wait for charts. So all share
one pace, and each visitor also has an own one, set by how long the own page's refreshes take.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from statistics import median

import streamlit as st

from mnistlab.runs import Run

_FIRST = 0.25  # seconds between refreshes until the first point is there,
_IMPATIENT = 5.0  # but for no longer than this
_STEPS = (1.0, 2.0, 3.0, 5.0)  # factors by which refreshes are slowed down
_DEAR = 0.03  # the share of the interval that a refresh may take,
_DEAR_TOGETHER = 0.15  # and that the refreshes of all watchers together may take
_GONE = 12.0  # seconds without a refresh, after which a visitor no longer counts as watching
_ENOUGH = 5  # refreshes to judge by: by their median, because one that loads new weights is always slower
_CALM = 0.8  # of the share for all together: below it, all speed up again
_PACE = "run_pace"


@dataclass(eq=False)
class _Pace:
    """The pace of one visitor, set by how long their own page's refreshes take."""

    level: int = 0
    noted: float = 0  # when a refresh was last noted, on the monotonic clock
    last: deque[float] = field(default_factory=lambda: deque(maxlen=_ENOUGH))  # seconds, at this level
    typical: float = 0  # seconds

    def note(self, seconds: float) -> None:
        """Record a refresh; go one step slower or faster if that is due."""
        self.noted = time.monotonic()
        self.last.append(seconds)
        self.typical = median(self.last)
        if len(self.last) < _ENOUGH:
            return
        if self.level < len(_STEPS) - 1 and self.typical > _DEAR * _STEPS[self.level]:
            self._change(1)
        elif self.level > 0 and self.typical < _DEAR * _STEPS[self.level - 1] / 2:
            self._change(-1)

    def _change(self, by: int) -> None:
        self.level += by
        self.last.clear()


@dataclass
class _Together:
    """The pace shared by all who watch: a newcomer is refreshed as rarely as the rest of the class from the start."""

    _level: int = 0
    _watching: list[_Pace] = field(default_factory=list)
    _num_noted: int = 0  # since the level was set
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def level(self) -> int:
        """The index in `_STEPS` that everybody keeps to, at least."""
        with self._lock:
            self._forget_who_left()
            return self._level

    def note(self, pace: _Pace) -> None:
        """Record that a visitor's page was refreshed.

        Slow down after as many refreshes as there are watchers, but speed up only after several each, so that all do
        not go faster and slower by turns.
        """
        with self._lock:
            if pace not in self._watching:
                self._watching.append(pace)
            self._forget_who_left()
            self._num_noted += 1
            num_watching = len(self._watching)
            if self._num_noted < max(_ENOUGH, num_watching):
                return
            taken = sum(one.typical for one in self._watching)
            if self._level < len(_STEPS) - 1 and taken > _DEAR_TOGETHER * _STEPS[self._level]:
                self._set(self._level + 1)
            elif self._level == 0 or self._num_noted < _ENOUGH * num_watching:
                return
            elif taken < _CALM * _DEAR_TOGETHER * _STEPS[self._level - 1]:
                self._set(self._level - 1)

    def _forget_who_left(self) -> None:
        now = time.monotonic()
        self._watching = [one for one in self._watching if now - one.noted <= _GONE]
        if not self._watching:
            self._set(0)

    def _set(self, level: int) -> None:
        self._level, self._num_noted = level, 0


def seconds_between(run: Run) -> float | None:
    """Seconds between two refreshes of a page on this run; None once it no longer changes by itself."""
    if not run.is_active:
        return None
    if not run.step and time.time() - run.created < _IMPATIENT:
        return _FIRST
    return slowed(1.0)


def slowed(seconds: float) -> float:
    """Seconds between two refreshes of a part that a single visitor would see refreshed every so many seconds."""
    return seconds * _STEPS[max(_pace().level, _together().level())]


def note(seconds: float) -> None:
    """Record how long a refresh took; the pace is set by the last few."""
    pace = _pace()
    pace.note(seconds)
    _together().note(pace)


@st.cache_resource(show_spinner=False)
def _together() -> _Together:
    return _Together()


def _pace() -> _Pace:
    pace: _Pace | None = st.session_state.get(_PACE)
    if pace is None or time.monotonic() - pace.noted > _GONE:
        pace = st.session_state[_PACE] = _Pace(noted=time.monotonic())  # whoever comes back starts afresh
    return pace

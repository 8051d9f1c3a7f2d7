"""Draw pages one after another instead of all at once, when a whole class asks for them at the same moment.

Python runs one thread at a time. Thirty scripts that run side by side take the GIL from each other at every message and
every query, and all finish late, as does the server's own thread, which sends what they draw. One after another, each
finishes sooner than all of them would together.
"""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import streamlit as st

from ui import beat

P = ParamSpec("P")
T = TypeVar("T")

# Seconds. A browser asks a server that was started again for the page only if something in it is to be rerun by itself.
_RARELY = 3600.0
_PATIENCE = 0.25  # seconds that a script waits at most, and for which a slow one may keep the others waiting


class Turns:
    """Lets threads in one by one, but keeps none waiting for long: after that, they run side by side.

    patience: seconds that a thread waits at most, and for which one may keep the others waiting.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._changed = threading.Condition()
        self._turn: object | None = None  # of the thread that is in
        self._begun = 0.0  # when it came in, monotonic
        self._mine = threading.local()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn and give it back at the end; reentrant for the thread that has it."""
        if getattr(self._mine, "is_taken", False):
            yield
            return
        turn = self._wait()
        self._mine.is_taken = True
        try:
            yield
        finally:
            self._mine.is_taken = False
            self._give_back(turn)

    def _wait(self) -> object:
        turn = object()
        latest = time.monotonic() + self._patience
        with self._changed:
            while self._turn is not None:
                left = min(latest, self._begun + self._patience) - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            if self._turn is None or time.monotonic() >= self._begun + self._patience:
                self._turn, self._begun = turn, time.monotonic()
        return turn

    def _give_back(self, turn: object) -> None:
        with self._changed:
            if self._turn is turn:  # else another thread has taken it over
                self._turn = None
                self._changed.notify()


_turns = Turns(_PATIENCE)


def in_turn(draw: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that draws a page or a fragment: it waits for its turn."""

    @functools.wraps(draw)
    def waiting(*arguments: P.args, **more: P.kwargs) -> T:
        with _turns.taken():
            return draw(*arguments, **more)

    return waiting


def fragment(
    *, run_every: float | Callable[[], float | None] | None = None
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A Streamlit fragment, rerun in turn when a control in it is used, or every so many seconds.

    One that is rerun every so many seconds needs a name that no other part of the page has. If their number changes, a
    function tells it, anew at each drawing; None, if it is no longer rerun.
    """

    def decorate(draw: Callable[P, T]) -> Callable[P, T]:
        if run_every is None:
            return st.fragment(in_turn(draw))
        pace = run_every if callable(run_every) else lambda: run_every
        return st.fragment(in_turn(beat.keep_up(draw, pace)), run_every=_RARELY)

    return decorate


def first_then(first: T, read: Callable[[], T]) -> Callable[[], T]:
    """A function that returns `first` on its first call, and what `read` returns on each later one.

    For a fragment: it is first drawn with its page, which has just read what it shows, and later on its own.
    """
    just_read = [first]
    return lambda: just_read.pop() if just_read else read()

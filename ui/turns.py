"""Pages are drawn one after another, not all at once: what a class asks for in the same moment.

Python runs one thread at a time. Thirty scripts that are drawn side by side take it from each other at every message
and every query, and all end late, the server's own thread, which sends what they draw, with them. In turn, each is
answered sooner than the whole lot would be.
"""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import streamlit as st

P = ParamSpec("P")
T = TypeVar("T")

_PATIENCE = 0.25  # seconds that a script waits at most; and after which one that takes long is no longer waited for


class Turns:
    """Lets threads in one by one, but keeps nobody waiting for long: then they go on beside each other.

    patience: seconds that anyone waits at most, and for which one may keep the others waiting.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._changed = threading.Condition()
        self._turn: object | None = None  # of whoever is in
        self._begun = 0.0  # when they came in, monotonic
        self._mine = threading.local()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for one's turn, and give it back; a thread that has it already goes on."""
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
            if self._turn is turn:  # else it was another's by now
                self._turn = None
                self._changed.notify()


_turns = Turns(_PATIENCE)


def in_turn(draw: Callable[P, T]) -> Callable[P, T]:
    """Draw a page, or a part of one that is drawn alone, when it is its turn."""

    @functools.wraps(draw)
    def waiting(*arguments: P.args, **more: P.kwargs) -> T:
        with _turns.taken():
            return draw(*arguments, **more)

    return waiting


def fragment(*, run_every: float | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a part of a page that is drawn alone, in turn, when a control in it is used, or every so many seconds."""

    def decorate(draw: Callable[P, T]) -> Callable[P, T]:
        return st.fragment(in_turn(draw), run_every=run_every)

    return decorate


def first_then(first: T, read: Callable[[], T]) -> Callable[[], T]:
    """A function that returns `first` when it is called first, and later what `read` returns by then.

    For a fragment: it is drawn together with its page, which has just read what it shows, and later alone.
    """
    just_read = [first]
    return lambda: just_read.pop() if just_read else read()

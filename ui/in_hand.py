"""What a visitor had in hand, a drawing above all, or had set: a reload begins a new session, which finds it here.

Kept in the server's memory for a while, for each browser; a second tab finds it too.
"""

import threading
import time
from collections import OrderedDict
from typing import Any

import streamlit as st

from ui import identity

_SECONDS = 2 * 60 * 60  # a lesson, since it was last used: whoever comes to this browser then shall find an empty pad
_MOST = 200  # browsers; a drawing is some ten kilobytes
_TAKEN_UP = "in_hand_taken_up"


class _Kept:
    """Values by the names that they have in the session, for each browser; safe to use from many threads."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()  # the one used last at the end
        self._lock = threading.Lock()

    def change(self, owner: str, values: dict[str, Any], dropped: tuple[str, ...] = ()) -> dict[str, Any]:
        """Keep some values of a browser, forget others, and return all that it has."""
        with self._lock:
            now = time.monotonic()
            self._forget(now)
            held = self._of.pop(owner, (now, {}))[1] | values
            for name in dropped:
                held.pop(name, None)
            self._of[owner] = (now, held)
            return dict(held)

    def _forget(self, now: float) -> None:
        while self._of and (len(self._of) > _MOST or now - next(iter(self._of.values()))[0] > _SECONDS):
            self._of.popitem(last=False)


def take_up() -> None:
    """Let a new session find what this browser's last one had in hand; later calls do nothing."""
    if _TAKEN_UP in st.session_state:
        return
    st.session_state[_TAKEN_UP] = True
    for name, value in _kept().change(identity.owner(), {}).items():
        st.session_state.setdefault(name, value)


def keep(**values: Any) -> None:
    """Put values into the session by these names, and where a reload finds them."""
    for name, value in values.items():
        st.session_state[name] = value
    _kept().change(identity.owner(), values)


def drop(*names: str) -> None:
    """Let a reload not find these; the session keeps them."""
    _kept().change(identity.owner(), {}, names)


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()

"""What a visitor was working on, above all a drawing, or had set: a reload begins a new session, which finds it here.

It is kept in the server's memory for a while, for each browser; a second tab finds it too.
"""

import threading
import time
from collections import OrderedDict
from typing import Any

import streamlit as st

from ui import identity

_SECONDS = 2 * 60 * 60  # since it was last used, a lesson: whoever uses this browser next should find an empty pad
_MOST = 200  # browsers; a drawing is some ten kilobytes
_TAKEN_UP = "in_hand_taken_up"


class _Kept:
    """Values by the names that they have in the session, for each browser; safe to use from many threads."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()  # the most recently used one last
        self._lock = threading.Lock()

    def change(self, owner: str, values: dict[str, Any], dropped: tuple[str, ...] = ()) -> dict[str, Any]:
        """Store some values of a browser, forget others, and return all that it has."""
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
    """Restore in a new session what this browser's last one had; later calls do nothing."""
    if _TAKEN_UP in st.session_state:
        return
    st.session_state[_TAKEN_UP] = True
    for name, value in _kept().change(identity.owner(), {}).items():
        st.session_state.setdefault(name, value)


def keep(**values: Any) -> None:
    """Put values into the session by these names, and keep them for a reload."""
    for name, value in values.items():
        st.session_state[name] = value
    _kept().change(identity.owner(), values)


def drop(*names: str) -> None:
    """Forget these for a reload; the session keeps them."""
    _kept().change(identity.owner(), {}, names)


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()

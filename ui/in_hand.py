"""What a visitor had in hand, a drawing above all: a reload begins a new session, which finds it here.

Kept in the server's memory for a while, for each browser; a second tab finds it too.
"""

from typing import Any

import streamlit as st

from ui import identity

_SECONDS = 2 * 60 * 60  # a lesson: whoever comes to this browser next shall find an empty pad
_MOST = 200  # browsers; a drawing is some ten kilobytes
_TAKEN_UP = "in_hand_taken_up"


def take_up() -> None:
    """Let a new session find what this browser's last one had in hand; later calls do nothing."""
    if _TAKEN_UP in st.session_state:
        return
    st.session_state[_TAKEN_UP] = True
    for name, value in list(_of(identity.owner()).items()):
        st.session_state.setdefault(name, value)


def keep(**values: Any) -> None:
    """Put values into the session by these names, and where a reload finds them."""
    for name, value in values.items():
        st.session_state[name] = value
    _of(identity.owner()).update(values)


def drop(*names: str) -> None:
    """Let a reload not find these; the session keeps them."""
    there = _of(identity.owner())
    for name in names:
        there.pop(name, None)


@st.cache_resource(show_spinner=False, ttl=_SECONDS, max_entries=_MOST)
def _of(owner: str) -> dict[str, Any]:
    """Values by the names that they have in the session."""
    return {}

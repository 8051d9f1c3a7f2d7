"""A number bound to the URL, with buttons for the previous and the next one; the first follows the last.

Check the URL first: ui/address.py warns of a number out of bounds.
"""

from typing import Literal

import streamlit as st


def choose_page(label: str, key: str, last: int, buttons: str) -> int:
    """Show Previous, the number of a page from 1 to `last`, and Next side by side; `buttons` is their keys' prefix."""
    _keep_within(key, 1, last)
    _button("Previous", f"{buttons}_previous", (key, -1, 1, last))
    page = st.number_input(label, 1, last, key=key, bind="query-params", width=140)
    _button("Next", f"{buttons}_next", (key, 1, 1, last))
    return page


def choose_image(key: str, num_images: int, buttons: str, disabled: bool = False) -> int:
    """Show the number of an image from 0 on, and below it Previous and Next, which the arrow keys press too."""
    last = num_images - 1
    _keep_within(key, 0, last)
    help_text = "Its place in the split, in file order. The arrow keys of your keyboard go back and forth."
    label = f"Image (0 to {last:,})"
    index = st.number_input(label, 0, last, key=key, bind="query-params", help=help_text, disabled=disabled)
    with st.container(horizontal=True):
        _button("Previous", f"{buttons}_previous", (key, -1, 0, last), "Left", disabled)
        _button("Next", f"{buttons}_next", (key, 1, 0, last), "Right", disabled)
    return index


def _button(
    label: Literal["Previous", "Next"],
    key: str,
    turn: tuple[str, int, int, int],
    shortcut: str | None = None,
    disabled: bool = False,
) -> None:
    kind: Literal["primary", "secondary"] = "primary" if label == "Next" else "secondary"
    st.button(label, key=key, on_click=_turn, args=turn, type=kind, shortcut=shortcut, disabled=disabled)


def _keep_within(key: str, first: int, last: int) -> None:
    """Clip an earlier choice that exceeds the current last number."""
    if st.session_state.get(key, first) > last:
        st.session_state[key] = last


def _turn(key: str, by: int, first: int, last: int) -> None:
    st.session_state[key] = (st.session_state[key] - first + by) % (last - first + 1) + first

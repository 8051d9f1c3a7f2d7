"""A part that is drawn again every quarter of a second, beside one with a warning that comes and goes by a press."""

import time

import streamlit as st

from ui import turns


@turns.fragment(run_every=0.25)
def ticking_fragment() -> None:
    st.session_state.ticks = st.session_state.get("ticks", 0) + 1
    st.text(f"tick {st.session_state.ticks}")


def press() -> None:
    st.session_state.presses += 1


@turns.fragment()
def pressed_fragment() -> None:
    st.session_state.setdefault("presses", 0)
    st.button("Press", on_click=press)
    if st.button("Press without a callback"):
        press()
    time.sleep(0.15)  # as long as a picture or a network takes
    st.text(f"pressed {st.session_state.presses}")
    if st.session_state.presses % 2:
        st.warning("an odd number")


ticking_fragment()
pressed_fragment()

"""A part of a page that shows what goes on: refreshed until that is over, and told once if it cannot be."""

from collections.abc import Callable

import streamlit as st

from mnistlab.errors import MnistLabError
from ui import acting, turns

_TROUBLE = "refreshing_trouble"  # in the session: the id of what could not be drawn at its last refresh


def show(job_id: str, seconds: float | None, draw: Callable[[], float | None]) -> None:
    """Draw a part of a page every so many seconds, until another pace is due, by which the whole page is drawn anew.

    After a refresh that failed, the whole page is drawn once more, and this part without refreshes: it says what is
    wrong.

    Args:
        job_id: of the run or sweep that is shown.
        seconds: between two refreshes; None for what no longer changes by itself.
        draw: draws it as it is by then, and returns the pace that is due by then.
    """
    if st.session_state.pop(_TROUBLE, None) == job_id:
        seconds = None

    @turns.fragment(run_every=seconds)
    def fragment() -> None:
        try:
            due = draw()
        except MnistLabError as error:
            if seconds is not None:
                st.session_state[_TROUBLE] = job_id
                st.rerun()
            st.error(str(error))
            return
        if acting.was_steered() or due != seconds:  # which the sidebar tells, or which ends or begins the refreshing
            st.rerun()

    fragment()

"""A part of a page that shows what goes on: refreshed until that is over, and told once if it cannot be.

What is over is looked at now and then: somebody else may resume it, or delete it.
"""

from collections.abc import Callable
from contextlib import suppress

import streamlit as st

from mnistlab.errors import MnistLabError
from ui import acting, turns

_LOOK_AGAIN = 5.0  # seconds between two looks at what is over
_TROUBLE = "refreshing_trouble"  # in the session: the id of what could not be drawn at its last refresh


def show(job_id: str, seconds: float | None, draw: Callable[[], float | None], has_changed: Callable[[], bool]) -> None:
    """Draw a part of a page every so many seconds, until another pace is due, by which the whole page is drawn anew.

    After a refresh that failed, the whole page is drawn once more, and this part without refreshes: it says what is
    wrong.

    Args:
        job_id: of the run or sweep that is shown.
        seconds: between two refreshes; None for what no longer changes by itself.
        draw: draws it as it is by then, and returns the pace that is due by then.
        has_changed: asked once it is over: whether it is no longer what the page was drawn for.
    """
    is_over = seconds is None
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
    if is_over:
        _look_again(has_changed)


def _look_again(has_changed: Callable[[], bool]) -> None:
    """Draw the whole page anew once somebody else has changed what is over, or it can no longer be read."""

    @turns.fragment(run_every=_LOOK_AGAIN)
    def looking_fragment() -> None:
        with suppress(MnistLabError):
            if not has_changed():
                return
        st.rerun()

    looking_fragment()

"""A part of a page that shows a job, refreshed until the job is over; an error is shown once and ends that.

A job that is over is polled slowly: somebody else may resume or delete it.
"""

from collections.abc import Callable

import streamlit as st

from mnistlab.errors import MnistLabError, RunNotFoundError, SweepNotFoundError
from ui import acting, turns

_LOOK_AGAIN = 5.0  # seconds between two polls of a job that is over
_TROUBLE = "refreshing_trouble"  # in the session: the id of the job whose last refresh failed


def show(job_id: str, seconds: float | None, draw: Callable[[], float | None], has_changed: Callable[[], bool]) -> None:
    """Draw a part of a page again and again; once its job is over, or goes on again, rerun the whole page.

    If a refresh fails, the whole page is rerun once more, and this part, without refreshing, shows the error.

    Args:
        job_id: the id of the run or sweep that is shown.
        seconds: until the first refresh; None for a job that no longer changes by itself.
        draw: draws the job's current state and returns the seconds until the next refresh.
        has_changed: returns whether a job that is over has changed since the page was drawn.
    """
    is_over = seconds is None
    if st.session_state.pop(_TROUBLE, None) == job_id:
        seconds = None

    due = seconds

    @turns.fragment(run_every=None if seconds is None else lambda: due)
    def job_fragment() -> None:
        nonlocal due
        try:
            due = draw()
        except MnistLabError as error:
            if seconds is not None:
                st.session_state[_TROUBLE] = job_id
                st.rerun()
            st.error(str(error))
            return
        if acting.was_steered() or (due is None) != (seconds is None):  # the sidebar has to change
            st.rerun()

    job_fragment()
    if is_over:
        _look_again(has_changed)


def _look_again(has_changed: Callable[[], bool]) -> None:
    """Rerun the whole page once somebody else has changed a job that was over, or the job can no longer be read."""

    @turns.fragment(run_every=_LOOK_AGAIN)
    def looking_fragment() -> None:
        try:
            is_another = has_changed()
        except (RunNotFoundError, SweepNotFoundError):  # it was deleted
            is_another = True
        except MnistLabError:  # the store cannot be read just now, and what is on the screen is still true
            is_another = False
        if is_another:
            st.rerun()

    looking_fragment()

"""The button that starts a run: once, however often it is pressed."""

from typing import Literal

import streamlit as st

from mnistlab import jobs
from mnistlab.config import RunConfig
from mnistlab.errors import MnistLabError, RunNotFoundError
from ui import resources

_NUMBER, _OWN_RUN, _JUST_STARTED, _PROBLEM = "start_number", "start_own_run", "start_just_started", "start_problem"


def button(
    label: str, config: RunConfig | None, key: str, width: Literal["stretch", "content"] = "content"
) -> str | None:
    """Show a button that starts a run of `config`; return the run's id once, in the rerun after the click.

    It is off without a config, and while the visitor's own last run is still active.
    """
    number = st.session_state.setdefault(_NUMBER, 0)
    is_busy = _is_active(st.session_state.get(_OWN_RUN))
    st.button(
        label,
        key=key,
        type="primary",
        width=width,
        disabled=config is None or is_busy,
        on_click=_start,
        args=(config, number),
        help="Your run is still going on. Stop it to start another." if is_busy else None,
    )
    if _PROBLEM in st.session_state:
        st.error(st.session_state.pop(_PROBLEM))
    started: str | None = st.session_state.pop(_JUST_STARTED, None)
    return started


def _start(config: RunConfig, number: int) -> None:
    """Start unless this very button was pressed before: the second click of a double click brings the old number."""
    if number != st.session_state[_NUMBER]:
        return
    st.session_state[_NUMBER] += 1
    try:
        run_id = jobs.start(config, resources.store())
    except MnistLabError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    st.session_state[_OWN_RUN] = st.session_state[_JUST_STARTED] = run_id


def _is_active(run_id: str | None) -> bool:
    if run_id is None:
        return False
    try:
        return resources.store().run(run_id).is_active
    except RunNotFoundError:
        return False

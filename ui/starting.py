"""The button that starts a run: once, however often it is pressed."""

from typing import Literal

import streamlit as st

from mnistlab import jobs
from mnistlab.config import RunConfig
from mnistlab.errors import MnistLabError
from mnistlab.runs import Run
from ui import identity, resources

_NUMBER, _JUST_STARTED, _PROBLEM = "start_number", "start_just_started", "start_problem"


def button(
    label: str, config: RunConfig | None, key: str, width: Literal["stretch", "content"] = "content"
) -> str | None:
    """Show a button that starts a run of `config`; return the run's id once, in the rerun after the click.

    While a run of this visitor is active, the same recipe cannot be started again, and another one joins the queue.
    """
    number = st.session_state.setdefault(_NUMBER, 0)
    active = own_active_runs()
    is_same = config is not None and any(run.config == config for run in active)
    st.button(
        "Add to the queue" if active and not is_same else label,
        key=key,
        type="primary",
        width=width,
        disabled=config is None or is_same,
        on_click=_start,
        args=(config, number),
        help=_explain(is_same, bool(active)),
    )
    if _PROBLEM in st.session_state:
        st.error(st.session_state.pop(_PROBLEM))
    started: str | None = st.session_state.pop(_JUST_STARTED, None)
    return started


def own_active_runs() -> list[Run]:
    """The visitor's runs that are queued or running."""
    active = resources.store().runs(states=["queued", "running"])
    return [run for run in active if run.owner == identity.owner() and run.state != "lost"]


def _explain(is_same: bool, is_busy: bool) -> str | None:
    if is_same:
        return "Your run of this very recipe is still going on. Change a setting, or stop it first."
    return "Your run is still going on; this one follows when it is its turn." if is_busy else None


def _start(config: RunConfig, number: int) -> None:
    """Start unless this very button was pressed before: the second click of a double click brings the old number."""
    if number != st.session_state[_NUMBER]:
        return
    st.session_state[_NUMBER] += 1
    try:
        st.session_state[_JUST_STARTED] = jobs.start(config, resources.store(), identity.owner())
    except MnistLabError as error:
        st.session_state[_PROBLEM] = str(error)

"""The button that starts a run: once, however often it is pressed."""

import time
from typing import Literal

import streamlit as st

from mnistlab import jobs
from mnistlab.config import RunConfig
from mnistlab.errors import MnistLabError
from mnistlab.runs import Run
from ui import identity, resources

_JUST_STARTED, _LAST, _PROBLEM = "start_just_started", "start_last", "start_problem"
_SECOND_CLICK = 2.0  # seconds within which a click is the second one of a double click


def button(
    label: str, config: RunConfig | None, key: str, width: Literal["stretch", "content"] = "content"
) -> str | None:
    """Show a button that starts a run of `config`; return the run's id once, after the click.

    While a run of this visitor is active, the same recipe cannot be started again, and another one joins the queue.
    """
    active = own_active_runs()
    is_same = config is not None and any(run.config == config for run in active)
    # Not by a callback: that would start the recipe as it was before the field left by this very click.
    is_pressed = st.button(
        "Add to the queue" if active and not is_same else label,
        key=key,
        type="primary",
        width=width,
        disabled=config is None or is_same,
        help=_explain(is_same, bool(active)),
    )
    if is_pressed and config is not None:
        _start(config)
    failed, problem = st.session_state.get(_PROBLEM, (None, ""))
    if problem and failed == config:
        st.error(problem)
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


def _start(config: RunConfig) -> None:
    last, when = st.session_state.get(_LAST, (None, 0.0))
    if last == config and time.monotonic() - when < _SECOND_CLICK:
        return
    st.session_state.pop(_PROBLEM, None)
    try:
        st.session_state[_JUST_STARTED] = jobs.start(config, resources.store(), identity.owner())
    except MnistLabError as error:
        st.session_state[_PROBLEM] = (config, str(error))
    st.session_state[_LAST] = (config, time.monotonic())

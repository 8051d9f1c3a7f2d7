"""The button that starts a run: once, however often it is pressed."""

import time
from collections.abc import Callable, Iterable
from typing import Literal, TypeVar

import streamlit as st

from mnistlab import jobs, queue
from mnistlab.config import RunConfig
from mnistlab.errors import MnistLabError
from mnistlab.runs import Run
from mnistlab.store import Store
from ui import identity, resources

Config = TypeVar("Config")
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
        start_once("start", config, jobs.start)
    return just_started("start", config)


def own_active_runs() -> list[Run]:
    """The visitor's runs that are queued or running."""
    return own_among(queue.active(resources.store(), owner=identity.owner()))


def own_among(active: Iterable[Run]) -> list[Run]:
    """Those of these runs that are the visitor's, without lost ones."""
    me = identity.owner()
    return [run for run in active if run.owner == me and run.state != "lost"]


def _explain(is_same: bool, is_busy: bool) -> str | None:
    if is_same:
        return "Your run of this same recipe is still going on. Change a setting, or stop it first."
    return "Your run is still going on; this one starts when its turn comes." if is_busy else None


def start_once(kind: str, config: Config, start: Callable[[Config, Store, str], str]) -> None:
    """Start what was asked for, unless it was a moment ago: then it was a double click.

    Args:
        kind: what is started, a run or a sweep, for the names under which it is remembered.
    """
    last, when = st.session_state.get(f"{kind}_last", (None, 0.0))
    if last == config and time.monotonic() - when < _SECOND_CLICK:
        return
    st.session_state.pop(f"{kind}_problem", None)
    try:
        st.session_state[f"{kind}_just_started"] = start(config, resources.store(), identity.owner())
    except MnistLabError as error:
        st.session_state[f"{kind}_problem"] = (config, str(error))
    st.session_state[f"{kind}_last"] = (config, time.monotonic())


def just_started(kind: str, config: object) -> str | None:
    """The id of what was started by the last click, once; a sentence where it could not be."""
    failed, problem = st.session_state.get(f"{kind}_problem", (None, ""))
    if problem and failed == config:
        st.error(problem)
    started: str | None = st.session_state.pop(f"{kind}_just_started", None)
    return started

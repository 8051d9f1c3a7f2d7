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

    While a run of this visitor is active, the same recipe cannot be started again, and any other joins the queue.
    """
    active = own_active_runs()
    is_same = config is not None and any(run.config == config for run in active)
    # Not in a callback, which would start the recipe without the edit of the field that this very click has left.
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
    """The visitor's own among these runs, without lost ones."""
    me = identity.owner()
    return [run for run in active if run.owner == me and run.state != "lost"]


def _explain(is_same: bool, is_busy: bool) -> str | None:
    if is_same:
        return "Your run of this same recipe is still going on. Change a setting, or stop it first."
    return "Your run is still going on; this one starts when its turn comes." if is_busy else None


def start_once(kind: str, config: Config, start: Callable[[Config, Store, str], str]) -> None:
    """Start what was asked for, unless the same was started a moment ago, by the first click of a double click.

    Args:
        kind: prefix of the session keys: "start" for a run, another one for a sweep.
    """
    last, when, started = st.session_state.get(f"{kind}_last", (None, 0.0, None))
    if last != config or time.monotonic() - when >= _SECOND_CLICK:
        st.session_state.pop(f"{kind}_problem", None)
        started = None
        try:
            started = start(config, resources.store(), identity.owner())
        except MnistLabError as error:
            st.session_state[f"{kind}_problem"] = (config, str(error))
        st.session_state[f"{kind}_last"] = (config, time.monotonic(), started)
    # Also after a second click, whose script may still have the address from before the first.
    st.session_state[f"{kind}_just_started"] = started


def just_started(kind: str, config: object) -> str | None:
    """Return the id of what the last click led to, once; show an error if it could not be started."""
    failed, problem = st.session_state.get(f"{kind}_problem", (None, ""))
    if problem and failed == config:
        st.error(problem)
    started: str | None = st.session_state.pop(f"{kind}_just_started", None)
    return started

"""What a button does to a run: the action itself, and a sentence if it fails."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from mnistlab import steering
from mnistlab.errors import MnistLabError
from mnistlab.runs import Run
from mnistlab.store import Store
from ui import resources

_PROBLEM = "acting_problem"
_STEERED = "acting_steered"
_SHOWN_FOR = 10.0  # seconds: on a page that refreshes every second, a sentence would vanish before it is read
# A worker reads requests within half a second; a page that waits for that long can show the result at once.
_PATIENCE = 0.8


@dataclass
class _Problem:
    """Why an action failed, and since when and where that is shown."""

    sentence: str
    begun: float
    place: str | None = None


def act(deed: Callable[..., object], *arguments: Any, **options: Any) -> None:
    """Do what a button is for, as its callback; if that fails, `tell_problem` will say why."""
    st.session_state.pop(_PROBLEM, None)
    try:
        deed(*arguments, **options)
    except MnistLabError as error:
        st.session_state[_PROBLEM] = _Problem(str(error), time.monotonic())


def steer(deed: Callable[..., object], *arguments: Any) -> None:
    """Do it as `act` does, and rerun the whole page: the sidebar shows it too, and would otherwise be seconds late."""
    act(deed, *arguments)
    st.session_state[_STEERED] = True


def was_steered() -> bool:
    """Whether a job was steered since the whole page was drawn; true only once for each time."""
    return bool(st.session_state.pop(_STEERED, False))


def tell_problem(place: str) -> None:
    """Show for a while why the last action failed, in one place: the one that is drawn first."""
    problem: _Problem | None = st.session_state.get(_PROBLEM)
    if problem is None:
        return
    if is_stale(problem.begun):
        st.session_state.pop(_PROBLEM, None)
    elif problem.place in (None, place):
        problem.place = place
        st.error(problem.sentence)


def is_stale(begun: float) -> bool:
    """Whether a message first shown at this time, on the monotonic clock, has been shown for long enough."""
    return time.monotonic() - begun > _SHOWN_FOR


def pause_and_wait(run_id: str, store: Store) -> None:
    """Let a run pause, and wait a moment until it has."""
    steering.pause(run_id, store)
    _wait_until_settled(run_id, 0)


def step_and_wait(run_id: str, store: Store) -> None:
    """Let a paused run take one step, and wait a moment until it has."""
    before = store.run(run_id).step
    steering.step_once(run_id, store)
    _wait_until_settled(run_id, before + 1)


def is_settled(run: Run) -> bool:
    """Whether a paused run really stands still: its worker writes a checkpoint as soon as it does."""
    return run.is_paused and resources.store().weights_step(run.id, "checkpoint") == run.step


def _wait_until_settled(run_id: str, step: int) -> None:
    until = time.monotonic() + _PATIENCE
    run = resources.store().run(run_id)
    while time.monotonic() < until and not (run.step >= step and is_settled(run)):
        time.sleep(0.03)
        run = resources.store().run(run_id)

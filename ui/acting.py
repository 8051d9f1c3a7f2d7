"""What a button does to a run: the deed itself, and a sentence where it could not be done."""

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
_SHOWN_FOR = 10.0  # seconds: a page that refreshes itself every second would take a sentence away before it is read
# A worker reads what it is asked within half a second; a page that waits for it shows the answer at once.
_PATIENCE = 0.8


@dataclass
class _Problem:
    """Why a deed could not be done, since when that is shown, and where."""

    sentence: str
    begun: float
    place: str | None = None


def act(deed: Callable[..., object], *arguments: Any, **options: Any) -> None:
    """Do what a button is for, as its callback; where that cannot be done, `tell_problem` will say why."""
    st.session_state.pop(_PROBLEM, None)
    try:
        deed(*arguments, **options)
    except MnistLabError as error:
        st.session_state[_PROBLEM] = _Problem(str(error), time.monotonic())


def steer(deed: Callable[..., object], *arguments: Any) -> None:
    """Do it as `act` does, and draw the whole page anew: the sidebar tells of it too, and would be seconds late."""
    act(deed, *arguments)
    st.session_state[_STEERED] = True


def was_steered() -> bool:
    """Whether a job was steered since all of the page was drawn; asked once for each time."""
    return bool(st.session_state.pop(_STEERED, False))


def tell_problem(place: str) -> None:
    """Say for a while, in one place, why the last deed could not be done: in the one that is drawn first."""
    problem: _Problem | None = st.session_state.get(_PROBLEM)
    if problem is None:
        return
    if is_stale(problem.begun):
        st.session_state.pop(_PROBLEM, None)
    elif problem.place in (None, place):
        problem.place = place
        st.error(problem.sentence)


def is_stale(begun: float) -> bool:
    """Whether a sentence that was first shown then, on the monotonic clock, has been there for long enough."""
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
    """Whether a paused run really stands still: its worker keeps a checkpoint as soon as it does."""
    return run.is_paused and resources.store().weights_step(run.id, "checkpoint") == run.step


def _wait_until_settled(run_id: str, step: int) -> None:
    until = time.monotonic() + _PATIENCE
    run = resources.store().run(run_id)
    while time.monotonic() < until and not (run.step >= step and is_settled(run)):
        time.sleep(0.03)
        run = resources.store().run(run_id)

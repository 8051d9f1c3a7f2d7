"""What a button does to a run: the deed itself, and a sentence where it could not be done."""

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from mnistlab import steering
from mnistlab.errors import MnistLabError
from mnistlab.runs import Run
from ui import resources

_PROBLEM = "acting_problem"
# A worker reads what it is asked within half a second; a page that waits for it shows the answer at once.
_PATIENCE = 0.8


def act(deed: Callable[..., object], *arguments: Any, **options: Any) -> None:
    """Do it, as the callback of a button; a mistake is kept for `tell_problem`."""
    try:
        deed(*arguments, **options)
    except MnistLabError as error:
        st.session_state[_PROBLEM] = str(error)


def tell_problem() -> None:
    """Say, once, why the last deed could not be done."""
    if _PROBLEM in st.session_state:
        st.error(st.session_state.pop(_PROBLEM))


def pause_and_wait(run_id: str) -> None:
    """Let a run pause, and wait a moment until it has."""
    steering.pause(run_id, resources.store())
    _wait_until_settled(run_id, 0)


def step_and_wait(run_id: str) -> None:
    """Let a paused run take one step, and wait a moment until it has."""
    before = resources.store().run(run_id).step
    steering.step_once(run_id, resources.store())
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

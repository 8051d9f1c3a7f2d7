"""What a button does to a run: the deed itself, and a sentence where it could not be done."""

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from mnistlab import steering
from mnistlab.errors import MnistLabError
from ui import resources

_PROBLEM = "acting_problem"
# A step of a paused run is there after some 0.2 s; with this patience the page that shows it comes at once.
_STEP_PATIENCE = 0.6


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


def step_and_wait(run_id: str) -> None:
    """Let a paused run take one step, and wait a moment for it, so that it feels immediate."""
    store = resources.store()
    before = store.run(run_id).step
    steering.step_once(run_id, store)
    until = time.monotonic() + _STEP_PATIENCE
    while time.monotonic() < until and store.run(run_id).step <= before:
        time.sleep(0.03)

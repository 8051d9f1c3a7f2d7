"""The buttons under a run's progress: stop, pause, one step, go on, learning rate, resume; links from its end."""

import time
from collections.abc import Callable
from typing import Literal

import streamlit as st

from mnistlab import jobs, steering
from mnistlab.runs import Run
from mnistlab.store import Store
from ui import acting, after_run, rates, recipe_link, resources

# A worker looks for requests twice a second; one that has not stopped after this long hangs.
_PATIENCE_SECONDS = 10.0


def show(run: Run) -> None:
    """What can be done with this run now, in one row that keeps its height."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"steering_{run.state}"):
        if run.state == "queued":
            _button("Cancel", "run_stop", jobs.stop, run)
        elif run.state == "running":
            _pause_buttons(run)
            _button("Stop", "run_stop", jobs.stop, run, disabled=run.control == "stop")
            _learning_rate(run)
        elif run.state in ("stopped", "failed", "lost"):
            # A failed run would most often fail again, so that changing something is the better choice.
            _button("Resume", "run_resume", jobs.resume, run, primary=run.state != "failed")
            if run.state == "lost":
                _button("Close it", "run_stop", jobs.stop, run)
        after_run.show_links(run)
    acting.tell_problem("run")
    _offer_force(run)


def _button(
    label: str,
    key: str,
    deed: Callable[[str, Store], object],
    run: Run,
    disabled: bool = False,
    primary: bool = False,
    help_text: str | None = None,
) -> None:
    """A button that calls a function of `jobs`, `steering` or `acting` on the run."""
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    do = acting.act if deed is acting.step_and_wait else acting.steer  # the sidebar shows nothing of single steps
    arguments = (deed, run.id, resources.store())
    st.button(label, key=key, disabled=disabled, type=kind, on_click=do, args=arguments, help=help_text)


def _pause_buttons(run: Run) -> None:
    is_stopping = run.control == "stop"
    if run.pause_at is None:
        is_guest = not run.runs_in_the_foreground
        about = (
            ("It keeps its place for ten minutes, or for half a minute if another run is waiting.")
            if is_guest
            else None
        )
        _button("Pause", "run_pause", acting.pause_and_wait, run, is_stopping or not run.step, help_text=about)
        return
    _button("Go on", "run_go_on", steering.go_on, run, disabled=is_stopping, primary=True)
    waits = is_stopping or not acting.is_settled(run)
    about = "Learn from one more batch, and look at it."
    _button("One step", "run_step", acting.step_and_wait, run, waits, help_text=about)


def _learning_rate(run: Run) -> None:
    """Offer another rate for the steps to come; the worker uses it within half a second."""
    current = run.chosen_rate
    limits = recipe_link.limits()
    is_held = "learning_rate" in limits.locked | limits.hidden
    about = "The link that you opened locks it." if is_held else None
    with st.popover("Learning rate", disabled=is_held or run.control == "stop", help=about):
        has_schedule = run.config.train.schedule != "constant"
        chosen = st.select_slider(
            "Highest learning rate from now on" if has_schedule else "Learning rate from now on",
            rates.steps(run.config.train.learning_rate, current),
            current,
            key=f"rate_{run.id}_{len(run.rate_changes)}",
            format_func=rates.shown,
            disabled=is_held,
        )
        st.button(
            "Use it",
            key="run_rate",
            on_click=acting.act,
            args=(steering.set_learning_rate, run.id, chosen, resources.store()),
            disabled=is_held or chosen == current,
        )
        waiting = run.wanted_rate is not None
        now = "Its schedule's highest" if has_schedule else "Now"
        st.caption(f"Asked for: {rates.shown(run.wanted_rate or 0)}." if waiting else f"{now}: {rates.shown(current)}.")


def _offer_force(run: Run) -> None:
    """Offer to stop a run by force that was asked to stop and has not."""
    asked = f"stop_seen_{run.id}"
    if run.state != "running" or run.control != "stop":
        st.session_state.pop(asked, None)
        return
    if time.monotonic() - st.session_state.setdefault(asked, time.monotonic()) < _PATIENCE_SECONDS:
        return
    with st.container(border=True):
        ends = "ends its process at once"
        if run.runs_in_the_foreground:
            ends = f"takes it from {run.worker}, which runs in a terminal and has to be ended there if it hangs"
        st.markdown(
            f"It was asked to stop {_PATIENCE_SECONDS:.0f} seconds ago and has not. Stop by force {ends}: what it has "
            "learned since its last checkpoint, usually a few seconds, is lost, and Resume goes on from there."
        )
        st.button(
            "Stop by force",
            key="run_force",
            on_click=acting.act,
            args=(jobs.stop, run.id, resources.store()),
            kwargs={"force": True},
        )

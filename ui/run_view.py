"""One run, live: what it is doing, its curves, what it sees, and what can be done with it."""

import time
from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from mnistlab import sweep
from mnistlab.errors import RunNotFoundError, SweepNotFoundError
from mnistlab.presets import changes
from mnistlab.queue import Queue
from mnistlab.runs import Run
from ui import (
    after_run,
    aloud,
    frame,
    identity,
    pacing,
    rates,
    recipe,
    refreshing,
    resources,
    run_charts,
    run_steering,
    run_words,
    sees_now,
    turns,
    waiting,
)
from ui.words import run_label, unbroken, verbatim

_MOST_OVERLAYS = 50
_OVERLAY = "train_overlay_{}"  # the menu's key, with the id of the run shown in front
# Minimum heights for a run's state and buttons, in any state, and for any chart, so that what is below does not move.
# Changing the tabs' own `height` would make another widget, with its first tab open. The box of the weights grows with
# large fonts, and a caption extends one rem below its box.
_STYLE = f"""
<style>
.st-key-run_state {{ min-height: 4.6rem; }}
.st-key-run_steering {{ min-height: 2.5rem; }}
.st-key-sees_weights {{ min-height: {sees_now.HEIGHT}px; padding-bottom: 1rem; }}
:is(.st-key-sees_weights, :has(> .st-key-sees_weights)) {{ height: auto !important; flex-basis: auto !important; }}
.stTabs [role="tabpanel"] {{ min-height: {run_charts.ROOM}px; }}
@media (max-width: 640px) {{
  .st-key-run_state {{ min-height: 7rem; }}
  .st-key-run_steering {{ min-height: 6rem; }}
}}
</style>
"""


def show(run_id: str) -> None:
    """Show a run, refreshed while it is active.

    Raises:
        RunNotFoundError: no run has this id.
    """
    run = resources.store().run(run_id)
    read = turns.first_then(run, lambda: resources.store().run(run_id))
    others = _overlays(run)
    st.html(_STYLE)

    def draw() -> float | None:
        begun = time.perf_counter()
        if recipe.WANTED in st.session_state:  # a button in this fragment has set the form, which is outside of it
            st.rerun()
        now = read()
        _draw(now, others)
        pacing.note(time.perf_counter() - begun)
        if now.step and not run.step:
            st.rerun()  # the sidebar would say for seconds that it waits
        return pacing.seconds_between(now)

    def has_changed() -> bool:
        return resources.store().run(run_id) != run

    refreshing.show(run_id, pacing.seconds_between(run), draw, has_changed)
    sees_now.show(run)


def _draw(run: Run, others: Sequence[Run]) -> None:
    aloud.say(run_words.change_line(run), "aloud_run")
    _headline(run)
    with st.container(key="run_state"):
        _state(run)
    with st.container(key="run_steering"):
        run_steering.show(run)
    told = run_charts.Told.read(run)
    behind = _choose_overlay(run, others)
    run_charts.show_loss(told, behind)
    if not run.is_active:
        after_run.offer_changes(run)
    run_charts.show_others(told, behind)


def _headline(run: Run) -> None:
    called = f"**{verbatim(run.name)}**, " if run.name else ""
    recipe_of_it = f"**{verbatim(run.config.preset)}** ({run.config.model.shape})"
    st.markdown(f"{called}{recipe_of_it}, run `{run.id}`, seed {run.config.train.seed}")
    if run.note:
        st.caption(verbatim(run.note))
    if run.sweep is not None:
        number = "" if run.trial is None else f" {run.trial}"
        script = frame.page_script("Sweep")
        st.page_link(script, label=f"It is trial{number} of a sweep", query_params={"sweep": run.sweep})
    changed = changes(run.config)
    if run.rate_changes:
        listed = ", then ".join(rates.shown(rate) for _, rate in run.rate_changes)
        changed.append(f"learning rate by hand, to {listed}")
    if changed:
        st.caption("Changed: " + ", ".join(changed))


def _state(run: Run) -> None:
    """What the run is doing, always in the same place: an `st.empty()` would sometimes show before its text."""
    match run.state:
        case "queued":
            queue = Queue.read(resources.store())
            place = run_words.queue_line(run, queue, identity.owner())
            st.progress(0.0, text=f"{place}. {waiting.line(run, queue)}".rstrip())
            if run.error:
                st.warning(f"{run.error} The run starts by itself once that is put right.")
        case "running":
            st.progress(run.progress, text=run_words.progress_line(run))
        case "lost":
            st.warning(run_words.end_line(run))
        case "stopped":
            st.info(run_words.end_line(run))
        case "failed":
            st.error(run_words.end_line(run))
        case "finished":
            st.markdown(unbroken(after_run.result_line(run, after_run.last_run_before(run))))


def _overlays(run: Run) -> list[Run]:
    """The runs that may be shown behind it: the newest ones, and the one chosen now.

    Trials of sweeps, which would bury all others, are left out unless starred, named, or of this run's own sweep.
    """
    store = resources.store()
    found = {other.id: other for other in store.runs(limit=_MOST_OVERLAYS, with_trials="kept")}
    chosen = st.session_state.get(_OVERLAY.format(run.id))
    if chosen is not None and chosen not in found:
        with suppress(RunNotFoundError):
            found[chosen] = store.run(chosen)
    if run.sweep is not None:
        with suppress(SweepNotFoundError):
            found |= {trial.run.id: trial.run for trial in sweep.find(run.sweep, store).trials}
    return [other for other in found.values() if other.step and other.id != run.id]


def _choose_overlay(run: Run, others: Sequence[Run]) -> run_charts.Told | None:
    """Choose another run whose curves are shown behind this one's."""
    if not others:
        return None
    by_id = {other.id: other for other in others}
    chosen = st.selectbox(
        "Compare with",
        list(by_id),
        index=None,
        placeholder="Compare with another run",
        format_func=lambda run_id: run_label(by_id[run_id]),
        key=_OVERLAY.format(run.id),
        persist_state="session",
        label_visibility="collapsed",
        width=330,
    )
    if chosen is None:
        return None
    try:
        return run_charts.Told.read(resources.store().run(chosen))
    except RunNotFoundError:  # deleted meanwhile
        st.caption("That run was deleted.")
        return None

"""Sweep: choose settings and values, press Start, and see which of them matter."""

import streamlit as st

from mnistlab import sweep
from mnistlab.errors import OtherVersionError, SweepNotFoundError
from mnistlab.figures import count_of
from mnistlab.sweep_config import SweepConfig
from ui import frame, identity, resources, running_jobs, starting, sweep_form, sweep_view, time_estimate
from ui.address import quoted
from ui.words import duration


def draw() -> None:
    sweep_form.guide(_watched_sweep)
    picture, controls = st.columns(frame.PICTURE_AND_CONTROLS, gap="medium")
    with controls:
        start = st.container()  # above the settings, where nobody has to look for it
        config = sweep_form.choose()
        with start:
            _start_button(config)
    with picture:
        sweep_id = _watched_sweep()
        if sweep_id is None:
            st.info("No sweep yet. Press Start: the first trials appear within seconds.")
        else:
            _show_sweep(sweep_id)
    _show_code()


def _start_button(config: SweepConfig | None) -> None:
    active = {run.sweep for run in starting.own_active_runs() if run.sweep is not None}
    is_same = config is not None and any(sweep_form.is_of(one, config) for one in active)
    is_pressed = st.button(
        "Start",
        key="sweep_start",
        type="primary",
        width="stretch",
        disabled=config is None or is_same,
        help="Your sweep of these same settings is still going on." if is_same else None,
    )
    if is_pressed and config is not None:
        with st.spinner("Preparing the study ..."):
            starting.start_once("sweep", config, sweep.start)
    started = starting.just_started("sweep", config)
    if started is not None:
        st.query_params["sweep"] = started
        st.rerun()  # the sidebar, which lists what is running, is drawn already
    if config is not None:
        _tell_size(config)


def _tell_size(config: SweepConfig) -> None:
    """Show how many trials and epochs it has, and how long they take; as a maximum if some may end early."""
    may_be_less = config.pruner != "none" or config.most_epochs > config.base.train.epochs
    epochs = count_of(config.size * config.most_epochs, "epoch")
    size = f"{count_of(config.size, 'trial')}, {'at most ' if may_be_less else ''}{epochs} in all."
    if (estimate := time_estimate.of_sweep(config)) is not None:
        seconds, run_id = estimate
        how_long = f"{'at most' if may_be_less else 'about'} {duration(seconds)}"
        size += f" Takes {how_long} with one worker, judging by run {run_id}."
    st.caption(size)


def _watched_sweep() -> str | None:
    """The sweep in the URL, else the visitor's newest one, else the newest of all."""
    if "sweep" in st.query_params:
        return st.query_params["sweep"]
    store = resources.store()
    newest = sweep.newest(store, 1, identity.owner()) or sweep.newest(store, 1)
    return newest[0][0] if newest else None


def _show_sweep(sweep_id: str) -> None:
    try:
        sweep_view.show(sweep_id)
    except SweepNotFoundError as error:
        if isinstance(error, OtherVersionError):
            said = f"The sweep {quoted(sweep_id)} was made by another version of mnistlab."
        else:
            said = f"There is no sweep {quoted(sweep_id)} in this lab."
        others = [one for one, _ in sweep.newest(resources.store(), 4) if one != sweep_id][:3]
        st.warning(f"{said} The newest of the others:" if others else said)
        for one in others:
            name = running_jobs.sweep_name(one)
            st.page_link(frame.page_script("Sweep"), label=f"See {name}, {one}", query_params={"sweep": one})


def _show_code() -> None:
    from mnistlab import trials  # Optuna takes a second to import, after the page is on screen
    from mnistlab.study import ask, tell

    frame.show_code(trials.begin, trials.catch_up, ask, tell)


frame.show_page("Sweep", draw)

"""Train: choose a recipe, press Start, watch the network learn."""

import streamlit as st

from mnistlab.config import RunConfig
from mnistlab.errors import RunNotFoundError
from ui import frame, recipe, resources, run_view, starting
from ui.words import duration


def draw() -> None:
    picture, controls = st.columns(frame.PICTURE_AND_CONTROLS, gap="medium")
    with controls:
        config = recipe.choose()
        _start_button(config)
    with picture:
        run_id = _watched_run()
        if run_id is None:
            st.info("No run yet. Press Start: the tutorial's network takes about half a minute for two epochs.")
        else:
            _show_run(run_id)
    _show_code()


def _show_code() -> None:
    from mnistlab.training import train, train_step  # needs torch, and the page is on screen before it is there

    frame.show_code(train, train_step)


def _start_button(config: RunConfig | None) -> None:
    started = starting.button("Start", config, "train_start", width="stretch")
    if started is not None:
        st.query_params["run"] = started
    if config is not None:
        st.caption(_time_estimate(config))


def _time_estimate(config: RunConfig) -> str:
    """From the pace of the latest run of the same network and batch size, if there is one."""
    for run in resources.store().runs(limit=50):
        same = run.config.model == config.model and run.config.train.batch_size == config.train.batch_size
        if same and run.images_per_second and run.num_steps:
            steps_per_epoch = run.num_steps / run.config.train.epochs
            seconds = steps_per_epoch * config.train.batch_size * config.train.epochs / run.images_per_second
            return f"Takes about {duration(seconds)}, to judge by run {run.id}."
    return "How long it takes shows after the first seconds."


def _watched_run() -> str | None:
    """The run in the address, else the newest one."""
    if "run" in st.query_params:
        return st.query_params["run"]
    newest = resources.store().runs(limit=1)
    return newest[0].id if newest else None


def _show_run(run_id: str) -> None:
    try:
        run_view.show(run_id)
    except RunNotFoundError as error:
        st.warning(str(error))


frame.show_page("Train", draw)

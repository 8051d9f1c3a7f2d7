"""Overview: what this lab is, a digit being read, and where to start."""

import streamlit as st

from mnistlab import jobs
from mnistlab.config import RunConfig
from mnistlab.presets import get_preset
from ui import frame, reading, resources
from ui.words import duration, percent

_FIRST_EPOCHS = 2


def draw() -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        reading.show("overview")
    with right:
        _steps()
    _latest_runs()


def _steps() -> None:
    st.markdown("#### 1. Look")
    st.page_link(frame.page_script("Data"), label="See the digits it learns from")
    st.markdown("#### 2. Train")
    if st.button("Train your first network (about 20 s)", type="primary", key="first_training"):
        run_id = jobs.start(_first_config(), resources.store())
        st.switch_page(frame.page_script("Train"), query_params={"run": run_id})
    st.caption("784 pixels in, 512 neurons, 10 digits out; two passes over 60,000 examples.")
    st.markdown("#### 3. Ask")
    st.page_link(frame.page_script("Evaluate"), label="See what a network gets wrong")
    st.page_link(frame.page_script("Draw"), label="Draw a digit and see what the network sees")


def _first_config() -> RunConfig:
    config = get_preset("tutorial-mlp").config
    return config.model_copy(update={"train": config.train.model_copy(update={"epochs": _FIRST_EPOCHS})})


def _latest_runs() -> None:
    runs = resources.store().runs(limit=5)
    if not runs:
        return
    st.subheader("Latest runs", anchor=False)
    for run in runs:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(frame.page_script("Train"), label=run.id, query_params={"run": run.id})
            result = f"test accuracy {percent(run.result['test_accuracy'])}" if run.result else run.state
            st.caption(f"{run.config.preset}, {result}, {duration(run.seconds)} of training")


frame.show_page("Overview", draw)

"""Overview: what this lab is, a digit being read, and where to start."""

import streamlit as st

from mnistlab.figures import percent
from mnistlab.presets import get_preset
from mnistlab.runs import Run
from ui import frame, reading, resources, run_words, starting
from ui.words import duration, verbatim

_FIRST_EPOCHS = 2
# A 3 in one stroke, so that the page opens on a digit being read.
_EXAMPLE = [[(95, 72), (130, 52), (168, 62), (178, 95), (155, 125), (125, 134), (163, 145), (186, 178)]]
_EXAMPLE[0] += [(172, 214), (133, 232), (92, 218)]


def draw() -> None:
    left, right = st.columns([2, 1], gap="medium")
    with right:
        _steps()
    _latest_runs(resources.store().runs(limit=5, with_trials=False))
    with left:  # last, because the first reading waits for torch, and all else need not
        reading.show("overview", _EXAMPLE)


def _steps() -> None:
    st.header("1. Look", anchor=False)
    st.page_link(frame.page_script("Data"), label="See the digits it learns from")
    st.header("2. Train", anchor=False)
    config = get_preset("tutorial-mlp").config.with_training(epochs=_FIRST_EPOCHS)
    started = starting.button("Train your first network (under a minute)", config, "overview_start")
    if started is not None:
        st.switch_page(frame.page_script("Train"), query_params={"run": started})
    st.caption("784 pixels in, 512 neurons, 10 digits out; two passes over 60,000 examples.")
    st.header("3. Ask", anchor=False)
    st.page_link(frame.page_script("Evaluate"), label="See what a network gets wrong")
    st.page_link(frame.page_script("Draw"), label="Let your own network read your handwriting")


def _latest_runs(runs: list[Run]) -> None:
    if not runs:
        return
    st.header("Latest runs", anchor=False)
    for run in runs:
        result = f"test accuracy {percent(run.result['test_accuracy'])}" if run.result else run.shown_state
        title = verbatim(f"{run.title}{run_words.apart(run, runs)}")
        label = f"{title}, {result}, {duration(run.seconds)} of training"
        st.page_link(frame.page_script("Train"), label=label, query_params={"run": run.id})
    st.page_link(frame.page_script("Runs"), label="All runs, and which was better")


frame.show_page("Overview", draw)

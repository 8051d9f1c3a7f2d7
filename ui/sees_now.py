"""What a network sees while it learns: its first layer's weights as pictures, and its current reading of a drawing."""

import contextlib

import numpy as np
import streamlit as st

from mnistlab.data import NUM_CLASSES
from mnistlab.downloads import is_downloaded
from mnistlab.errors import MnistLabError
from mnistlab.figures import count_of
from mnistlab.pixels import Picture, scale_values
from mnistlab.runs import Run
from ui import bars, frame, model_views, mosaic, pacing, resources, turns

_NEURONS, _PER_ROW = 20, 5
HEIGHT = 370  # CSS pixels reserved for weights and caption, more for large fonts, so that their arrival moves nothing
_WIDEST = 358  # CSS pixels of the weights: larger ones would leave no room for the caption below
_SAMPLE = 8  # a test digit that is easily misread, for visitors who have drawn none yet
_SIDE = 84  # CSS pixels of the digit
_SIDE_BY_SIDE = """
<div style="display: flex; flex-wrap: wrap; gap: 1rem">
<div style="width: 88px">{digit}</div>
<div style="width: 200px">{answer}</div>
</div>
"""
_LOOK_EVERY = 3.0  # seconds: weights come at each epoch and every few seconds, the curve's points far more often


def show(run: Run) -> None:
    """Show the latest weights, and how they read a drawing; refreshed less often than the curves."""

    read = turns.first_then(run, lambda: resources.store().run(run.id))

    @turns.fragment(run_every=(lambda: pacing.slowed(_LOOK_EVERY)) if run.is_active else None)
    def seeing_fragment() -> None:
        with contextlib.suppress(MnistLabError):  # the store or the run is gone: the curves' part reports it
            _show(read())

    seeing_fragment()


def _show(run: Run) -> None:
    step = resources.store().weights_step(run.id)
    st.header("What it sees now", anchor=False)
    weights, drawing = st.columns(2, gap="medium")
    with weights.container(height=HEIGHT, border=False, key="sees_weights"):
        if step is None:
            come = "Its first weights appear within a few seconds of training."
            st.markdown(come if run.is_active else "It ended before its first weights were kept.")
        else:
            st.html(_weights_picture(run.id, step, run.attempt))
            st.caption(_weights_caption(run, step))
    with drawing:  # without a fixed height: in a narrow column the bars wrap below the digit
        _show_reading(run, step)


@st.cache_resource(show_spinner=False, max_entries=60)
def _weights_picture(run_id: str, step: int, attempt: int) -> str:
    from mnistlab.untrained import first_weights  # needs torch

    network = resources.predictor(run_id, step, attempt).network
    picture = model_views.weights_picture(first_weights(network, _NEURONS), _PER_ROW)
    return f'<div style="max-width: {_WIDEST}px">{picture}</div>'


def _weights_caption(run: Run, step: int) -> str:
    epoch = step * run.config.train.epochs / (run.num_steps or 1)
    model = run.config.model
    if model.kind == "cnn":
        which, seen = count_of(min(_NEURONS, model.channels[0]), "channel"), "a window of 3 x 3 pixels"
    else:
        which, seen = count_of(min(_NEURONS, (*model.hidden, NUM_CLASSES)[0]), "neuron"), "all pixels"
    return (
        f"The first {which} of layer 1 after {epoch:.2f} epochs, each looking at {seen}: orange is ink that excites "
        "it, blue is ink that quiets it."
    )


def _show_reading(run: Run, step: int | None) -> None:
    image, true = _drawing(run)
    shown = np.round(image[None] * 255).astype(np.uint8)
    correct = None
    if step is None:
        answer = bars.empty_bars()
    else:
        probabilities = resources.predictor(run.id, step, run.attempt).probabilities(image[None])[0]
        answer = bars.probability_bars([float(share) for share in probabilities])
        correct = None if true is None else [bool(probabilities.argmax() == true)]
    name = "your drawing" if true is None else f"a test {true}"
    digit = mosaic.mosaic(shown, [name], correct=correct, side=_SIDE)
    # A single element, because a class's server resends every element to everybody every few seconds.
    st.html(_SIDE_BY_SIDE.format(digit=digit, answer=answer))
    label = "Draw your own digit" if true is not None else "Draw another digit"
    st.page_link(frame.page_script("Draw"), label=label, query_params={})


def _drawing(run: Run) -> tuple[Picture, int | None]:
    """The visitor's last drawing (28, 28) in [0, 1] and None, else a test digit of the run's data and its label."""
    drawn = st.session_state.get("last_drawing")
    if drawn is not None:
        return np.asarray(drawn, np.float32), None
    there = run.config.dataset if is_downloaded(run.config.dataset) else "mnist"  # a lab's workers have their own copy
    test = resources.dataset(there).test
    return scale_values(test.images[_SAMPLE]), int(test.labels[_SAMPLE])

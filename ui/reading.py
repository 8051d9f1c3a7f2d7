"""A drawing being read: pad, the 28x28 picture that the model gets, ten probabilities. Used by Overview and Draw."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.errors import EmptyDrawingError
from mnistlab.ink import frame_drawing
from ui import bars, canvas, frame, mosaic, resources
from ui.models import ModelChoice
from ui.strokes import Point
from ui.words import percent

# Wide enough for ten bars, narrow enough to stand beside the pad; on a phone it goes below.
_ANSWER_WIDTH = 256
_SEEN_SIDE = 84  # CSS pixels, three for each pixel of the picture


def show(key: str, model: ModelChoice | None = None, example: Sequence[Sequence[Point]] = ()) -> None:
    """Show a pad, with an example on it if given, and how a model (default: the built-in one) reads it.

    A fragment: a stroke runs this alone, not the whole page.
    """

    @st.fragment
    def reading_fragment() -> None:
        with st.container(horizontal=True, gap="medium"):
            with st.container(width=canvas.SIDE + 4):
                drawing = canvas.draw(key, example)
            with st.container(width=_ANSWER_WIDTH), frame.telling_mistakes():
                _show_answer(drawing, model, is_own=canvas.is_own(key))

    reading_fragment()


def _show_answer(drawing: npt.NDArray[np.uint8] | None, model: ModelChoice | None, is_own: bool) -> None:
    try:
        framing = frame_drawing(drawing) if drawing is not None else None
    except EmptyDrawingError:
        framing = None
    if framing is None:
        st.markdown("Draw a digit on the black square.")
        st.html(_as_seen(np.zeros((28, 28), np.float32)))
        st.html(bars.empty_bars())
        return
    if is_own:  # the built-in example is nobody's
        st.session_state["last_drawing"] = framing.image
    predictor = resources.predictor(model.name, model.step) if model else resources.predictor()
    probabilities = predictor.probabilities(framing.image[None])[0]
    digit = int(probabilities.argmax())
    st.markdown(f"This is a **{digit}**, and I am {percent(float(probabilities[digit]), 1)} sure.")
    st.html(_as_seen(framing.image))
    st.html(bars.probability_bars([float(share) for share in probabilities]))


def _as_seen(image: npt.NDArray[np.float32]) -> str:
    pixels = np.round(image[None] * 255).astype(np.uint8)
    return mosaic.mosaic(pixels, ["what it sees"], ["what the network sees: 28 x 28 pixels"], side=_SEEN_SIDE)

"""A drawing being read: pad, the 28x28 picture that the model gets, ten probabilities. Used by Overview and Draw."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from mnistlab.errors import EmptyDrawingError
from mnistlab.ink import Framing, frame_drawing
from ui import bars, canvas, mosaic, resources


def show(key: str, models: Sequence[tuple[str | None, int, str]] = ((None, 0, ""),)) -> None:
    """Show a pad and how each model, as (name, step, label), reads what is drawn on it.

    A fragment: a stroke runs this alone, not the whole page.
    """

    @st.fragment
    def reading_fragment() -> None:
        pad, answer = st.columns([1, 1], gap="medium")
        with pad:
            rgba = canvas.draw(key)
        with answer:
            try:
                framing = frame_drawing(rgba) if rgba is not None else None
            except EmptyDrawingError:
                framing = None
            _show_answers(framing, models)

    reading_fragment()


def _show_answers(framing: Framing | None, models: Sequence[tuple[str | None, int, str]]) -> None:
    if framing is None:
        st.markdown("**Draw a digit** on the black square.")
        st.html(_as_seen(np.zeros((28, 28), np.uint8)))
        st.html(bars.empty_bars())
        return
    for name, step, label in models:
        probabilities = resources.predictor(name, step).probabilities(framing.image[None])[0]
        digit = int(probabilities.argmax())
        sure = f"{probabilities[digit]:.1%}".replace("%", " %")
        st.markdown(f"{label + ': ' if label else ''}this is a **{digit}** ({sure} sure)")
        st.html(_as_seen(np.round(framing.image * 255).astype(np.uint8)))
        st.html(bars.probability_bars([float(share) for share in probabilities]))


def _as_seen(image: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]") -> str:
    return mosaic.mosaic(image[None], ["what it sees, 28 x 28"], side=84)

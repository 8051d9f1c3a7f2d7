"""The drawing pad: the one file that knows streamlit-drawable-canvas.

Pages call `canvas.draw(...)` through the module, so that a test can put a drawing in its place.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st
from streamlit_drawable_canvas import CanvasResult, st_canvas

SIDE = 280  # CSS pixels, ten for each pixel of MNIST
BRUSH = 18  # of 280: about the stroke that MNIST has; from 30 on, the loops of 4, 8 and 9 fill up


def draw(key: str) -> npt.NDArray[np.uint8] | None:
    """Show a pad with Undo and Clear below it; return (280, 280, 4) uint8, or None while it is empty."""
    version = st.session_state.setdefault(f"{key}_version", 0)
    result: CanvasResult = st_canvas(
        stroke_width=BRUSH,
        stroke_color="#FFFFFF",
        background_color="#000000",
        height=SIDE,
        width=SIDE,
        drawing_mode="freedraw",
        initial_drawing=st.session_state.get(f"{key}_start"),
        return_image_data=True,
        key=f"{key}_{version}",
    )
    strokes = (result.json_data or {}).get("objects", [])
    with st.container(horizontal=True):
        st.button("Undo", key=f"{key}_undo", disabled=not strokes, on_click=_start_again, args=(key, strokes[:-1]))
        st.button("Clear", key=f"{key}_clear", disabled=not strokes, on_click=_start_again, args=(key, []))
    return result.image_data if strokes else None


def _start_again(key: str, strokes: list[dict[str, Any]]) -> None:
    """Put up a fresh pad with these strokes; a pad forgets its own only when its key changes."""
    st.session_state[f"{key}_version"] += 1
    st.session_state[f"{key}_start"] = {"version": "4.4.0", "objects": strokes} if strokes else None

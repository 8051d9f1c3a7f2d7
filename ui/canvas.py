"""The drawing pad: the one file that knows streamlit-drawable-canvas.

Pages call `canvas.draw(...)` through the module, so that a test can put a drawing in its place.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st
from streamlit_drawable_canvas import CanvasResult, st_canvas

from ui.strokes import Point, paint, stroke_of

SIDE = 280  # CSS pixels, ten for each pixel of MNIST
BRUSH = 18  # of 280: about the stroke that MNIST has; from 30 on, the loops of 4, 8 and 9 fill up


def draw(key: str, example: Sequence[Sequence[Point]] = ()) -> npt.NDArray[np.uint8] | None:
    """Show a pad with Undo and Clear below it; return (280, 280, 4) uint8, or None while it is empty.

    example: strokes, as points on the pad, that stand there at first.
    """
    version = st.session_state.setdefault(f"{key}_pad_version", 0)
    start = st.session_state.setdefault(f"{key}_pad_strokes", [stroke_of(points, BRUSH) for points in example])
    result: CanvasResult = st_canvas(
        stroke_width=BRUSH,
        stroke_color="#FFFFFF",
        background_color="#000000",
        height=SIDE,
        width=SIDE,
        drawing_mode="freedraw",
        initial_drawing={"version": "4.4.0", "objects": start} if start else None,
        return_image_data=True,
        key=f"{key}_pad_{version}",
    )
    strokes = start if result.json_data is None else result.json_data.get("objects", [])
    given = [stroke_of(points, BRUSH)["path"] for points in example]
    st.session_state[f"{key}_is_own"] = any(stroke.get("path") not in given for stroke in strokes)
    with st.container(horizontal=True):
        st.button("Undo", key=f"{key}_undo", disabled=not strokes, on_click=_start_again, args=(key, strokes[:-1]))
        st.button("Clear", key=f"{key}_clear", disabled=not strokes, on_click=_start_again, args=(key, []))
    if not strokes:
        return None
    return paint(strokes, SIDE, BRUSH) if result.image_data is None else result.image_data


def is_own(key: str) -> bool:
    """Whether the visitor has drawn on the pad, which may have begun with an example."""
    return bool(st.session_state.get(f"{key}_is_own", True))  # a pad that a test puts in its place: by hand


def _start_again(key: str, strokes: list[dict[str, Any]]) -> None:
    """Put up a fresh pad with these strokes; a pad forgets its own only when its key changes."""
    st.session_state[f"{key}_pad_version"] += 1
    st.session_state[f"{key}_pad_strokes"] = strokes

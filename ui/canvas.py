"""The drawing pad: the only module that uses streamlit-drawable-canvas.

Pages call `canvas.draw(...)` through the module, so that a test can put a drawing in its place.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit_drawable_canvas import CanvasResult, st_canvas

from ui import in_hand
from ui.strokes import Point, paint, stroke_of

SIDE = 280  # CSS pixels, ten for each pixel of MNIST
BRUSH = 18  # of 280: about the stroke that MNIST has; from 30 on, the loops of 4, 8 and 9 fill up
_THINNEST, _THICKEST = 8, 40
INK, PAPER = "#FFFFFF", "#000000"
_PEN, _ERASER = "pen", "eraser"
# The component's own toolbar covers the pad's upper right corner, invisible until a mouse hovers over it: where a
# finger begins an 8, it would swallow the stroke, or its bin the drawing. There is no option to turn it off, and its
# styles are isolated. Nor does the pad have a name, without which screen readers skip it.
_FINISH = """
export default function finishPad({ data }) {
  const finish = () => {
    for (const host of document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')) {
      const root = host.shadowRoot;
      const pad = root?.querySelector("canvas.upper-canvas:not([role])");
      pad?.setAttribute("role", "img");
      pad?.setAttribute("aria-label", data);
      if (!root?.querySelector(".dc-toolbar") || root.querySelector(".without-toolbar")) continue;
      const style = document.createElement("style");
      style.className = "without-toolbar";
      style.textContent = ".dc-toolbar { display: none !important; }";
      root.append(style);
    }
  };
  finish();
  const timer = setInterval(finish, 200); // Undo and Clear put up a new pad
  return () => clearInterval(timer);
}
"""
_NAME = "Drawing pad, for a mouse, a pen or a finger. The page Draw has another one, for the keyboard alone: keys."
_finish = st.components.v2.component("mnistlab_pad", js=_FINISH, isolate_styles=False)


def draw(key: str, example: Sequence[Sequence[Point]] = (), with_tools: bool = False) -> npt.NDArray[np.uint8] | None:
    """Show a pad with Undo and Clear below it; return (280, 280, 4) uint8, or None while it is empty.

    Args:
        example: strokes, as points on the pad, that are shown at first.
        with_tools: offer an eraser and a choice of brushes.
    """
    given = [stroke_of(points, BRUSH) for points in example]
    pad, start = _pad(key, given)
    tools = st.container(horizontal=True, vertical_alignment="bottom")
    brush, colour = _tools(key, tools) if with_tools else (BRUSH, INK)
    with pad:
        result: CanvasResult = st_canvas(
            stroke_width=brush,
            stroke_color=colour,
            background_color=PAPER,
            height=SIDE,
            width=SIDE,
            drawing_mode="freedraw",
            initial_drawing={"version": "4.4.0", "objects": start} if start else None,
            return_image_data=True,
            key=_pad_key(key),
        )
    drawn = start if result.json_data is None else result.json_data.get("objects", [])
    _remember(key, drawn, given)
    with st.container(horizontal=True):
        st.button("Undo", key=f"{key}_undo", disabled=not drawn, on_click=put_up, args=(key, drawn[:-1]))
        st.button("Clear", key=f"{key}_clear", disabled=not drawn, on_click=put_up, args=(key, []))
        _finish(key=f"{key}_toolbar", data=_NAME, width="content", height="content")
    if not drawn:
        return None
    return paint(drawn, SIDE, BRUSH) if result.image_data is None else result.image_data


def _remember(key: str, drawn: list[dict[str, Any]], given: list[dict[str, Any]]) -> None:
    """Keep what is drawn, also for a reload if it is more than the example."""
    st.session_state[f"{key}_pad_strokes"] = drawn
    paths = [stroke["path"] for stroke in given]
    was_own = st.session_state.get(f"{key}_is_own", False)
    is_own = st.session_state[f"{key}_is_own"] = any(stroke.get("path") not in paths for stroke in drawn)
    if is_own:
        in_hand.keep(**{f"{key}_pad_strokes": drawn})
    elif was_own:  # cleared in this tab; an empty pad in another one clears nothing
        in_hand.drop(f"{key}_pad_strokes")


def is_own(key: str) -> bool:
    """Whether the visitor has drawn on the pad, which may have started with an example."""
    return bool(st.session_state.get(f"{key}_is_own", True))  # True for a pad that a test puts in its place


def strokes(key: str) -> list[dict[str, Any]]:
    """The strokes on the pad, as path objects of its JSON."""
    return list(st.session_state.get(f"{key}_pad_strokes", []))


def put_up(key: str, strokes: list[dict[str, Any]]) -> None:
    """Show a new pad with these strokes; a pad drops its old ones only when its key changes."""
    st.session_state[f"{key}_pad_version"] = st.session_state.get(f"{key}_pad_version", 0) + 1
    st.session_state[f"{key}_pad_strokes"] = strokes


def _pad_key(key: str) -> str:
    return f"{key}_pad_{st.session_state[f'{key}_pad_version']}"


def _pad(key: str, given: list[dict[str, Any]]) -> tuple[DeltaGenerator, list[dict[str, Any]]]:
    """The pad's container and the strokes it starts with: its last ones, if a change of page has removed it."""
    st.session_state.setdefault(f"{key}_pad_version", 0)
    st.session_state.setdefault(f"{key}_pad_strokes", given)
    if _pad_key(key) not in st.session_state:
        st.session_state[f"{key}_pad_start"] = st.session_state[f"{key}_pad_strokes"]
    return st.container(), st.session_state[f"{key}_pad_start"]


def _tools(key: str, place: DeltaGenerator) -> tuple[int, str]:
    """Choose the pen's width, in pixels of the pad, and its colour; an eraser paints in the paper's colour."""
    with place:
        tool = st.segmented_control(
            "Tool",
            (_PEN, _ERASER),
            default=_PEN,
            required=True,
            key=f"{key}_tool",
            persist_state="session",
            label_visibility="collapsed",
        )
        width = st.slider(
            "Brush width (pixels)",
            _THINNEST,
            _THICKEST,
            BRUSH,
            2,
            key=f"{key}_brush",
            persist_state="session",
            width=140,
            help="MNIST's strokes are about 18 wide on this pad. From 30 on, the loops of 4, 8 and 9 fill up.",
        )
    return width, PAPER if tool == _ERASER else INK

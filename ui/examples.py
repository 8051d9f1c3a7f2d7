""" "Try this" on Draw: drawings that are put on the pad with one click, and what to watch for."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ui import canvas
from ui.strokes import Point, stroke_of


@dataclass(frozen=True)
class Example:
    """The button's label, strokes as points on the pad, and what to watch for."""

    label: str
    strokes: Sequence[Sequence[Point]]
    watch: str


_PEN = "pen"  # the way of drawing that has a pad
_CORNER_TWO = [(20, 34), (28, 22), (44, 20), (54, 30), (50, 44), (36, 58), (20, 74), (58, 74)]
_ONE_AND_SEVEN = [[(70, 70), (70, 210)], [(140, 75), (230, 75), (175, 210)]]
_SCRIBBLE = [(40, 60), (240, 90), (50, 130), (235, 170), (60, 215), (200, 40), (90, 240), (220, 230), (60, 50)]
_SCRIBBLE += [(150, 245), (110, 40), (240, 130), (45, 170), (180, 60), (40, 100), (230, 210)]
_LETTER = [[(90, 50), (92, 140), (90, 232)], [(190, 52), (94, 145), (196, 230)]]

EXAMPLES = (
    Example(
        "A tiny 2 in a corner",
        [_CORNER_TWO],
        "Open **Why this answer?** below: a plain resize would leave a speck in the corner. Cut out and enlarged, it "
        "can be read.",
    ),
    Example(
        "Two digits",
        _ONE_AND_SEVEN,
        "The network has only learned single digits and would name one all the same, so the lab looks for a gap first.",
    ),
    Example(
        "A scribble",
        [_SCRIBBLE],
        "Look at the bars: the network may be quite sure of a scribble. It has never been told that there is "
        "anything but digits.",
    ),
    Example(
        "A letter",
        _LETTER,
        "A K is in one piece, as a digit is, and the network may be sure that it is one. But no training digit comes "
        "near it in the hidden layer, so the lab does not believe the answer.",
    ),
)


def try_this(key: str) -> None:
    """Show a button for each example, and what to watch for in the one that was pressed last."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_examples"):
        st.markdown("**Try this**", width="content")
        for number, example in enumerate(EXAMPLES):
            st.button(example.label, key=f"{key}_example_{number}", on_click=_put_up, args=(key, number))
    begun = st.session_state.get(f"{key}_example") if _has_pad(key) else None
    st.caption("Each puts a drawing on the pad." if begun is None else EXAMPLES[begun].watch)


def _has_pad(key: str) -> bool:
    return bool(st.session_state.get(f"{key}_with", _PEN) == _PEN)


def _put_up(key: str, number: int) -> None:
    st.session_state[f"{key}_example"] = number
    if not _has_pad(key):
        st.session_state[f"{key}_with"] = _PEN
    canvas.put_up(key, [stroke_of(points, canvas.BRUSH) for points in EXAMPLES[number].strokes])

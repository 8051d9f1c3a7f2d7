"""Draw: a digit by pen, by keyboard or from a photo, read by up to three models, and why."""

import streamlit as st

from mnistlab.doubt import check_shape
from mnistlab.ink import find_ink, frame_drawing, frame_ink
from mnistlab.stages import stages
from ui import examples, frame, reading
from ui.address import Address


def draw() -> None:
    address = Address()
    address.check_choice("draw_with", "way to draw", reading.WAYS)
    way = st.segmented_control(
        "Draw with",
        reading.WAYS,
        default=reading.PEN,
        required=True,
        key="draw_with",
        bind="query-params",
        label_visibility="collapsed",
        help="pen: mouse, finger or pen. keys: the keyboard alone. photo: a file or a copied picture.",
    )
    reading.show_all("draw", way)
    examples.try_this("draw")
    st.caption(
        "The percentages are the network's own confidence, not a promise. Below 60 % the answer is called not sure: of "
        "the 5,000 validation digits, the built-in network's answers below it are right 7 times in 12, those above "
        "90 % 999 times in 1,000. Drawings stay on the computer that runs this lab."
    )
    frame.show_code(frame_drawing, frame_ink, find_ink, stages, check_shape)


frame.show_page("Draw", draw)

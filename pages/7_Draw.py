"""Draw: a digit by pen, by keyboard or from a photo, read by up to three models, and why."""

import streamlit as st

from mnistlab.doubt import check_shape
from mnistlab.ink import find_ink, frame_drawing, frame_ink, ink_on_ground
from mnistlab.stages import stages
from ui import examples, frame, reading
from ui.address import Address


def draw() -> None:
    way = Address().buttons(
        "Draw with",
        reading.WAYS,
        "draw_with",
        "way to draw",
        label_visibility="collapsed",
        help="pen: mouse, finger or pen. keys: the keyboard alone. photo: a file or a copied picture.",
    )
    reading.show_all("draw", way)
    examples.try_this("draw")
    st.caption(
        "The percentages are the network's own confidence, not a promise. The lab says **not sure** if the ink does "
        "not have the shape of a digit, if it resembles no training digit, or if the answer is below 60 %. Drawings "
        "stay on the computer that runs this lab.",
        help="It resembles none if, in the hidden layer of the built-in best-cnn, the nearest of 4,000 training "
        "digits is farther away than for 995 of 1,000 validation digits. Of the 5,000 validation digits, 16 are below "
        "60 %, and 7 of these are read correctly.",
    )
    from mnistlab.likeness import Likeness, measure

    frame.show_code(frame_drawing, frame_ink, find_ink, ink_on_ground, stages, check_shape, Likeness, measure)


frame.show_page("Draw", draw)

"""Draw: a digit drawn by hand, read by a model of your choice."""

import streamlit as st

from mnistlab.ink import find_ink, frame_drawing
from ui import frame, models, reading


def draw() -> None:
    picture, controls = st.columns(frame.PICTURE_AND_CONTROLS, gap="medium")
    with controls:
        model = models.choose("draw_model")
    with picture:
        reading.show("draw", model)
        st.caption(
            "The percentages are the network's own confidence, not a promise. It has learned ten digits and nothing "
            "else, so it names a digit whatever you draw."
        )
    frame.show_code(frame_drawing, find_ink)


frame.show_page("Draw", draw)

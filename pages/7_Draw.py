"""Draw: a digit drawn by hand, read by up to three models."""

import streamlit as st

from mnistlab.ink import frame_drawing
from ui import frame, models, reading


def draw() -> None:
    chosen = models.choose("draw_model")
    reading.show("draw", [(chosen.name, chosen.step, "")])
    st.caption(
        "The percentages are the model's own confidence, not a promise: it has learned ten digits and nothing else, "
        "so it will name a digit whatever you draw."
    )
    frame.show_code(frame_drawing)


frame.show_page("Draw", draw)

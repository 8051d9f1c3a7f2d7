"""A training that grows for ever, for the tests of the live chart: 20 more steps every half second, or `?still=1`.

`?times=10000` makes its losses so many times larger, `?peak=60` its third loss so high, `?log=1` the axis logarithmic.
`?signed=1` gives two of its curves a sign.
"""

import numpy as np
import streamlit as st

from ui.live_chart import Series, live_chart


@st.fragment(run_every=None if "still" in st.query_params else 0.5)
def chart() -> None:
    num_steps = st.session_state.get("num_steps", 380) + 20
    st.session_state.num_steps = num_steps
    steps = np.arange(num_steps, dtype=np.float64)
    mean = (2.2 * np.exp(-steps / 150) + 0.1) * float(st.query_params.get("times", "1"))
    loss = mean * np.exp(np.random.default_rng(0).normal(0, 0.25, num_steps))
    loss[2] = float(st.query_params.get("peak", loss[2]))
    epochs = np.arange(99, num_steps, 100)
    square, star = ("square", "star") if "signed" in st.query_params else ("", "")
    live_chart(
        [
            Series("loss of the step", steps, loss, "#0072B2", "faint"),
            Series("training", steps, mean, "#0072B2", sign=square),
            Series("validation", steps[epochs], mean[epochs] * 1.1, "#E69F00", "dots", star),
        ],
        key="loss",
        title="Loss while training",
        x_title="step",
        y_title="cross-entropy loss",
        ordinary=None if "log" in st.query_params else 2.3,
        log_y="log" in st.query_params,
    )
    st.text(f"tick {num_steps}")


chart()
none = np.zeros(0)
live_chart([Series("validation", none, none, "#E69F00")], key="empty", title="Nothing yet", x_title="step",
           y_title="accuracy", y_percent=True)  # fmt: skip

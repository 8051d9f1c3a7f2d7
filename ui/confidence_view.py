"""How far a model's confidence can be trusted: its reliability diagram and the calibration error."""

import streamlit as st

from ui import evaluations, frame
from ui.address import Address
from ui.models import ModelChoice
from ui.words import percent


def show(model: ModelChoice, split_name: str, _address: Address) -> None:
    """Draw the view."""
    from mnistlab.calibration import Bin, calibration_error, reliability
    from ui import charts

    evaluation = evaluations.evaluation(model, split_name)
    bins = reliability(evaluation)
    error = calibration_error(bins)
    mean = float(evaluation.confidence.mean(dtype=float))
    leaning = "more" if mean > evaluation.accuracy else "less"
    st.markdown(
        f"On the {len(evaluation.labels):,} {split_name} digits it is {percent(mean)} sure on average, and right "
        f"{percent(evaluation.accuracy)} of the time: {leaning} sure than it should be. The expected calibration error "
        f"is **{percent(error)}**."
    )
    st.plotly_chart(charts.reliability_chart(bins), key="evaluate_reliability", config=charts.CONFIG)
    st.caption(
        "Each dot holds all answers of one tenth of confidence, and beside it is their number; the bar is the 95 % "
        "interval of their accuracy. Below the dashed line it boasts, above it is too modest. The calibration error is "
        "the mean distance from that line, each answer counted once."
    )
    last = bins[-1]
    if last.low >= 0.9:
        st.markdown(
            f"{last.num_images:,} answers are more than 90 % sure; {last.num_images - last.num_correct:,} of these are "
            "wrong all the same."
        )
    frame.show_code(reliability, Bin, calibration_error)

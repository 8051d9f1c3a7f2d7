"""How far a model's confidence can be trusted: its reliability diagram and the calibration error."""

from typing import TYPE_CHECKING

import streamlit as st

from mnistlab.figures import count_of, percent, points
from ui import evaluations, frame, splits
from ui.address import Address
from ui.models import ModelChoice

if TYPE_CHECKING:
    from mnistlab.calibration import Bin
    from mnistlab.evaluation import Evaluation


def show(model: ModelChoice, split_name: str, _address: Address) -> None:
    """Draw the view."""
    from mnistlab.calibration import FEWEST, Bin, calibration_error, overconfidence, reliability
    from ui import charts

    _, evaluation = evaluations.evaluation(model, split_name)
    bins = reliability(evaluation)
    mean, is_enough = float(evaluation.confidence.mean(dtype=float)), len(evaluation.labels) >= FEWEST
    verdict = (
        _verdict(evaluation, bins)
        if is_enough
        else f"fewer than {FEWEST} digits are too few to tell whether that fits."
    )
    st.markdown(
        f"On {splits.digits(len(evaluation.labels), split_name)} it is {percent(mean)} sure on average, and right "
        f"{percent(evaluation.accuracy)} of the time: {verdict}"
    )
    st.plotly_chart(
        charts.reliability_chart(bins),
        key="evaluate_reliability",
        config=charts.CONFIG,
        alt=charts.reliability_words(bins),
    )
    st.caption(
        "Each dot stands for all answers within one tenth of confidence, with their number beside it; the bar is the "
        "95 % interval of their accuracy. Below the dashed line the network is too sure, above it too modest."
        + (" The calibration error is the mean distance from that line, each answer counted once." if is_enough else "")
    )
    last = bins[-1]
    if last.low >= 0.9:
        st.markdown(
            f"Of {count_of(last.num_images, 'answer')} with more than 90 % confidence, "
            f"{last.num_images - last.num_correct:,} were wrong all the same."
        )
    frame.show_code(reliability, Bin, calibration_error, overconfidence)


def _verdict(evaluation: "Evaluation", bins: "list[Bin]") -> str:
    """Whether confidence and accuracy agree, and how far they are apart."""
    from mnistlab.calibration import calibration_error, luck_of_calibration, overconfidence

    error, luck = calibration_error(bins), luck_of_calibration(evaluation)
    leaning = _leaning(*overconfidence(evaluation))
    return (
        f"{leaning}. The expected calibration error is **{percent(error)}**; a network as sure as this one, and right "
        f"exactly that often, would show about {percent(luck)} on this many digits."
    )


def _leaning(difference: float, luck: float) -> str:
    """What confidence minus accuracy means, given how much of it may be luck."""
    if abs(difference) <= luck:
        return f"no further apart than luck alone can put them, which is {points(luck)} here"
    return "more sure than it should be" if difference > 0 else "less sure than it could be"

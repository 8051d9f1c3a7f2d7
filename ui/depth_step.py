"""How little would change the answer to a digit: a step along a gradient, set by a slider."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnistlab.figures import percent
from mnistlab.pixels import Picture
from ui import bars, captioned, explanations, frame, turns
from ui.address import Address
from ui.models import ModelChoice
from ui.pixel_scale import diverging_to_largest, grey
from ui.words import a_digit

if TYPE_CHECKING:
    from mnistlab.explain import Flip

ANCHOR = "smallest-step"  # in this page's URL
_STEP_SIDE = 112  # CSS pixels, four for each of a picture's
_RUNNER_UP = "the runner-up"


@turns.fragment()
@frame.telling_mistakes()
def smallest_step(model: ModelChoice, picture: Picture, answer: int, address: Address) -> None:
    """Show how far to go along the gradient for another answer, with a slider."""
    st.header("How little would change its mind?", anchor=ANCHOR)
    towards = _choose_towards(answer, address)
    found = explanations.flip(model, picture, towards)
    if found is None:
        st.info("No step along this gradient changes the answer before the digit is unreadable.")
        return
    _show_step(model, picture, found, address)
    if towards is not None and found.after != towards:
        st.caption(
            f"On the way to {a_digit(towards)} it becomes {a_digit(found.after)} first: a gradient says which way is "
            "steepest from here, not what lies along it."
        )


def _choose_towards(answer: int, address: Address) -> int | None:
    options = (_RUNNER_UP, *(digit for digit in "0123456789" if digit != str(answer)))
    if st.session_state.get("evaluate_towards", _RUNNER_UP) not in options:
        del st.session_state["evaluate_towards"]
    chosen = address.menu("Towards", options, "evaluate_towards", "digit", width=200)
    return None if chosen == _RUNNER_UP else int(chosen)


def _choose_share(address: Address) -> float:
    """How far to go: 1 is the step that turns the answer."""
    label, key = "Step, in percent of the one that turns the answer", "evaluate_step"
    address.check_number(key, "step", 0, 200)
    return st.slider(label, 0, 200, 100, key=key, bind="query-params", format="%d %%") / 100


def _show_step(model: ModelChoice, picture: Picture, found: "Flip", address: Address) -> None:
    from mnistlab.explain import take_step

    stepped = take_step(picture, found, found.size * _choose_share(address))
    probabilities = model.predictor.probabilities(stepped[None])[0]
    change = stepped - picture
    turning = float(np.linalg.norm(take_step(picture, found, found.size) - picture))
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=3 * _STEP_SIDE + 30):
            told = ("before", "change, enhanced", "after")
            pictures = (grey(picture), diverging_to_largest(change), grey(stepped))
            st.html(captioned.row(list(zip(pictures, told, strict=True)), _STEP_SIDE))
        with st.container(width=250):
            st.html(bars.probability_bars(probabilities.tolist()))
    st.markdown(
        f"The answer turns from **{found.before}** to **{found.after}** at a distance of **{turning:.2f}**. Here the "
        f"distance is {float(np.linalg.norm(change)):.2f}, on average {percent(float(np.abs(change).mean()), 1)} of "
        f"white per pixel, and the network reads {a_digit(int(probabilities.argmax()), '**{}**')}."
    )
    st.caption(
        "Distances are measured as on Data: the root of the summed squared differences of all pixels. This path goes "
        "straight along one gradient; with a new gradient at each step, there is a shorter one for most digits. A "
        "picture that looks nearly unchanged and yet is read as something else is called an adversarial example."
    )

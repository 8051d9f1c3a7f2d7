"""Evaluate at a glance: one sentence, each digit, the confusion matrix, the digits themselves, the surest mistakes."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.data import Split
from mnistlab.figures import certainty, count_of, percent
from mnistlab.ids import is_run_id
from ui import confusion_view, evaluations, frame, gallery, picking, splits, turns
from ui.address import Address
from ui.models import ModelChoice
from ui.words import unbroken

if TYPE_CHECKING:
    from mnistlab.evaluation import Evaluation

SHOWN = ("all digits", "only wrong ones")
ANY = "any"
_DIGITS = (ANY, *"0123456789")
ANCHOR = "what-it-said"  # in this page's URL: the digits' heading
_SUREST, _SUREST_SIDE = 12, 84  # mistakes, and their side in CSS pixels


@turns.fragment()
@frame.telling_mistakes()
def show(model: ModelChoice, split_name: str, address: Address) -> None:
    """Draw the whole view, as a fragment: clicks and turning pages rerun only this."""
    split, evaluation = evaluations.evaluation(model, split_name)
    sentence(evaluation, "It" if is_run_id(model.name) else f"{model.name}, which comes with the lab,")
    _figures(evaluation, {"model": model.name, "evaluate_split": split_name})
    _grid(model, split, evaluation, address)
    _surest(model, split, evaluation)
    _code()


def sentence(evaluation: "Evaluation", who: str) -> None:
    """Show the accuracy in one sentence, with its interval."""
    from mnistlab.intervals import wilson_interval

    num_correct, num_images, name = int(evaluation.correct.sum()), len(evaluation.labels), evaluation.split
    low, high = wilson_interval(num_correct, num_images)
    st.markdown(
        f"{who} reads **{percent(evaluation.accuracy)}** of the {splits.digits(num_images, name)} correctly "
        f"({num_correct:,} of them). The loss on these is **{evaluation.loss:.4f}**.",
        help=f"Another {num_images:,} digits of the same kind would have given a slightly different share. Of all "
        "such 95 % intervals (Wilson's), 95 % contain the share that infinitely many digits would give. The loss is "
        "the mean cross-entropy in nats.",
    )
    st.caption(
        f"95\N{NO-BREAK SPACE}% interval: {percent(low)} to {percent(high)}, "
        f"as far as {count_of(num_images, 'digit')} can tell."
    )


def _figures(evaluation: "Evaluation", shown: dict[str, str]) -> None:
    from mnistlab.evaluation import digit_line
    from mnistlab.scores import digit_scores

    scores = digit_scores(evaluation.confusion)
    lines = [digit_line(score.digit, score.num_correct, score.num_images).split(": ")[1] for score in scores]
    recalls = [score.recall for score in scores if score.recall is not None]
    start = min(0.9, float(np.floor(min(recalls) * 10) / 10))
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=296):
            st.markdown(
                unbroken(f"**Each digit** (bars begin at {100 * start:.0f} %)"),
                help="Recall: of all true 4s, the share that it reads as 4. Precision: of all that it reads as 4, the "
                "share that really are. Both are rounded; the tutorial cuts off the decimals, so 97.8 becomes "
                "97\N{NO-BREAK SPACE}%.",
            )
            st.html(confusion_view.score_bars(scores, lines, start))
        with st.container(width=348):
            st.markdown(f"**What was read as what?** A click on a cell shows [its digits, below](#{ANCHOR}).")
            content = confusion_view.matrix(evaluation.confusion, _chosen_cell(), shown)
            picking.pick(content, "evaluate_matrix", on_pick=_choose_cell)


def _choose_cell(cell: int) -> None:
    true, read = divmod(cell, 10)
    again = _chosen_cell() == (true, read)  # a second click on a cell deselects it
    st.session_state["evaluate_true"] = ANY if again else str(true)
    st.session_state["evaluate_read"] = ANY if again else str(read)
    st.session_state["evaluate_shown"] = SHOWN[0]
    st.session_state["evaluate_page"] = 1


def _chosen_cell() -> tuple[int, int] | None:
    given = [st.session_state.get(key, st.query_params.get(key, ANY)) for key in ("evaluate_true", "evaluate_read")]
    if not all(isinstance(digit, str) and digit in _DIGITS[1:] for digit in given):
        return None
    return int(given[0]), int(given[1])


def _grid(model: ModelChoice, split: Split, evaluation: "Evaluation", address: Address) -> None:
    st.header("What it said about each digit", anchor=ANCHOR)
    st.caption(
        "Below each digit: predicted (true). A check mark and a solid frame mean right, a cross and a dashed frame "
        "wrong. Click on a digit to see why."
    )
    with st.container(horizontal=True, vertical_alignment="top"):
        indices = _filtered(split, evaluation, address)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        indices = gallery.paged(indices, "evaluate_page", address)
    if len(indices) == 0:
        st.info("There are no such digits." if _is_filtered() else "Not one wrong: a very good network, or few digits.")
        return
    gallery.show(model, split, indices, "evaluate_digits", evaluation)


def _filtered(split: Split, evaluation: "Evaluation", address: Address) -> npt.NDArray[np.int64]:
    """The images that the controls ask for; shows the controls."""
    shown = address.buttons("Show", SHOWN, "evaluate_shown", "choice")
    keep = np.ones(len(split), bool) if shown == SHOWN[0] else ~evaluation.correct
    for label, key, digits in (
        ("True digit", "evaluate_true", split.labels),
        ("Read as", "evaluate_read", evaluation.predictions),
    ):
        digit = address.menu(label, _DIGITS, key, "digit", width=110)
        if digit != ANY:
            keep &= digits == int(digit)
    return np.flatnonzero(keep)


def _is_filtered() -> bool:
    return any(st.session_state.get(key, ANY) != ANY for key in ("evaluate_true", "evaluate_read"))


def _surest(model: ModelChoice, split: Split, evaluation: "Evaluation") -> None:
    mistakes = evaluation.mistakes[:_SUREST]
    if len(mistakes) == 0:
        return
    st.header("Its surest mistakes", anchor=False)
    st.markdown("Of all its mistakes, it was surest of these. Do you agree with the labels?")

    def caption(index: int) -> str:
        sure = certainty(float(evaluation.confidence[index]))
        return f"{evaluation.predictions[index]} ({split.labels[index]}) {sure}"

    gallery.show(model, split, mistakes, "evaluate_surest", evaluation, caption, _SUREST_SIDE)
    st.caption("Below each: predicted (true), and the probability it gave to its answer.")


def _code() -> None:
    from mnistlab.evaluation import digit_line, evaluate
    from mnistlab.intervals import wilson_interval
    from mnistlab.scores import DigitScore, digit_scores

    frame.show_code(evaluate, digit_line, digit_scores, DigitScore, wilson_interval)

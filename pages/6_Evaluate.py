"""Evaluate: loss, accuracy per digit, and the digits themselves, right and wrong."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnistlab.data import Split
from mnistlab.errors import MnistLabError
from ui import bars, frame, models, mosaic, resources
from ui.words import percent

if TYPE_CHECKING:
    from mnistlab.evaluation import Evaluation

_PER_PAGE = 20
_SHOWN = ("all digits", "only wrong ones")


def draw() -> None:
    from mnistlab.evaluation import digit_line, evaluate  # needs torch

    picture, controls = st.columns(frame.PICTURE_AND_CONTROLS, gap="medium")
    with controls:
        model = models.choose("evaluate_model")
        split_name = st.segmented_control(
            "Split",
            ("test", "validation"),
            default="test",
            required=True,
            key="evaluate_split",
            bind="query-params",
            help="test: 10,000 digits for the final word. validation: the training digits held out for tuning.",
        )
    predictor = resources.predictor(model.name, model.step)
    dataset = resources.dataset(predictor.config.dataset, predictor.config.train.validation_size)
    split = dataset.split(split_name)
    if len(split) == 0:
        raise MnistLabError(
            "This model was trained on all 60,000 training images, as in the tutorial: there is no validation "
            "split to look at. Choose test."
        )
    evaluation = resources.evaluation(model.name, split_name, model.step)
    with picture:
        st.markdown(
            f"It reads **{percent(evaluation.accuracy)}** of the {len(split):,} {split_name} digits correctly "
            f"({int(evaluation.correct.sum()):,} of them). The {split_name} loss is **{evaluation.loss:.4f}**."
        )
        lines = [digit_line(digit, *counts).split(": ")[1] for digit, counts in enumerate(evaluation.per_digit)]
        accuracies = [correct / max(1, total) for correct, total in evaluation.per_digit]
        start = min(0.9, np.floor(min(accuracies) * 10) / 10)
        st.markdown(f"**Accuracy of each digit** (bars begin at {start:.0%})".replace("%", " %"))
        st.html(bars.accuracy_bars(list(zip(accuracies, lines, strict=True)), start))
    _show_predictions(split, evaluation)
    frame.show_code(evaluate, digit_line)


def _show_predictions(split: Split, evaluation: "Evaluation") -> None:
    st.subheader("What it said about each digit", anchor=False)
    st.caption(
        "Below each digit: predicted (true). A check mark and a solid frame are right, a cross and dashes wrong."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = st.segmented_control(
            "Show", _SHOWN, default=_SHOWN[0], required=True, key="evaluate_shown", bind="query-params"
        )
        chosen = np.arange(len(split)) if shown == _SHOWN[0] else np.flatnonzero(~evaluation.correct)
        last = max(1, -(-len(chosen) // _PER_PAGE))
        st.session_state["evaluate_page"] = min(st.session_state.get("evaluate_page", 1), last)
        st.button("Previous", key="evaluate_previous", on_click=_turn, args=(-1, last))
        page = st.number_input("Page", 1, last, key="evaluate_page", bind="query-params", width=140)
        st.button("Next", key="evaluate_next", on_click=_turn, args=(1, last), type="primary")
        st.caption(f"of {last:,} ({len(chosen):,} digits)")
    indices = chosen[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    if len(indices) == 0:
        st.success("Not one wrong. Either this network is very good or the split is very small.")
        return
    predicted, true = evaluation.predictions[indices], split.labels[indices]
    sure = evaluation.probabilities[indices].max(axis=1)
    captions = [f"{p} ({t})" for p, t in zip(predicted, true, strict=True)]
    tips = [
        f"{split.name} image {index}: predicted {p} ({percent(share, 1)} sure), true {t}"
        for index, p, t, share in zip(indices, predicted, true, sure, strict=True)
    ]
    st.html(mosaic.mosaic(split.images[indices], captions, tips, list(predicted == true)))


def _turn(by: int, last: int) -> None:
    st.session_state["evaluate_page"] = (st.session_state["evaluate_page"] - 1 + by) % last + 1


frame.show_page("Evaluate", draw)

"""One training step, looked at closely: the batch's digits, what the network said of them, and what it changed."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnistlab.figures import count_of, percent
from mnistlab.runs import Run
from ui import bars, mosaic, resources
from ui.words import a_digit, plain

if TYPE_CHECKING:
    from mnistlab.closeup import SlowStep

_SHOWN = "slow_motion_shown"
_SIDE, _PER_ROW = 46, 20  # CSS pixels of a digit, digits in a row


def is_new(run: Run) -> bool:
    """Whether the run has just taken a single step that this visitor has not been shown yet."""
    if not _is_there(run) or st.session_state.get(_SHOWN) == (run.id, run.step):
        return False
    st.session_state[_SHOWN] = (run.id, run.step)
    return True


def _is_there(run: Run) -> bool:
    return run.is_paused and resources.store().weights_step(run.id, "closeup") == run.step


def show(run: Run) -> None:
    """Show the last step of a paused run, if it was a single one, else how to take one."""
    if not _is_there(run):
        how = "Pause it, then press" if run.state == "running" and run.pause_at is None else "Press"
        possible = f"{how} **One step**: it learns from a single batch, and you see here what that changed."
        st.markdown(possible if run.state == "running" else "Single steps can be taken while a run is paused.")
        return
    step = _closeup(run.id, run.step, run.attempt)
    correct_before = step.before.argmax(axis=1) == step.labels
    correct_after = step.after.argmax(axis=1) == step.labels
    num_images = len(step.labels)
    whose = "Loss" if run.config.train.batch_size <= num_images else f"Of these {num_images}, loss"
    before, after = (f"{loss:,.3f}" for loss in step.losses)
    st.markdown(
        f"**Step {run.step:,}** learned from {_which(num_images, run)}. {whose}: **{before}** before, **{after}** "
        f"after; read correctly: {correct_before.sum()} before, {correct_after.sum()} after."
    )
    st.html(_digits(step, run.step))
    st.caption(
        "Below each digit: what it said before the step (the true digit); a check mark is right, a cross wrong. An "
        "arrow shows what it says now, if that is something else."
    )
    _show_updates(step)


def _which(num_images: int, run: Run) -> str:
    batch_size = run.config.train.batch_size
    if batch_size > num_images:
        return f"{batch_size:,} digits; these are {num_images} of them"
    return "this digit" if num_images == 1 else f"these {count_of(num_images, 'digit')}"


def _digits(step: "SlowStep", number: int) -> str:
    before, after = step.before.argmax(axis=1), step.after.argmax(axis=1)
    captions, tips = [], []
    for index, (said, says, true) in enumerate(zip(before, after, step.labels, strict=True)):
        captions.append(f"{said} ({true})" if said == says else f"{said} ({true}) \N{RIGHTWARDS ARROW}{says}")
        shares = [percent(float(answers[index, true]), 1) for answers in (step.before, step.after)]
        tips.append(
            f"step {number:,}: {a_digit(true)}; probability it gave to {true}: {shares[0]} before, {shares[1]} after"
        )
    correct = [bool(right) for right in before == step.labels]
    return mosaic.mosaic(step.images, captions, tips, correct, side=_SIDE, per_row=_PER_ROW)


def _show_updates(step: "SlowStep") -> None:
    """How far the weights of each layer moved, against how large they are."""
    shares = [float(share) for share in step.updates / np.maximum(step.weights, 1e-12)]
    longest = max(shares) or 1.0
    lines = [
        (layer, share / longest, f"{plain(100 * share)} % of its size")
        for layer, share in zip(step.layers, shares, strict=True)
    ]
    st.markdown("How far a weight of each layer moved, on average:")
    st.html(bars.named_bars(lines, "Mean change of a weight, by layer"))


@st.cache_resource(show_spinner=False, max_entries=20)
def _closeup(run_id: str, step: int, attempt: int) -> "SlowStep":
    from mnistlab.closeup import SlowStep  # needs torch

    return SlowStep.unpack(resources.store().weights(run_id, "closeup"))

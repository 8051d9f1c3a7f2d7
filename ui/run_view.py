"""One run, live: what it is doing, its curves, and what can be done with it."""

import time

import numpy as np
import streamlit as st

from mnistlab import jobs
from mnistlab.curve import Curve
from mnistlab.presets import changes
from mnistlab.runs import Run
from mnistlab.store import Store
from ui import frame, resources
from ui.live_chart import Series, live_chart
from ui.palette import TRAINING, VALIDATION
from ui.words import duration, percent

_REFRESH_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0  # a run that is queued for longer may wait for an engine that is gone


def show(run_id: str) -> None:
    """Show a run, refreshed while it is active.

    Raises:
        RunNotFoundError: no run has this id.
    """
    is_active = resources.store().run(run_id).is_active

    @st.fragment(run_every=_REFRESH_SECONDS if is_active else None)
    def run_fragment() -> None:
        with frame.telling_mistakes():
            store = resources.store()
            run = store.run(run_id)
            if run.state == "queued" and time.time() - run.created > _PATIENCE_SECONDS:
                jobs.wake(store)
            _headline(run)
            _buttons(run)
            _curves(store, run)
            if is_active and not run.is_active:
                st.rerun()  # once, to end the refreshing and to draw what comes after a run

    run_fragment()


def _headline(run: Run) -> None:
    st.markdown(f"**{run.config.preset}** ({run.config.model.shape}), run `{run.id}`, seed {run.config.train.seed}")
    changed = changes(run.config)
    if changed:
        st.caption("Changed: " + ", ".join(changed))
    progress = st.empty()
    match run.state:
        case "queued":
            progress.progress(0.0, text="In the queue. It starts as soon as the engine is free.")
        case "running":
            progress.progress(run.progress, text=_progress_text(run))
        case "lost":
            progress.warning(
                "Its worker has not been heard of for 15 seconds. Resume goes on from the last checkpoint."
            )
        case "stopped":
            progress.info(f"Stopped after {run.epoch:.2f} of {run.config.train.epochs} epochs. Nothing is lost.")
        case "failed":
            progress.error(f"The run failed. {run.error}")
        case "finished":
            progress.markdown(_result_text(run))


def _progress_text(run: Run) -> str:
    if not run.step:
        return "Starting ..."
    left = f", {duration(run.seconds_left)} left" if run.seconds_left is not None else ""
    asked = ", stopping" if run.control == "stop" else ""
    return (
        f"Epoch {run.epoch:.2f} of {run.config.train.epochs}, step {run.step:,} of {run.num_steps:,}, "
        f"{run.images_per_second or 0:,.0f} images/s{left}{asked}"
    )


def _result_text(run: Run) -> str:
    assert run.result is not None
    return (
        f"Finished: test accuracy **{percent(run.result['test_accuracy'])}**, test loss "
        f"{run.result['test_loss']:.4f}, after {duration(run.seconds)} of training "
        f"({run.images_per_second or 0:,.0f} images/s)."
    )


def _buttons(run: Run) -> None:
    store = resources.store()
    with st.container(horizontal=True, height=44, border=False):
        if run.is_active and run.state != "lost":
            st.button("Stop", key="run_stop", on_click=jobs.stop, args=(run.id, store), disabled=run.control == "stop")
        if run.state in ("stopped", "failed", "lost"):
            st.button("Resume", key="run_resume", on_click=jobs.resume, args=(run.id, store), type="primary")
        if run.state in ("finished", "stopped"):
            st.page_link(frame.page_script("Evaluate"), label="See its mistakes", query_params={"model": run.id})
            st.page_link(frame.page_script("Draw"), label="Draw with it", query_params={"model": run.id})


def _curves(store: Store, run: Run) -> None:
    curve = store.curve(run.id)
    epochs = [epoch for epoch in store.epochs(run.id) if epoch.validation_loss is not None]
    steps_per_epoch = (run.num_steps or 1) / run.config.train.epochs
    window = max(1, round(steps_per_epoch / 20))
    x_range = (0.0, float(run.config.train.epochs))
    at = np.array([epoch.step for epoch in epochs]) / steps_per_epoch
    validation_losses = np.array([epoch.validation_loss for epoch in epochs], np.float64)
    validation_accuracies = np.array([epoch.validation_accuracy for epoch in epochs], np.float64)
    live_chart(
        [
            *_training_losses(curve, steps_per_epoch, window),
            Series("validation", at, validation_losses, VALIDATION, "dots"),
        ],
        key=f"loss_{run.id}",
        title="Loss",
        x_title="epochs",
        y_title="cross-entropy (nats)",
        x_range=x_range,
    )
    live_chart(
        [
            Series("training", curve.report_steps / steps_per_epoch, curve.running_accuracy(window), TRAINING),
            Series("validation", at, validation_accuracies, VALIDATION, "dots"),
        ],
        key=f"accuracy_{run.id}",
        title="Accuracy",
        x_title="epochs",
        y_title="share read correctly",
        y_percent=True,
        x_range=x_range,
    )


def _training_losses(curve: Curve, steps_per_epoch: float, window: int) -> list[Series]:
    at = curve.steps / steps_per_epoch
    return [
        Series("each step", at, curve.losses, TRAINING, "faint"),
        Series("training", at, curve.running_mean(window), TRAINING),
    ]

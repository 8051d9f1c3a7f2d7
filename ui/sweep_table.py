"""A sweep's trials as a table: the finished ones by rank, then the others; and why some failed."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from mnistlab.figures import count_of, percent
from mnistlab.space import SETTINGS, Value, shown
from mnistlab.sweep_state import Sweep, Trial
from ui import frame
from ui.words import verbatim

_RUN = "run"  # the column whose cells lead to Train
_RUN_WIDTH = 100  # CSS pixels, for any id; beside many columns, the table would cut it off
_MOST_REASONS = 3  # of trials that failed, below the table
_FIGURE_SPACE = "\N{FIGURE SPACE}"  # as wide as a digit, so that figures align and sort
_MARKS = {
    "finished": "✓ finished",
    "failed": "✕ failed",
    "pruned": "✂ pruned",
    "running": "▶ running",
    "queued": "… waiting",
    "stopped": "■ stopped",
    "lost": "? lost",
}


def show(one: Sweep) -> None:
    """Show the trials that have begun; a click on a trial's run opens it on Train."""
    begun = [trial for trial in one.trials if trial.accuracy is None and trial.number is not None]
    ranked = [*one.ranked, *sorted(begun, key=_urgency)]
    names = [parameter.setting for parameter in one.config.parameters]
    numbers = [SETTINGS[name].title for name in names if not SETTINGS[name].options]
    rows = [_row(trial, names) for trial in ranked]
    if not rows:
        return
    st.dataframe(
        {name: [row[name] for row in rows] for name in rows[0]},
        key="sweep_trials",
        on_select=partial(_picked, [trial.run.id for trial in ranked]),
        selection_mode="single-cell",
        hide_index=True,
        height=min(420, 38 + 35 * max(1, len(rows))),
        column_config={
            _RUN: st.column_config.TextColumn(width=_RUN_WIDTH),
            "training (s)": st.column_config.NumberColumn(format="%.1f"),
            **{title: st.column_config.NumberColumn(format="%g") for title in numbers},
        },
    )
    st.caption("Click on a trial's run to open it.")
    _tell_failures(one)


def _tell_failures(one: Sweep) -> None:
    failed = [trial for trial in one.trials if trial.state == "failed"]
    for trial in failed[:_MOST_REASONS]:
        name = "A trial" if trial.number is None else f"Trial {trial.number}"
        st.caption(f"{name} failed: {verbatim(trial.run.error or 'its worker gave no reason.')}")
    if len(failed) > _MOST_REASONS:
        st.caption(f"{len(failed) - _MOST_REASONS} more failed; open one to see why.")


def _picked(run_ids: Sequence[str]) -> None:
    """Open the trial whose run was clicked on; clicks on other cells do nothing."""
    for row, column in st.session_state["sweep_trials"]["selection"]["cells"]:
        if column == _RUN:
            frame.leave_for("Train", run=run_ids[row])


def _short(value: Value) -> Value:
    """A value for the table: switches in words, numbers to three significant digits."""
    if isinstance(value, bool):
        return shown(value)
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _urgency(trial: Trial) -> int:
    return ["running", "lost", "pruned", "failed", "stopped", "queued"].index(trial.state)


def _row(trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    accuracy = trial.last_accuracy
    return {
        "trial": trial.number,
        _RUN: f"\N{RIGHTWARDS ARROW} {trial.run.id}",
        "state": _MARKS.get(trial.state, trial.state),
        "validation accuracy": "" if accuracy is None else percent(accuracy).rjust(8, _FIGURE_SPACE),
        **{SETTINGS[name].title: _short(trial.values[name]) for name in names},
        "trained": f"{min(trial.run.epoch, trial.epochs):.1f} of {count_of(trial.epochs, 'epoch')}",
        "training (s)": trial.run.seconds,
    }

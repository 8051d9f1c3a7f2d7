"""One sweep, live: its progress, the best trial so far, all trials, and what they say about the settings."""

from typing import TYPE_CHECKING

import streamlit as st

from mnistlab import sweep
from mnistlab.config import MAX_EPOCHS, AugmentConfig
from mnistlab.differences import in_words, setting_name
from mnistlab.figures import count_of, percent, points
from mnistlab.intervals import luck_between
from mnistlab.presets import PRESETS, changed_from_preset
from mnistlab.space import AUGMENTATION, DEPTH, SETTINGS, WIDTH, described, shown
from mnistlab.sweep_state import Sweep, Trial
from ui import acting, aloud, frame, recipe, refreshing, resources, splits, sweep_figures, sweep_table, turns
from ui.words import duration, unbroken, verbatim

if TYPE_CHECKING:
    import plotly.graph_objects as go

_REFRESH_SECONDS = 2.0
_SECONDS_TO_JUDGE_BY = 2.0  # of training
_TOLD = ("network", "hidden", "channels", "optimizer", "epochs", "validation size", "device")  # of any recipe
_LONGER = 5  # times as many epochs
_MANY = 3  # trials, from which on the best is likely to be a lucky one
_PLAIN = {"displayModeBar": False}


def show(sweep_id: str) -> None:
    """Show a sweep, refreshed while it goes on.

    Raises:
        SweepNotFoundError: there is none of this id.
    """
    found = sweep.find(sweep_id, resources.store())
    read = turns.first_then(found, lambda: sweep.find(sweep_id, resources.store()))

    def draw() -> float | None:
        frame.leave_if_asked()
        now = read()
        _draw(now)
        return _pace(now)

    def has_changed() -> bool:
        return sweep.find(sweep_id, resources.store()).counts != found.counts

    refreshing.show(sweep_id, _pace(found), draw, has_changed)


def _pace(one: Sweep) -> float | None:
    """Seconds between two refreshes; None once it is over."""
    return _REFRESH_SECONDS if one.is_active else None


def _draw(one: Sweep) -> None:
    aloud.say(change_line(one), "aloud_sweep")
    st.markdown(f"**{verbatim(one.config.name)}**, sweep `{one.id}`, {count_of(one.config.size, 'trial')}")
    st.caption(f"All trials: {_in_common(one)}{_other_changes(one)}. Varied: {_varied(one)}.")
    st.progress(one.num_over / len(one.trials) if one.trials else 0.0, text=_state_line(one))
    _buttons(one)
    acting.tell_problem("sweep")
    if one.best is not None:
        _best(one, one.best)
    _pictures(one)
    sweep_table.show(one)


def change_line(one: Sweep) -> str:
    """Where a sweep has got to, without what changes at each trial: to be read aloud whenever it is another line."""
    if one.is_active:
        return "The sweep is going on."
    ended = "The sweep was stopped." if one.counts["stopped"] else "The sweep has ended."
    if one.best is None:
        return f"{ended} No trial has come to its end."
    values = described(one.best.values)
    return f"{ended} Best: {values}, validation accuracy {percent(one.best.accuracy or 0)}."


def _in_common(one: Sweep) -> str:
    """The main settings that all trials share: those that are not varied."""
    base, varied = one.config.base, {parameter.setting for parameter in one.config.parameters}
    parts = {
        base.model.shape: {WIDTH, DEPTH},
        base.train.optimizer: {"train.optimizer"},
        count_of(base.train.epochs, "epoch"): {"train.epochs"},
        f"{base.train.validation_size:,} images held out": set(),
    }
    return ", ".join(part for part, settings in parts.items() if not settings & varied)


def _other_changes(one: Sweep) -> str:
    """In what else their recipe differs from its preset."""
    base, told = one.config.base, {*_TOLD, *(SETTINGS[each.setting].label for each in one.config.parameters)}
    if any(each.setting == AUGMENTATION for each in one.config.parameters):
        told |= {setting_name(field) for field in AugmentConfig.model_fields}
    names = [each.name for each in changed_from_preset(base) if each.name not in told]
    return f"; otherwise {base.preset} with {in_words(PRESETS[base.preset].config, base, names)}" if names else ""


def _varied(one: Sweep) -> str:
    return ", ".join(SETTINGS[parameter.setting].label for parameter in one.config.parameters)


def _state_line(one: Sweep) -> str:
    states = ("finished", "pruned", "failed", "running", "queued", "stopped", "lost")
    words = {"queued": "waiting", "lost": "lost: their worker is gone"}
    parts = [f"{one.counts[state]} {words.get(state, state)}" for state in states if one.counts[state]]
    left = _seconds_left(one)
    return ", ".join(parts) + (f", about {duration(left)} left" if left is not None else "")


def _seconds_left(one: Sweep) -> float | None:
    """Estimate from the pace of its trials so far, and from how early those that are over ended."""
    begun = [trial.run for trial in one.trials if trial.run.epoch]
    epochs, seconds = sum(run.epoch for run in begun), sum(run.seconds for run in begun)
    if not one.is_active or seconds < _SECONDS_TO_JUDGE_BY:
        return None
    over = [trial.run.epoch for trial in one.trials if trial.state in ("finished", "pruned", "failed")]
    over = [epochs for epochs in over if epochs >= 1]  # a trial that failed at once says nothing about those to come
    each = sum(over) / len(over) if over else one.config.most_epochs
    running = [max(0.0, trial.epochs - trial.run.epoch) for trial in one.trials if trial.state == "running"]
    to_come = one.counts["queued"] * each + sum(running)
    return seconds / epochs * to_come / max(1, len(running))


def _buttons(one: Sweep) -> None:
    store = resources.store()
    with st.container(horizontal=True, key=f"sweep_buttons_{one.is_active}"):
        if one.is_active:
            st.button("Stop", key="sweep_stop", on_click=acting.steer, args=(sweep.stop, one.id, store))
        if one.can_be_resumed and not one.counts["running"]:
            st.button(
                "Resume",
                key="sweep_resume",
                type="primary",
                on_click=acting.steer,
                args=(sweep.resume, one.id, store),
                help="Trials that were stopped or lost go on from their checkpoints; those that had not begun wait in "
                "the queue again.",
            )


def _best(one: Sweep, best: Trial) -> None:
    values = ", ".join(f"{SETTINGS[name].label} **{shown(value)}**" for name, value in best.values.items())
    best_yet = f"Best of the {len(one.ranked)} that finished" if one.counts["stopped"] else "Best"
    best_yet = "Best so far" if one.is_active else best_yet
    accuracy = unbroken(percent(best.accuracy or 0))
    st.markdown(f"{best_yet}: {values}, with a validation accuracy of **{accuracy}**.{_luck(one, best)}")
    with st.container(horizontal=True, vertical_alignment="center", key="sweep_best"):
        st.page_link(frame.page_script("Train"), label="Open this trial", query_params={"run": best.run.id})
        if st.button(
            "What does it get wrong?", key="sweep_evaluate", help="On the held-out images by which it was chosen."
        ):
            _evaluate(best)
        longer = min(MAX_EPOCHS, _LONGER * best.run.config.train.epochs)
        if longer > best.run.config.train.epochs and st.button(
            f"Train it for {longer} epochs", key="sweep_longer", help="Sets the recipe on Train; start it there."
        ):
            _train_longer(one, best, longer)


def _luck(one: Sweep, best: Trial) -> str:
    """How many other trials may be as good, with a warning that the best of many has been lucky."""
    if len(one.ranked) < _MANY:
        return ""
    accuracy, held_out = best.accuracy or 0.0, one.config.base.train.validation_size
    spread = luck_between(accuracy, held_out)
    as_good = sum(accuracy - (trial.accuracy or 0.0) <= spread for trial in one.ranked) - 1
    others = {0: "no other is", 1: "one other is"}.get(as_good, f"{as_good} others are")
    return (
        f" With {held_out:,} images, a difference of less than {points(spread)} may be luck: {others} that close. And "
        f"the best of {len(one.ranked)} has itself been lucky, so expect a little less of it on other digits."
    )


def _evaluate(best: Trial) -> None:
    """Open Evaluate on the validation images: no trial has read the test set."""
    controls = {"evaluate_view": "overview", "evaluate_split": splits.VALIDATION}
    frame.go_to("Evaluate", controls, model=best.run.id)


def _train_longer(one: Sweep, best: Trial, epochs: int) -> None:
    note = f"Like trial {best.number} of the sweep {verbatim(one.config.name)}, but with **{epochs} epochs**."
    st.session_state[recipe.WANTED] = recipe.Wanted(best.run.config.with_training(epochs=epochs), note)
    st.switch_page(frame.page_script("Train"), query_params={})


def _pictures(one: Sweep) -> None:
    drawn = sweep_figures.figures(one.id, one.outcomes, not one.is_active)
    if drawn is None:
        st.skeleton(height=300) if one.is_active else st.caption("No trial has finished.")
        return
    if drawn.parallel is None:
        _slices(drawn)
        return
    by_setting, together, importance = st.tabs(["Setting by setting", "All together", "Importance"])
    with by_setting:
        _slices(drawn)
    with together:
        _chart(drawn.parallel, "sweep_parallel")
        st.caption("A line is a finished trial: the higher its accuracy, the more orange and the thicker.")
    with importance:
        _importance(drawn, one.is_active)


def _chart(figure: "go.Figure", key: str) -> None:
    st.plotly_chart(figure, key=key, config=_PLAIN, alt=figure.layout.meta)


def _slices(drawn: sweep_figures.Figures) -> None:
    with st.container(key="sweep_slices"):
        for number, figure in enumerate(drawn.slices):
            _chart(figure, f"sweep_slice_{number}")
    st.caption("A dot is a trial that reached its last epoch, a cross one that was pruned or failed before that.")


def _importance(drawn: sweep_figures.Figures, is_active: bool) -> None:
    if drawn.importance is None:
        st.caption("After eight finished trials, this shows which setting mattered most.")
        return
    _chart(drawn.importance, "sweep_importance")
    marks = (
        "When the sweep is over, marks will show what may be chance."
        if is_active
        else "A mark is what a setting that does not matter reaches by chance in 1 of 20 cases: a bar that ends "
        "before it says nothing yet."
    )
    st.caption(f"How much the best trials' values differ from those of all trials, as a share (PED-ANOVA). {marks}")

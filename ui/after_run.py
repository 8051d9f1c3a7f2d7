"""What comes after a run: its result compared with others, more epochs, and the same again with one thing changed."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from mnistlab import jobs, links
from mnistlab.config import MAX_CHANNELS, MAX_WIDTH, AugmentConfig, RunConfig, TrainConfig, parse_config
from mnistlab.figures import percent, points
from mnistlab.heldout import last_accuracies
from mnistlab.intervals import luck_between
from mnistlab.parsing import problem_with
from mnistlab.presets import TUTORIAL_ACCURACY
from mnistlab.runs import Run
from mnistlab.space import MILD_WARP
from ui import acting, frame, identity, models, rates, recipe, recipe_link, resources, sweep_form, taking_home
from ui.words import duration

_MORE_EPOCHS = 5
_DROPOUT = 0.3
_Change = Callable[[dict[str, dict[str, object]]], None]  # applied to the output of RunConfig.model_dump


def show_links(run: Run) -> None:
    """Show where to go from a run that has ended."""
    link_to_its_network(run)
    if run.state == "finished":
        _link_to_comparison(run)
    if run.state == "finished" and resources.store().weights_step(run.id, "checkpoint") is not None:
        st.button(
            f"{_MORE_EPOCHS} more epochs",
            key="run_extend",
            on_click=acting.act,
            args=(jobs.extend, run.id, _MORE_EPOCHS, resources.store()),
            help=_about_more(run.config.train),
        )


def link_to_its_network(run: Run) -> None:
    """Show what can be done with a run's network once the run is over; if it failed, what can still be exported."""
    if models.is_loadable(run):
        st.page_link(frame.page_script("Evaluate"), label="See its mistakes", query_params={"model": run.id})
        st.page_link(frame.page_script("Draw"), label="Draw with it", query_params={"model": run.id})
    if models.is_loadable(run) or (run.state == "failed" and run.step > 0):
        taking_home.show(run.id)


def _about_more(train: TrainConfig) -> str:
    goes_on = "It goes on from where it ended, with the same optimizer and random numbers"
    if train.schedule == "constant":
        return f"{goes_on}."
    return (
        f"{goes_on}. The schedule has lowered its learning rate to almost nothing; it will be that of a run of "
        f"{train.epochs + _MORE_EPOCHS} epochs, so the loss may rise at first."
    )


def _link_to_comparison(run: Run) -> None:
    before = last_run_before(run)
    if before is not None:
        both = f"{run.id},{before.id}"
        st.page_link(frame.page_script("Runs"), label="Compare with the last", query_params={"runs": both})


def result_line(run: Run, last: Run | None) -> str:
    """The result in one sentence, compared with the tutorial's and with the visitor's last run."""
    if run.result is None:
        return _untested_line(run)
    accuracy = run.result["test_accuracy"]
    others = []
    if run.config.preset in TUTORIAL_ACCURACY and run.config.dataset == "mnist":
        theirs = TUTORIAL_ACCURACY[run.config.preset]
        others.append(f"{_compared(accuracy, theirs)} the tutorial's {percent(theirs)} after 10 epochs")
    if last is not None and last.result is not None:
        before = last.result["test_accuracy"]
        others.append(f"{_compared(accuracy, before)} your previous run ({percent(before)}, {last.id})")
    compared = f": {', and '.join(others)}" if others else ""
    return (
        f"It reads **{percent(accuracy)}** of the test digits correctly{compared}. Test loss "
        f"{run.result['test_loss']:.4f}, {duration(run.seconds)} of training at {run.images_per_second or 0:,.0f} "
        f"images/s. {_luck(run)}{_readings(run)}"
    )


def _untested_line(run: Run) -> str:
    """The result of a sweep's trial, which is judged by the held-out images and has not read the test set."""
    accuracy = last_accuracies([run.id], resources.store()).get(run.id)
    read = "It is done"
    if accuracy is not None:
        read = f"It reads **{percent(accuracy)}** of the held-out images correctly (validation accuracy)"
    return (
        f"{read}, after {duration(run.seconds)} of training. As a trial of a sweep it has not "
        "been tested: Evaluate tests it, and so does training it for more epochs."
    )


def last_run_before(run: Run) -> Run | None:
    """The visitor's run before this one that was tested, on the same data set."""
    me = identity.owner()
    if run.owner != me:
        return None
    for other in resources.store().runs(limit=100, states=["finished"], with_trials=False, owner=me):
        is_like_it = other.config.dataset == run.config.dataset and not other.is_imported
        if is_like_it and other.created < run.created and other.result is not None:
            return other
    return None


def _compared(accuracy: float, other: float) -> str:
    if points(accuracy - other) == points(0):
        return "the same as"
    return f"{points(accuracy - other)} {'above' if accuracy > other else 'below'}"


def _luck(run: Run) -> str:
    """How far apart the results of two equally good networks may well lie."""
    assert run.result is not None
    num_images = sum(total for _, total in run.result["per_digit"])
    spread = luck_between(run.result["test_accuracy"], num_images)
    return (
        f"With {num_images:,} digits, a difference of less than {points(spread)} may be luck; Runs compares two runs "
        "digit by digit, which is more exact."
    )


def _readings(run: Run) -> str:
    number = run.test_readings
    if number < 2:
        return ""
    advice = "trust the validation curve" if run.config.train.validation_size else "hold images out to judge it by"
    return (
        f" The test set was read {number} times for this run. To stop where it reads best flatters the network, so "
        f"{advice}."
    )


def offer_changes(run: Run) -> None:
    """Offer the same run again, with one thing changed."""
    st.markdown("**Change one thing and run again**")
    with st.container(horizontal=True, key="after_changes"):
        found = _changes(run.config, may_be_faster=run.state != "failed")
        changes = {label: change for label, change in found.items() if _is_open(run.config, change)}
        for number, (label, change) in enumerate(changes.items()):
            st.button(label, key=f"change_{number}_{run.id}", on_click=_want, args=(run, label, change))
        sweep_form.link_to(run)
    noted = st.session_state.get(recipe.JUST_SET)
    if noted == run.id:
        st.caption("The recipe is set: start it.")
    st.caption(_what_to_choose_by(run))


def _is_open(config: RunConfig, change: _Change) -> bool:
    """Whether the link in force, which may lock settings, leaves anything of a change."""
    link = recipe_link.in_force()
    if link is None:
        return True
    return links.hold(_changed(config, change), link) != links.hold(config, link)


def _what_to_choose_by(run: Run) -> str:
    last = last_run_before(run)
    known = last_accuracies([one.id for one in (run, last) if one is not None], resources.store())
    if run.id not in known:
        if run.config.train.validation_size:
            return "It ended before its first epoch did, so there is no validation accuracy to choose by."
        return (
            "This recipe holds no images out. If you try many changes and keep the one with the best test accuracy, "
            "you keep a lucky one: choose a validation size under More, and go by the validation accuracy."
        )
    compared = ""
    if last is not None and last.id in known:
        compared = f", and {percent(known[last.id])} for your previous run ({last.id})"
    return (
        f"To choose between changes, go by the validation accuracy: {percent(known[run.id])} here{compared}. The test "
        "set is for the final verdict: the more often you choose by it, the more it flatters."
    )


def _want(run: Run, label: str, change: _Change) -> None:
    note = f"Like run {run.id}, but with **{label[0].lower()}{label[1:]}**."
    st.session_state[recipe.WANTED] = recipe.Wanted(_changed(run.config, change), note)
    st.session_state[recipe.JUST_SET] = run.id


def _changed(config: RunConfig, change: _Change) -> RunConfig:
    values = config.model_dump()
    change(values)
    return parse_config(values)


def _set_rate(rate: float, values: dict[str, dict[str, object]]) -> None:
    values["train"]["learning_rate"] = rate


def _changes(config: RunConfig, may_be_faster: bool = True) -> dict[str, _Change]:
    """Changes to offer, by the labels of their buttons.

    may_be_faster: offer a higher learning rate, too; a failed run's was most often too high already.
    """
    rate = config.train.learning_rate
    factors = (3, 1 / 3) if may_be_faster else (1 / 10, 1 / 30)  # a tenth is what a diverged run advises
    found: dict[str, _Change] = {}
    for other in (rates.changed(rate, factor) for factor in factors):
        if problem_with(TrainConfig, "learning_rate", other) is None:
            found[f"Learning rate {rates.shown(other)}"] = partial(_set_rate, other)
    name, most = ("hidden", MAX_WIDTH) if config.model.kind == "mlp" else ("channels", MAX_CHANNELS)
    wide = tuple(2 * width for width in getattr(config.model, name))
    if wide and max(wide) <= most:
        found["Twice the width"] = lambda values: values["model"].update({name: wide})
    dropout = 0 if config.model.dropout else _DROPOUT
    label = f"Dropout {dropout:g}" if dropout else "No dropout"
    found[label] = lambda values: values["model"].update(dropout=dropout)
    augment = AugmentConfig() if config.augment.is_active else MILD_WARP
    label = "Augmentation" if augment.is_active else "No augmentation"
    found[label] = lambda values: values.update(augment=augment.model_dump())
    return found

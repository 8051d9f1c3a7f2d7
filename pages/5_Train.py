"""Train: choose a recipe, press Start, watch the network learn, steer it."""

from typing import Any

import streamlit as st

from mnistlab.config import RunConfig, parse_config
from mnistlab.errors import RunNotFoundError
from mnistlab.figures import count_of
from mnistlab.presets import get_preset
from mnistlab.queue import Queue
from ui import frame, identity, pacing, recipe, resources, run_charts, run_view, starting, time_estimate, turns, waiting
from ui.address import Address, quoted
from ui.experiments import Experiment, Subject, try_this
from ui.recipe import WANTED, Wanted
from ui.words import duration, run_label, verbatim

_LOOK_AGAIN = 10.0  # seconds between two updates of what a run would wait for


def _tutorial(note: str, model: dict[str, Any] | None = None, **train: Any) -> dict[str, Any]:
    """The tutorial's network with a change, shuffled and validated, for two epochs by default."""
    values = get_preset("tutorial-mlp").config.model_dump()
    its_epochs = values["train"]["epochs"]
    values["model"] |= model or {}
    values["train"] |= {"epochs": 2, "shuffle": True, "validation_size": 5000} | train
    epochs, held_out = values["train"]["epochs"], values["train"]["validation_size"]
    shorter = f"{count_of(epochs, 'epoch')}, " if epochs != its_epochs else ""
    also = f"Also unlike the tutorial: {shorter}images shuffled, {held_out:,} of them held out."
    return {WANTED: Wanted(parse_config(values), f"Experiment: **{note}**. {also}")}


_EXPERIMENTS = (
    Experiment(
        "Giant steps",
        "Start it and watch the loss jump: each step goes ten times too far. Then go on by hand: open Learning rate "
        "while it runs, choose 0.1, and see it calm down.",
        _tutorial("learning rate 1", learning_rate=1.0, epochs=10),
    ),
    Experiment(
        "Tiny steps",
        "Start it and watch the loss crawl: after two epochs it is no lower than the tutorial's network is after "
        "its first hundred steps. It learns the same things, a hundred times more slowly.",
        _tutorial("learning rate 0.001", learning_rate=0.001),
    ),
    Experiment(
        "Sigmoid, deep",
        "Start it: the loss stays near 2.30, which is guessing. Open Gradients to see why, then choose relu under "
        "More and run it again.",
        _tutorial("five layers of 64 sigmoids", {"hidden": (64,) * 5, "activation": "sigmoid"}),
    ),
    Experiment(
        "One digit at a time",
        "Start it: each step learns from a single digit, so the faint curve is wild, and yet its mean falls. The "
        "learning rate is ten times smaller, or training would break down.",
        _tutorial("batch size 1, learning rate 0.01", batch_size=1, learning_rate=0.01, epochs=1),
    ),
)


def draw() -> None:
    address = Address()
    try_this("train_try", _EXPERIMENTS, Subject(_watched_run, _is_of))
    picture, controls = st.columns(frame.PICTURE_AND_CONTROLS, gap="medium")
    with controls:
        start = st.container()  # above the settings, where nobody has to look for it
        config = recipe.choose(address)
        with start:
            _start_button(config)
    with picture:
        run_id = _watched_run()
        if run_id is None:
            st.info("No run yet. Press Start: the first curve appears within seconds.")
            run_charts.show_nothing_yet(config.train.epochs if config else 1)
        else:
            _show_run(run_id)
    _show_code()


def _is_of(run_id: str, experiment: Experiment) -> bool:
    wanted: Wanted = experiment.settings[WANTED]
    return resources.store().run(run_id).config == wanted.config


def _show_code() -> None:
    from mnistlab import backprop  # needs torch, which loads after the page is on screen
    from mnistlab.optimizers import build_optimizer, learning_rate_at
    from mnistlab.training import train_epochs, train_step

    by_hand = (backprop.backpropagate, backprop.gradient_of_logits, backprop.hand_back)
    frame.show_code(train_epochs, train_step, *by_hand, build_optimizer, learning_rate_at)


def _start_button(config: RunConfig | None) -> None:
    started = starting.button("Start", config, "train_start", width="stretch")
    if started is not None:
        st.query_params["run"] = started
        st.rerun()  # the sidebar, which lists what is running, is drawn already
    if config is not None:
        _tell_times(config)


def _tell_times(config: RunConfig) -> None:
    """Show how long it takes, and when it would begin; refreshed, because other runs change that."""
    found = Queue.read(resources.store())
    read = turns.first_then(found, lambda: Queue.read(resources.store()))

    @turns.fragment(run_every=(lambda: pacing.slowed(_LOOK_AGAIN)) if found.active else None)
    def times_fragment() -> None:
        queue, paces = read(), time_estimate.paces()
        own = starting.own_among(queue.active)
        is_going_on = any(run.config == config for run in own)
        next_one = "" if not own or is_going_on else "For the next run. "
        before = "" if is_going_on else waiting.line_before(config, identity.owner(), queue, paces)
        st.caption(f"{next_one}{_time_needed(config, paces)} {before}".rstrip())

    times_fragment()


def _time_needed(config: RunConfig, paces: time_estimate.Paces) -> str:
    estimate = time_estimate.of_run(config, paces)
    if estimate is None:
        return "How long it takes will show after the first few seconds."
    return f"Takes about {duration(estimate[0])}, judging by run {estimate[1]}."


def _watched_run() -> str | None:
    """The run in the URL, else the visitor's newest one, else the newest of all."""
    if "run" in st.query_params:
        return st.query_params["run"]
    store = resources.store()
    own = store.runs(limit=1, with_trials=False, owner=identity.owner())
    return next((run.id for run in own or store.runs(limit=1, with_trials=False)), None)


def _show_run(run_id: str) -> None:
    try:
        run_view.show(run_id)
    except RunNotFoundError:
        others = resources.store().runs(limit=3, with_trials=False)
        still_here = " The newest of the others:" if others else ""
        st.warning(f"There is no run {quoted(run_id)} in this lab; it may have been deleted.{still_here}")
        for run in others:
            label = f"Watch {verbatim(run_label(run))}"
            st.page_link(frame.page_script("Train"), label=label, query_params={"run": run.id})


frame.show_page("Train", draw)

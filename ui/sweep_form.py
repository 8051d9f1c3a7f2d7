"""The form for a sweep: the recipe, the settings to vary with their values, and how they are chosen."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st

from mnistlab import sweep
from mnistlab.classics import CLASSICS, Classic
from mnistlab.config import MAX_EPOCHS, RunConfig
from mnistlab.data import HOLD_OUT_SIZE
from mnistlab.errors import ConfigError, RunNotFoundError, SweepNotFoundError
from mnistlab.figures import count_of
from mnistlab.presets import PRESETS
from mnistlab.runs import Run
from mnistlab.sweep_config import MAX_TRIALS, SweepConfig, parse_sweep
from ui import frame, resources, sweep_values
from ui.address import Address, quoted
from ui.experiments import Experiment, Subject, try_this

# The classic experiment chosen; its name is part of the form's keys, so that each starts with its own values.
_CHOSEN = "sweep_classic"
_FIRST = "learning-rate"
_CLASSIC = "classic"  # in the address: its name
_OWN = "own"
_LIKE = "like"  # in the URL and in the session: the run whose recipe all trials share
_TAKEN = "like_taken"  # in the session: the run that the URL names, once it was applied
_SAMPLERS = {"grid": "every combination", "random": "at random", "tpe": "guided by the results (TPE)"}
_PRUNERS = {"none": "runs to the end all the same", "median": "ends if below the median", "hyperband": "Hyperband"}


def guide(watched: Callable[[], str | None]) -> None:
    """Offer the classic experiments.

    watched: returns the id of the sweep that the page shows.
    """

    def was_made_by(sweep_id: str, experiment: Experiment) -> bool:
        return is_of(sweep_id, CLASSICS[experiment.settings[_CHOSEN]].config)

    try_this("sweep_try", [_experiment(classic) for classic in CLASSICS.values()], Subject(watched, was_made_by))


def is_of(sweep_id: str, config: SweepConfig) -> bool:
    """Whether a sweep has just this config; False for one made by another version."""
    try:
        return sweep.config_of(sweep_id, resources.store()) == config
    except SweepNotFoundError:
        return False


def _experiment(classic: Classic) -> Experiment:
    trials = count_of(classic.config.size, "trial")
    about = f"{trials}, about {classic.minutes:g} min with one worker: press Start. {classic.watch}"
    return Experiment(classic.title, about, {_CHOSEN: classic.name})


def choose() -> SweepConfig | None:
    """Show the form; return its config, or None while that is not allowed, which the form says."""
    name = _classic()
    start, key = CLASSICS[name].config, f"sweep_{name}"
    _take_run(key)
    values: dict[str, Any] = {"base": _recipe(start, key)}
    values["parameters"] = sweep_values.choose(start, key)
    values |= _how(start, key)
    try:
        config = parse_sweep(values)
        is_classic = config.parameters == start.parameters
        return config.model_copy(update={"title": start.title}) if is_classic else config
    except ConfigError as error:
        _say_what_no_parameter_says(error)
        return None


def _classic() -> str:
    """The classic that the form starts from. The URL names it, for a reload or a link.

    The URL is read once: if two experiments are clicked quickly, the second click still comes with the old URL.
    """
    if _CHOSEN not in st.session_state:
        Address().check_choice(_CLASSIC, "experiment", list(CLASSICS))
        given = st.query_params.get(_CLASSIC)
        st.session_state[_CHOSEN] = given if given in CLASSICS else _FIRST
    chosen: str = st.session_state[_CHOSEN]
    st.query_params[_CLASSIC] = chosen
    return chosen


def _say_what_no_parameter_says(error: ConfigError) -> None:
    """Show errors that concern no single parameter; those that do are shown below it."""
    rest = [line for line in str(error).splitlines() if not line.startswith("parameters.")]
    if rest:
        st.error("  \n".join(map(sweep_values.sentence, rest)))
    else:
        st.caption("Start is off until the setting marked above is corrected.")


def _take_run(key: str) -> None:
    """Choose the recipe of the run that the URL names, once per run."""
    run_id = st.query_params.get(_LIKE)
    if run_id is None or run_id == st.session_state.get(_TAKEN):
        return
    try:
        resources.store().run(run_id)
    except RunNotFoundError:
        st.warning(f"There is no run {quoted(run_id)} in this lab to take the recipe of.")
        return
    st.session_state[_LIKE] = st.session_state[_TAKEN] = st.session_state[f"{key}_recipe"] = run_id


def _recipe(start: SweepConfig, key: str) -> dict[str, Any]:
    """The recipe that all trials share, except for what is varied."""
    recipes = {_OWN: start.base, **_recipe_of_the_run(), **{name: preset.config for name, preset in PRESETS.items()}}

    def called(name: str) -> str:
        if name in PRESETS:
            return PRESETS[name].title
        config, whose = recipes[name], "" if name == _OWN else f"of run {name}: "
        return f"{whose}{config.model.shape}, {config.train.optimizer}"

    if st.session_state.get(f"{key}_recipe") not in recipes:  # of a run that was deleted
        st.session_state.pop(f"{key}_recipe", None)
    chosen = st.selectbox(
        "Recipe",
        list(recipes),
        format_func=called,
        key=f"{key}_recipe",
        persist_state="session",
        help="What all trials have in common. If it holds no images out for validation, 5,000 are held out all the "
        "same. For a recipe of your own, train it once and choose Vary its settings below its result.",
    )
    _keep_address(chosen)
    values = recipes[chosen].model_dump()
    values["train"]["validation_size"] = values["train"]["validation_size"] or HOLD_OUT_SIZE
    values["train"]["epochs"] = st.number_input(
        "Epochs of each trial", 1, MAX_EPOCHS, start.base.train.epochs, key=f"{key}_epochs", persist_state="session"
    )
    return values


def _keep_address(chosen: str) -> None:
    """Let the URL name the run whose recipe is chosen, and no other."""
    if chosen == st.session_state.get(_LIKE):
        st.query_params[_LIKE] = st.session_state[_TAKEN] = chosen
    elif _LIKE in st.query_params and st.query_params[_LIKE] == st.session_state.pop(_TAKEN, None):
        del st.query_params[_LIKE]


def _recipe_of_the_run() -> dict[str, RunConfig]:
    """The recipe of the run that the form was opened with, by its id; empty if there is none, or it is gone."""
    run_id = st.session_state.get(_LIKE)
    with suppress(RunNotFoundError):
        return {run_id: resources.store().run(run_id).config} if run_id else {}
    return {}


def link_to(run: Run) -> None:
    """Draw a link to the form with the recipe of a run in it."""
    st.page_link(
        frame.page_script("Sweep"),
        label="Vary its settings",
        query_params={_LIKE: run.id},
        help="A sweep: many runs of this recipe that differ in one or a few settings.",
    )


def _how(start: SweepConfig, key: str) -> dict[str, Any]:
    """How values are chosen, how many trials there are, and which of them end early."""
    values: dict[str, Any] = {"sampler": _menu("Values are chosen", _SAMPLERS, start, key, "sampler")}
    if values["sampler"] != "grid":
        begin = start.num_trials if start.sampler != "grid" else 12
        values["num_trials"] = st.number_input(
            "Trials",
            1,
            MAX_TRIALS,
            begin,
            key=f"{key}_trials",
            persist_state="session",
            help=SweepConfig.model_fields["num_trials"].description,
        )
    values["pruner"] = _menu("A trial that lags behind", _PRUNERS, start, key, "pruner")
    return values


def _menu(label: str, words: dict[str, str], start: SweepConfig, key: str, field: str) -> str:
    """A menu of a field's values, labelled by `words`."""
    options = list(words)
    return st.selectbox(
        label,
        options,
        options.index(getattr(start, field)),
        format_func=words.__getitem__,
        key=f"{key}_{field}",
        persist_state="session",
        help=SweepConfig.model_fields[field].description,
    )

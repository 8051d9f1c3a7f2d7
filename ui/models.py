"""Choosing a model: the built-in ones and every run that has learned something."""

from dataclasses import dataclass

import streamlit as st

from mnistlab.builtin import DEFAULT_MODEL, builtin_names, builtin_record
from ui import resources
from ui.words import percent, run_label


@dataclass(frozen=True)
class ModelChoice:
    """A model that can be loaded; `step` tells a run's newer weights from its older ones."""

    name: str
    step: int
    label: str


def choices() -> dict[str, ModelChoice]:
    """What there is to choose from, by name: the newest runs first, then the built-in models."""
    runs = [run for run in resources.store().runs(states=["finished", "stopped"]) if run.step > 0]
    found = [ModelChoice(run.id, run.step, run_label(run)) for run in runs]
    for name in builtin_names():
        accuracy = percent(builtin_record(name)["test_accuracy"])
        found.append(ModelChoice(name, 0, f"{name}, comes with the lab, {accuracy}"))
    return {choice.name: choice for choice in found}


def choose(key: str, label: str = "Model", parameter: str = "model", start: str = DEFAULT_MODEL) -> ModelChoice:
    """Show a menu of models; what is chosen stands in the address as `parameter` and survives a change of page."""
    there = choices()
    _take_from_address(key, parameter, list(there), start)
    if st.session_state.get(key) not in there:
        st.session_state[key] = start
    name = st.selectbox(
        label,
        list(there),
        format_func=lambda name: there[name].label,
        key=key,
        persist_state="session",
        help="The built-in models, and every run of yours that is finished or stopped. The percentage is its "
        "test accuracy.",
    )
    st.query_params[parameter] = name
    st.session_state[f"{key}_address"] = name
    return there[name]


def _take_from_address(key: str, parameter: str, names: list[str], start: str) -> None:
    """Follow a link once; from then on the menu decides."""
    given = st.query_params.get(parameter)
    if not given or st.session_state.get(f"{key}_address") == given:
        return
    st.session_state[f"{key}_address"] = given
    if given in names:
        st.session_state[key] = given
    else:
        st.warning(f"This lab has no model called {given[:40]!r}, so you see {start} instead.")

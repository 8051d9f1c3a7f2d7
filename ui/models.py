"""Choose a model: a built-in one, or any run that has learned something."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from mnistlab.builtin import DEFAULT_MODEL, builtin_names, builtin_record
from mnistlab.config import DatasetName
from mnistlab.errors import RunNotFoundError
from mnistlab.figures import percent
from mnistlab.ids import is_run_id
from mnistlab.runs import Run
from ui import identity, resources
from ui.address import quoted
from ui.words import run_label, verbatim

if TYPE_CHECKING:
    from mnistlab.predict import Predictor

_OVER = ("finished", "stopped")


@dataclass(frozen=True)
class ModelChoice:
    """A model that can be loaded; `step` distinguishes a run's newer weights from older ones."""

    name: str
    step: int
    label: str
    short: str  # a name for headings, without the menu's details
    is_own: bool = False  # whether it is a run of this visitor
    dataset: DatasetName = "mnist"

    @property
    def predictor(self) -> "Predictor":
        """The model itself."""
        return resources.predictor(self.name, self.step)


def choices(asked: Collection[str] = ()) -> dict[str, ModelChoice]:
    """The models to choose from, by name: the newest runs, the visitor's own first, then the built-in models.

    Of a sweep's trials, only those with a star or a name, or that are `asked` for: thirty that differ in one number
    would bury all others.
    """
    store, me = resources.store(), identity.owner()
    newest = (*store.runs(states=_OVER, with_trials="kept", owner=me), *store.runs(states=_OVER, with_trials="kept"))
    runs = {run.id: run for run in newest}
    for name in filter(is_run_id, set(asked) - set(runs)):
        with suppress(RunNotFoundError):
            run = store.run(name)
            if run.state in _OVER:
                runs[name] = run
    loadable = store.runs_with_weights()
    found = [
        ModelChoice(run.id, run.step, run_label(run), f"{run.title}, {run.id}", run.owner == me, run.config.dataset)
        for run in runs.values()
        if run.id in loadable
    ]
    for name in builtin_names():
        accuracy = percent(builtin_record(name)["test_accuracy"])
        found.append(ModelChoice(name, 0, f"{name}, {accuracy}, built in", name))
    return {choice.name: choice for choice in found}


def of_dataset(dataset: DatasetName, key: str) -> str | None:
    """A model that learned from this data set: the one that the menu of this key shows, else the visitor's newest,
    else a built-in one; None if there is none."""
    shown = st.session_state.get(key, "")
    there = {name: one for name, one in choices([shown]).items() if one.dataset == dataset}
    preferred = [shown, *(name for name, one in there.items() if one.is_own), DEFAULT_MODEL, *there]
    return next((name for name in preferred if name in there), None)


def is_loadable(run: Run) -> bool:
    """Whether it is over and has kept weights, so that it is a model."""
    return run.state in _OVER and resources.store().weights_step(run.id) is not None


def choose(
    key: str, label: str = "Model", parameter: str = "model", start: str | None = None, without: str | None = None
) -> ModelChoice:
    """Show a menu of models; the choice is kept in the URL as `parameter` and survives a change of page.

    start: what is shown until the visitor chooses; by default their newest run as of each visit to the page.
    A reload keeps what it shows, as a link does.
    without: a model that this menu does not offer.
    """
    there = choices([*st.query_params.get_all(parameter), st.session_state.get(key, "")])
    there.pop(without or "", None)
    start = start or next((name for name, model in there.items() if model.is_own), DEFAULT_MODEL)
    _settle(key, parameter, there, start, without)
    name = st.selectbox(
        label,
        list(there),
        format_func=lambda name: there[name].label,
        key=key,
        persist_state="session",
        on_change=lambda: st.session_state.update({f"{key}_chosen": True}),
        help="The built-in models and the newest finished or stopped runs, your own first; of a sweep's trials only "
        "those with a star or a name. The percentage is the test accuracy.",
    )
    st.query_params[parameter] = name
    st.session_state[f"{key}_address"] = [name]
    return there[name]


def _settle(key: str, parameter: str, there: Mapping[str, ModelChoice], start: str, without: str | None) -> None:
    """Set a menu to what a link names, else to what it showed last, else to `start`; warn of what cannot be shown."""
    chosen, has_just_come = f"{key}_chosen", parameter not in st.query_params
    asked = [name for name in _asked_anew(key, parameter)[-1:] if name != without]
    wanted = asked[0] if asked else st.session_state.get(key)
    if asked and wanted in there:
        st.session_state[key], st.session_state[chosen] = wanted, True
    if st.session_state.get(key) not in there or (has_just_come and not st.session_state.get(chosen)):
        st.session_state[key] = start
    if wanted is not None and wanted not in (without, *there):
        instead = verbatim(there[st.session_state[key]].short)
        st.warning(f"{_why_not(wanted)}, so you see {instead} instead.")


def _why_not(name: str) -> str:
    """Why a model is not in the menu."""
    if is_run_id(name):
        with suppress(RunNotFoundError):
            state = resources.store().run(name).state
            if state not in _OVER:
                said = "has failed" if state == "failed" else f"is {state} now"
                return f"The run {quoted(name)} {said}"
    return f"This lab has no model called {quoted(name)}"


def _asked_anew(key: str, parameter: str) -> list[str]:
    """The models that a link names, once; from then on the menu decides."""
    given = st.query_params.get_all(parameter)
    if st.session_state.get(f"{key}_address") == given:
        return []
    st.session_state[f"{key}_address"] = given
    return [name for name in given if name]


@dataclass(frozen=True)
class Several:
    """A menu of models, of which up to `most` may be chosen; the choice is known before the menu is drawn."""

    key: str
    most: int
    there: dict[str, ModelChoice]

    @classmethod
    def of(cls, key: str, most: int = 3) -> "Several":
        """Look up the models to choose from, and choose those that a link names."""
        there = choices([*st.query_params.get_all("model"), *st.session_state.get(key, [])])
        _settle_several(key, there, most)
        kept = [name for name in st.session_state.get(key, []) if name in there]
        st.session_state[key] = kept or [DEFAULT_MODEL]
        return cls(key, most, there)

    @property
    def chosen(self) -> list[ModelChoice]:
        """At least one."""
        return [self.there[name] for name in st.session_state[self.key]]

    def show(self) -> None:
        """Draw the menu; each chosen model is kept in the URL as `model`."""
        st.multiselect(
            f"Models, up to {self.most}",
            list(self.there),
            format_func=lambda name: self.there[name].label,
            key=self.key,
            max_selections=self.most,
            persist_state="session",
            help="All of them read the same drawing. The percentage is the test accuracy.",
        )
        names = [model.name for model in self.chosen]
        st.query_params["model"] = names
        st.session_state[f"{self.key}_address"] = names


def _settle_several(key: str, there: dict[str, ModelChoice], most: int) -> None:
    """Choose what a link names, else leave what was chosen; warn of what cannot be shown, such as a deleted run."""
    given = _asked_anew(key, "model")
    unknown = [name for name in given or st.session_state.get(key, []) if name not in there]
    if unknown:
        st.warning(f"{_why_not(unknown[0])}; you see the others, or {DEFAULT_MODEL}.")
    known = list(dict.fromkeys(name for name in given if name in there))
    if len(known) > most:
        st.warning(f"At most {most} models read at a time: you see the first {most}.")
    if known:
        st.session_state[key] = known[:most]

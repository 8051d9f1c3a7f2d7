""" "Try this": experiments of one click, which set a page's controls and say what to watch for."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from mnistlab.errors import MnistLabError


@dataclass(frozen=True)
class Experiment:
    """The button's label, the widgets it sets by their keys, and what to watch for afterwards."""

    label: str
    watch: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def is_in_view(self) -> bool:
        """Whether the page still shows the view, if it has several, that this experiment opened."""
        views = {name: value for name, value in self.settings.items() if name.endswith("_view")}
        return all(st.session_state.get(name) == value for name, value in views.items())


@dataclass(frozen=True)
class Subject:
    """What a page shows besides its settings, a run or a sweep: a hint must not stay when another one is shown."""

    watched: Callable[[], str | None]  # the id of what is shown now
    is_of: Callable[[str, Experiment], bool]  # whether the one of this id was made by an experiment


def try_this(key: str, experiments: Sequence[Experiment], subject: Subject | None = None) -> None:
    """Show a button for each experiment, and one line: what to watch for in the one that was pressed last."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_buttons"):
        st.markdown("**Try this**", width="content")
        for number, experiment in enumerate(experiments):
            st.button(experiment.label, key=f"{key}_{number}", on_click=_begin, args=(key, number, experiment, subject))
    begun = st.session_state.get(f"{key}_begun")
    told = None if begun is None else experiments[begun]
    is_told = told is not None and told.is_in_view and _is_about(key, told, subject)
    st.caption(told.watch if told and is_told else "Each sets the controls below for you.")


def _is_about(key: str, experiment: Experiment, subject: Subject | None) -> bool:
    """Whether the page shows the same as when the button was pressed, or what the experiment has produced since."""
    shown = None if subject is None else subject.watched()
    if subject is None or shown == st.session_state.get(f"{key}_over"):
        return True
    with suppress(MnistLabError):
        return shown is not None and subject.is_of(shown, experiment)
    return False


def _begin(key: str, number: int, experiment: Experiment, subject: Subject | None) -> None:
    st.session_state[f"{key}_begun"] = number
    st.session_state[f"{key}_over"] = None if subject is None else subject.watched()
    for name, value in experiment.settings.items():
        st.session_state[name] = value

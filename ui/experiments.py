""" "Try this": experiments of one click, which set a page's controls and say what to watch for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st


@dataclass(frozen=True)
class Experiment:
    """What the button says, the widgets it sets by their keys, and what to watch for afterwards."""

    label: str
    watch: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def is_in_view(self) -> bool:
        """Whether the page still shows the view, if it has several, that this has opened."""
        views = {name: value for name, value in self.settings.items() if name.endswith("_view")}
        return all(st.session_state.get(name) == value for name, value in views.items())


def try_this(key: str, experiments: Sequence[Experiment]) -> None:
    """Show a button for each experiment, and one line: what to watch for in the one that was pressed last."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_buttons"):
        st.markdown("**Try this**", width="content")
        for number, experiment in enumerate(experiments):
            st.button(experiment.label, key=f"{key}_{number}", on_click=_begin, args=(key, number, experiment))
    begun = st.session_state.get(f"{key}_begun")
    told = None if begun is None else experiments[begun]
    st.caption(told.watch if told and told.is_in_view else "Each sets the controls below for you.")


def _begin(key: str, number: int, experiment: Experiment) -> None:
    st.session_state[f"{key}_begun"] = number
    for name, value in experiment.settings.items():
        st.session_state[name] = value

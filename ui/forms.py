"""Widgets made from a config's fields: label, help, bounds and unit are defined once, in mnistlab/config.py.

A value that is not allowed is kept, with the problem shown below its field, so that it can be corrected.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mnistlab.bounds import bounds_of
from mnistlab.config import TrainConfig
from mnistlab.parsing import problem_with
from mnistlab.settings import allowed_in_words, unit_of
from ui import rates


@dataclass(frozen=True)
class Limits:
    """Fields that are not shown, and fields that are shown and cannot be changed: both keep the config's value."""

    hidden: frozenset[str] = frozenset()
    locked: frozenset[str] = frozenset()


OPEN = Limits()


def fields(config: BaseModel, names: Sequence[str], key: str, limits: Limits) -> dict[str, Any]:
    """Show a widget for each named field, starting at the config's value; return the values by name.

    A widget's key is `key` and the field's name; give another `key` to start again from another config.
    """
    return {name: field(config, name, f"{key}_{name}", limits=limits) for name in names}


def field(config: BaseModel, name: str, key: str, label: str | None = None, limits: Limits = OPEN) -> Any:
    """Show the widget of one field and, below it, what is wrong with its value."""
    if name in limits.hidden:
        return getattr(config, name)
    value = _widget(config, name, key, label, name in limits.locked)
    tell_problem(type(config), name, value)
    return value


def tell_problem(section: type[BaseModel], name: str, value: object) -> None:
    """Show below a field's widget what is wrong with its value, if anything is."""
    problem = problem_with(section, name, value)
    if problem is not None:
        st.error(f"{label_of(name, section.model_fields[name])} {problem}.")


def choice(config: BaseModel, name: str, key: str, options: Sequence[str], limits: Limits) -> str:
    """Show a menu of some of the values that a field allows."""
    info, value = type(config).model_fields[name], getattr(config, name)
    if name in limits.hidden:
        return str(value)
    there = [*options, *([value] if value not in options else [])]
    common = _common(info, key, name in limits.locked)
    return str(st.selectbox(label_of(name, info), there, there.index(value), **common))


def rate_slider(config: TrainConfig, key: str, limits: Limits) -> None:
    """Show the learning rate on a logarithmic scale. It moves the field named `key`, where any other can be typed."""
    if "learning_rate" in limits.hidden:
        return
    info = TrainConfig.model_fields["learning_rate"]
    chosen = st.session_state.get(key, config.learning_rate)
    is_allowed = problem_with(TrainConfig, "learning_rate", chosen) is None
    slider = f"{key}_slider"
    st.session_state[slider] = chosen if is_allowed else config.learning_rate
    st.select_slider(
        label_of("learning_rate", info),
        rates.steps(config.learning_rate, st.session_state[slider]),
        key=slider,
        format_func=rates.shown,
        help=f"{info.description} Any other rate can be typed under More.",
        on_change=lambda: st.session_state.update({key: st.session_state[slider]}),
        disabled="learning_rate" in limits.locked,
    )


def _widget(config: BaseModel, name: str, key: str, label: str | None, is_locked: bool) -> Any:
    info = type(config).model_fields[name]
    value = getattr(config, name)
    label, common = label or label_of(name, info), _common(info, key, is_locked)
    if isinstance(value, bool):
        return st.toggle(label, value, **common)
    if isinstance(value, str) and get_args(info.annotation):
        options = get_args(info.annotation)
        return st.selectbox(label, options, index=options.index(value), **common)
    if isinstance(value, str):
        return st.text_input(label, value, **common)
    # Bounds are checked by the config, which says what is allowed; the widget would silently clip the value.
    if math.isfinite(bounds_of(info)[1]):
        allowed = allowed_in_words(info)
        common["help"] = f"{info.description} {allowed[0].upper()}{allowed[1:]}."
    if info.annotation is int:
        return st.number_input(label, value=value, step=1, **common)
    # A float's default may be written 0, which Streamlit would take for a whole number's.
    return st.number_input(label, value=float(value), step=value / 10 or 0.01, format="%g", **common)


def _common(info: FieldInfo, key: str, is_locked: bool) -> dict[str, Any]:
    return {"key": key, "help": info.description, "persist_state": "session", "disabled": is_locked}


def label_of(name: str, info: FieldInfo) -> str:
    """A field's name and unit, as shown above its widget."""
    unit = f" ({unit_of(info)})" if unit_of(info) else ""
    return name.replace("_", " ").capitalize() + unit

"""Widgets made from a config's fields: label, help, bounds and unit are said once, in mnistlab/config.py."""

from collections.abc import Sequence
from typing import Any, get_args

import annotated_types
import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo


def fields(config: BaseModel, names: Sequence[str], key: str) -> dict[str, Any]:
    """Show a widget for each named field, starting at the config's value; return the values by name.

    Widgets are named `key` and field; give another key to start again from another config.
    """
    return {name: _widget(config, name, f"{key}_{name}") for name in names}


def _widget(config: BaseModel, name: str, key: str) -> Any:
    info = type(config).model_fields[name]
    value = getattr(config, name)
    label, help_text = label_of(name, info), info.description
    if isinstance(value, bool):
        return st.toggle(label, value, key=key, help=help_text, persist_state="session")
    if isinstance(value, str) and get_args(info.annotation):
        options = get_args(info.annotation)
        return st.selectbox(
            label, options, index=options.index(value), key=key, help=help_text, persist_state="session"
        )
    if isinstance(value, str):
        return st.text_input(label, value, key=key, help=help_text, persist_state="session")
    lowest, highest = bounds_of(info)
    # Bounds are checked by the config, which says what is allowed; the widget would silently move the value.
    help_text = f"{help_text} From {lowest:g} to {highest:g}." if highest is not None else help_text
    if isinstance(value, int):
        return st.number_input(label, value=value, step=1, key=key, help=help_text, persist_state="session")
    return st.number_input(
        label, value=value, step=value / 10 or 0.01, format="%g", key=key, help=help_text, persist_state="session"
    )


def label_of(name: str, info: FieldInfo) -> str:
    """A field's name and unit, as they stand above its widget."""
    extra = info.json_schema_extra
    unit = f" ({extra['unit']})" if isinstance(extra, dict) and "unit" in extra else ""
    return name.replace("_", " ").capitalize() + unit


def bounds_of(info: FieldInfo) -> tuple[float, float | None]:
    """The lowest and the highest value that the field's own constraints allow."""
    lowest, highest = 0.0, None
    for limit in info.metadata:
        if isinstance(limit, annotated_types.Ge):
            lowest = float(limit.ge)  # type: ignore[arg-type]
        elif isinstance(limit, annotated_types.Gt):
            lowest = float(limit.gt)  # type: ignore[arg-type]
        elif isinstance(limit, annotated_types.Le):
            highest = float(limit.le)  # type: ignore[arg-type]
        elif isinstance(limit, annotated_types.Lt):
            highest = float(limit.lt)  # type: ignore[arg-type]
    return lowest, highest

"""The settings that a sweep varies, each with the values to try: options to tick, numbers to list, or a range."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from mnistlab.space import SETTINGS, Choice, Parameter, Range, Setting, Value, read_value, shown
from mnistlab.sweep_config import MAX_PARAMETERS, SweepConfig, problem_with_parameter

_MOST_POINTS = 15


def choose(start: SweepConfig, key: str) -> list[dict[str, Any]]:
    """Show the settings to vary and the values of each; return them in the form that `parse_sweep` takes."""
    names = st.multiselect(
        "Vary",
        list(SETTINGS),
        [one.setting for one in start.parameters],
        format_func=lambda name: SETTINGS[name].label,
        max_selections=MAX_PARAMETERS,
        key=f"{key}_vary",
        persist_state="session",
        help="The results are easiest to read with two or three settings.",
    )
    known = {one.setting: one for one in start.parameters}
    sampler = st.session_state.get(f"{key}_sampler", start.sampler)
    return [_parameter(SETTINGS[name], known.get(name), f"{key}_{name}", sampler == "grid") for name in names]


def _parameter(setting: Setting, start: Parameter | None, key: str, with_points: bool) -> dict[str, Any]:
    """The values of one setting and, below them, what is wrong with them."""
    values = _asked(setting, start, key, with_points)
    problem = problem_with_parameter(values)
    if problem is not None:
        st.error("  \n".join(map(sentence, problem.splitlines())))
    return values


def _asked(setting: Setting, start: Parameter | None, key: str, with_points: bool) -> dict[str, Any]:
    """Options to tick, numbers to list, or a range."""
    if setting.options:
        return {"setting": setting.name, "options": _options(setting, start, key)}
    if isinstance(start, Choice):
        text = st.text_input(
            _title(setting),
            ", ".join(shown(value) for value in start.options),
            key=f"{key}_list",
            persist_state="session",
            help=f"{setting.about} The values to try, separated by commas.",
        )
        return {"setting": setting.name, "options": [read_value(word) for word in text.split(",") if word.strip()]}
    return _range(setting, start, key, with_points)


def _title(setting: Setting) -> str:
    return setting.title[0].upper() + setting.title[1:]


def _options(setting: Setting, start: Parameter | None, key: str) -> Sequence[Value]:
    chosen = list(start.values if start else setting.options)
    return st.pills(
        _title(setting),
        list(dict.fromkeys([*chosen, *setting.options])),
        selection_mode="multi",
        default=chosen,
        format_func=shown,
        key=f"{key}_options",
        persist_state="session",
        help=setting.about,
        wrap=True,
    )


def _range(setting: Setting, start: Parameter | None, key: str, with_points: bool) -> dict[str, Any]:
    low, high, points = (*setting.start, 5)
    if isinstance(start, Range):
        low, high, points = start.low, start.high, start.points
    values: dict[str, Any] = {"setting": setting.name, "points": points}
    st.markdown(f"{_title(setting)}", help=setting.about)
    columns = st.columns(2, gap="small")
    for column, name, label, begin in zip(columns, ("low", "high"), ("from", "to"), (low, high), strict=True):
        with column:
            values[name] = _end(setting, label, begin, f"{key}_{name}")
    if with_points:
        values["points"] = st.slider(
            "number of values",
            2,
            _MOST_POINTS,
            min(points, _MOST_POINTS),
            key=f"{key}_points",
            persist_state="session",
        )
    return values


def _end(setting: Setting, label: str, begin: float, key: str) -> float:
    # Bounds are checked by the config, which says what is allowed; the widget would silently clip the value.
    if setting.is_whole:
        return st.number_input(label, value=int(begin), step=1, key=key, persist_state="session")
    step = begin / 10 or 0.01
    return st.number_input(label, value=float(begin), format="%g", step=step, key=key, persist_state="session")


def sentence(line: str) -> str:
    """A line of a config's error, which begins with the path of a field, as a sentence."""
    reason = line.split(": ", 1)[-1]
    return f"{reason[0].upper()}{reason[1:].rstrip('.')}."

"""Runs, or groups of seeds, as the table's rows: text to be shown and values to be sorted by."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mnistlab.differences import NOT_USED, SEED, differing, settings, shown
from mnistlab.intervals import wilson_interval
from mnistlab.runs import Run
from mnistlab.seeds import Group, counted
from ui.words import count_of, duration, percent

_MOST_SETTINGS = 12  # that are sent; the browser shows those that set the rows on screen most apart
_NOTHING = "\N{EN DASH}"
_INTERVAL = "Share of the test images read correctly, with its 95 % interval"
_COLUMNS = (
    ("run", "Name, or preset; click to open it"),
    ("state", "What it is doing"),
    ("test accuracy", _INTERVAL),
    ("test loss", "Mean cross-entropy of the test images, in nats"),
    ("time", "In the training loop"),
    ("parameters", "Numbers that training may change"),
    ("started", "The newest comes first"),
)
_Cell = tuple[str, float | str | None] | tuple[str, float | str | None, str]


@dataclass(frozen=True)
class Shown:
    """How a compared row is called and drawn."""

    letter: str
    colour: str


def packed(groups: Sequence[Group], compared: Mapping[str, Shown], is_grouped: bool) -> dict[str, Any]:
    """What the component draws.

    groups: a row each, named by its first run's id.
    compared: by that id, the rows that are compared.
    """
    names = _setting_names(groups, is_grouped)
    return {
        "columns": [{"title": title, "tip": tip} for title, tip in _COLUMNS],
        "settings": names,
        "noun": "recipes" if is_grouped else "runs",
        "rows": [_row(group, names, compared.get(group.runs[0].id), is_grouped) for group in groups],
    }


def _row(group: Group, names: Sequence[str], chosen: Shown | None, is_grouped: bool) -> dict[str, Any]:
    run = group.runs[0]
    values = settings(run.config)
    return {
        "id": run.id,
        "href": f"Train?run={run.id}",
        "letter": chosen.letter if chosen else "",
        "colour": chosen.colour if chosen else "",
        "star": any(one.is_starred for one in group.runs),
        "note": run.note or "",
        "cells": [
            (run.title, run.title.lower(), count_of(len(group.runs), "run") if is_grouped else run.id),
            (_state(group), _state(group)),
            _accuracy(group),
            _loss(group),
            _time(group),
            _parameters(group),
            (datetime.fromtimestamp(run.created).strftime("%d %b %H:%M"), run.created),
        ],
        "settings": [_setting(values.get(name)) for name in names],
    }


def _time(group: Group) -> tuple[str, float]:
    seconds = sum(one.seconds for one in group.runs)
    return (duration(seconds) if seconds else _NOTHING, seconds)


def _setting_names(groups: Sequence[Group], is_grouped: bool) -> list[str]:
    """The settings that differ, in the config's order; of too many, those that set most rows apart."""
    configs = [group.runs[0].config for group in groups]
    names = [name for name in differing(list(dict.fromkeys(configs))) if not (is_grouped and name == SEED)]
    if len(names) <= _MOST_SETTINGS:
        return names
    common = {name: Counter(settings(config).get(name) for config in configs).most_common(1)[0][1] for name in names}
    best = sorted(names, key=lambda name: common[name])[:_MOST_SETTINGS]
    return [name for name in names if name in best]


def _setting(value: object) -> str:
    text = shown(value)
    return _NOTHING if text == NOT_USED else text


def _state(group: Group) -> str:
    if len(group.runs) > 1:
        finished = sum(run.state == "finished" for run in group.runs)
        return f"{finished} of {len(group.runs)} finished"
    return state_of(group.runs[0])


def state_of(run: Run) -> str:
    """In a word or two; a running one with how far it is."""
    if run.is_paused:
        return f"paused at {percent(run.progress, 0)}"
    return f"running, {percent(run.progress, 0)}" if run.state == "running" else run.state


def _accuracy(group: Group) -> _Cell:
    if group.mean is None:
        return _NOTHING, None
    low, high = group.interval or wilson_interval(*counted(group.tested[0]))
    mean = "mean " if len(group.accuracies) > 1 else ""
    span = f"{100 * low:.2f}\N{EN DASH}{100 * min(1, high):.2f}"
    return f"{mean}{percent(group.mean)}", group.mean, span


def _loss(group: Group) -> _Cell:
    losses = [run.result["test_loss"] for run in group.tested if run.result]
    if not losses:
        return _NOTHING, None
    mean = sum(losses) / len(losses)
    return f"{mean:.4f}", mean


def _parameters(group: Group) -> _Cell:
    for run in group.runs:
        number = (run.result or {}).get("num_parameters")
        if number:
            return f"{number:,}", number
    return _NOTHING, None

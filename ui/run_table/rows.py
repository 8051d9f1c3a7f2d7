"""Runs, or groups of seeds, as the table's rows: text to be shown and values to be sorted by.

Few of 500 runs change between two refreshes: a row is cached for as long as its runs are the same objects, which the
store's own cache ensures.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Any

from mnistlab.differences import NOT_USED, SEED, shown
from mnistlab.figures import count_of, percent
from mnistlab.intervals import wilson_interval
from mnistlab.parameters import num_parameters
from mnistlab.runs import Run
from mnistlab.seeds import Group, counted
from ui.words import duration

_MOST_SETTINGS = 12  # that are sent; the browser shows those that best distinguish the rows on screen
_NOTHING = "\N{EN DASH}"
_INTERVAL = (
    "Share of the test images read correctly, with its 95 % interval; for a sweep's trial, which is not tested, the "
    "share of the images it held out"
)
_COLUMNS = (
    ("run", "Name, or preset; click to open it"),
    ("state", "What it is doing"),
    ("test accuracy", _INTERVAL),
    ("test loss", "Mean cross-entropy of the test images, in nats"),
    ("time", "Time spent in the training loop"),
    ("parameters", "Numbers that training may change"),
    ("started", "The newest comes first"),
)
_Cell = tuple[str, float | str | None] | tuple[str, float | str | None, str]


@dataclass(frozen=True)
class Shown:
    """The letter and colour of a row that is compared."""

    letter: str
    colour: str


@dataclass(frozen=True)
class _Line:
    """A row as it is sent, without what depends on the other rows."""

    runs: tuple[Run, ...]
    facts: str  # JSON
    settings: dict[str, str]  # none for a trial that waits: what it will vary is still open

    def is_of(self, group: Group) -> bool:
        """Whether it was made from these very runs."""
        same = len(self.runs) == len(group.runs)
        return same and all(mine is now for mine, now in zip(self.runs, group.runs, strict=True))


_lines: dict[tuple[str, bool], _Line] = {}  # by the id of the first run, and whether seeds are together
_MOST_LINES = 4096


def packed(
    groups: Sequence[Group],
    compared: Mapping[str, Shown],
    is_grouped: bool,
    held_out: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """The data that the component draws.

    groups: one row each, identified by its first run's id.
    compared: the rows that are compared, by that id.
    held_out: the validation accuracy, by id, of runs that are finished but were not tested.
    """
    lines = [_line(group, is_grouped, held_out or {}) for group in groups]
    names = _setting_names([line.settings for line in lines if line.settings], is_grouped)
    return {
        "columns": [{"title": title, "tip": tip} for title, tip in _COLUMNS],
        "settings": names,
        "noun": "recipes" if is_grouped else "runs",
        "compared": {run_id: [shown.letter, shown.colour] for run_id, shown in compared.items()},
        # A single string, which the browser compares with what it has, and parses only if it has changed.
        "rows": f"[{','.join(_sent(line, names) for line in lines)}]",
    }


def _sent(line: _Line, names: Sequence[str]) -> str:
    values = [line.settings.get(name, NOT_USED) for name in names]
    return f"[{line.facts},{json.dumps([_NOTHING if value == NOT_USED else value for value in values])}]"


def _line(group: Group, is_grouped: bool, held_out: Mapping[str, float]) -> _Line:
    first = group.runs[0]
    line = _lines.get((first.id, is_grouped))
    if line is None or not line.is_of(group):
        if len(_lines) >= _MOST_LINES:
            _lines.clear()
        texts = {} if first.is_waiting_trial else {n: shown(value) for n, value in first.settings.items()}
        line = _lines[first.id, is_grouped] = _Line(group.runs, json.dumps(_facts(group, is_grouped, held_out)), texts)
    return line


def _facts(group: Group, is_grouped: bool, held_out: Mapping[str, float]) -> dict[str, Any]:
    run = group.runs[0]
    called = run.id if run.trial is None else f"{run.id}, trial {run.trial}"
    return {
        "id": run.id,
        "star": any(one.is_starred for one in group.runs),
        "note": run.note or "",
        "cells": [
            (run.title, run.title.lower(), count_of(len(group.runs), "run") if is_grouped else called),
            (_state(group), _state(group)),
            _accuracy(group, held_out),
            _loss(group),
            _time(group),
            _parameters(group),
            (datetime.fromtimestamp(run.created).strftime("%d %b %H:%M"), run.created),
        ],
    }


def _time(group: Group) -> tuple[str, float]:
    seconds = sum(one.seconds for one in group.runs)
    return (duration(seconds) if seconds else _NOTHING, seconds)


def _setting_names(rows: Sequence[Mapping[str, str]], is_grouped: bool) -> list[str]:
    """The settings that differ, in the config's order; if there are too many, those that best distinguish rows."""
    counts = {
        name: Counter(row.get(name, NOT_USED) for row in rows)
        for name in dict.fromkeys(name for row in rows for name in row)
    }
    names = [name for name, count in counts.items() if len(count) > 1 and not (is_grouped and name == SEED)]
    best = sorted(names, key=lambda name: max(counts[name].values()))[:_MOST_SETTINGS]
    return [name for name in names if name in best]


def _state(group: Group) -> str:
    if len(group.runs) > 1:
        return f"{_num_finished(group)} of {len(group.runs)} finished"
    return state_of(group.runs[0])


def state_of(run: Run) -> str:
    """What a run is doing, in a word or two, with its progress if it is running."""
    if run.is_paused:
        return f"paused at {percent(run.progress, 0)}"
    return f"running, {percent(run.progress, 0)}" if run.state == "running" else run.shown_state


def _accuracy(group: Group, held_out: Mapping[str, float]) -> _Cell:
    if group.mean is None:
        accuracy = held_out.get(group.runs[0].id) if len(group.runs) == 1 else None
        return (_NOTHING, None) if accuracy is None else (_NOTHING, None, f"validation {percent(accuracy)}")
    low, high = group.interval or wilson_interval(*counted(group.tested[0]))
    span = f"{100 * low:.2f}\N{EN DASH}{100 * high:.2f}"
    return f"{_over(group)}{percent(group.mean)}", group.mean, span


def _over(group: Group) -> str:
    """What a group's accuracy is the mean of: "mean "; of others than its finished runs "mean of 4 tested seeds: "."""
    number = len(group.accuracies)
    if len(group.runs) > 1 and number != _num_finished(group):
        return f"{'mean of ' if number > 1 else ''}{count_of(number, 'tested seed')}: "
    return "mean " if number > 1 else ""


def _num_finished(group: Group) -> int:
    return sum(run.state == "finished" for run in group.runs)


def _loss(group: Group) -> _Cell:
    losses = [run.result["test_loss"] for run in group.tested if run.result]
    if not losses:
        return _NOTHING, None
    mean = fmean(losses)
    return f"{mean:.4f}", mean


def _parameters(group: Group) -> _Cell:
    number = num_parameters(group.runs[0].config.model)
    return f"{number:,}", number

"""A recipe as a URL's query, and back: what differs from its preset, and which controls are hidden or locked.

    write_link(config, locked=["epochs"])   # {"preset": "tutorial-mlp", "train.learning_rate": "0.3", "lock": "epochs"}
    read_link({"preset": "tutorial-mlp", "learning_rate": "0.3"}).config

Reading a link always gives a valid recipe, whatever it says, with a sentence for each thing that could not be followed:
a number out of bounds becomes the nearest one allowed; what has no nearest value is taken from the preset.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from pydantic import BaseModel

from mnistlab.bounds import bounds_of
from mnistlab.config import RunConfig, parse_config
from mnistlab.errors import ConfigError
from mnistlab.parsing import problem_with
from mnistlab.presets import PRESETS
from mnistlab.settings import FIELDS, PATHS, SECTIONS, allowed_in_words, put_value, read_value, value_at, write_value

PRESET, HIDE, LOCK = "preset", "hide", "lock"
_START, _CUSTOM = "tutorial-mlp", "custom"


class Problem(NamedTuple):
    """A sentence with the given text in its middle, which a page must not render as markup."""

    before: str
    given: str
    after: str

    def __str__(self) -> str:
        return f"{self.before}{self.given!r}{self.after}"


@dataclass(frozen=True)
class Link:
    """What a link asks for; `hidden` and `locked` are names of settings, or "preset"."""

    config: RunConfig
    hidden: frozenset[str] = frozenset()
    locked: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


def write_link(config: RunConfig, hidden: Iterable[str] = (), locked: Iterable[str] = ()) -> dict[str, str]:
    """The query that `read_link` reads back as the same recipe; empty for the one that a page starts with."""
    base = _base(config.preset)
    query = {} if base.preset == _START else {PRESET: base.preset}
    for path in FIELDS:
        value = attrgetter(path)(config)
        if value != attrgetter(path)(base):
            query[path] = write_value(value)
    for key, names in ((HIDE, hidden), (LOCK, locked)):
        if names:
            query[key] = ",".join(names)
    # The preset is always named, so that readers see which recipe it is, unless the query is empty.
    return {PRESET: base.preset, **query} if query else query


def recipe_part(query: Mapping[str, str]) -> dict[str, str]:
    """The part of a query that is about the recipe."""
    return {key: value for key, value in query.items() if _is_ours(key)}


def read_link(query: Mapping[str, str]) -> Link:
    """The recipe that a query asks for, or the nearest valid one."""
    problems: list[Problem] = []
    base = _read_preset(query.get(PRESET, _START), problems)
    values = base.model_dump()
    given: set[str] = set()
    for key, text in recipe_part(query).items():
        if key not in (PRESET, HIDE, LOCK):
            path = PATHS.get(key, key)
            if path in given:
                problems.append(Problem("The link sets ", path, " twice; the second one counts."))
            given.add(path)
            _take(key, text, values, problems)
    config = _agreeing(values, base, problems)
    hidden, locked = (_names(query.get(key, ""), key, problems) for key in (HIDE, LOCK))
    return Link(config, hidden, locked - hidden, tuple(problems))


def hold(config: RunConfig, link: Link) -> RunConfig:
    """A recipe with the link's values for what it locks, and for more settings where the two conflict."""
    return _agreeing(hold_values(config.model_dump(), link), link.config, [])


def hold_values(values: Mapping[str, Any], link: Link) -> dict[str, Any]:
    """Put what the link locks into the values of a recipe, which need not be valid before or afterwards."""
    held, theirs = copy.deepcopy(dict(values)), link.config.model_dump()
    for name in link.locked & set(PATHS):
        put_value(held, PATHS[name], value_at(theirs, PATHS[name]))
    return held


def _agreeing(values: dict[str, Any], base: RunConfig, problems: list[Problem]) -> RunConfig:
    """The recipe of these values; where some conflict, `base`'s own are restored one by one until it is valid."""
    for path in FIELDS:
        try:
            return parse_config(values)
        except ConfigError as error:
            own = attrgetter(path)(base)
            if value_at(values, path) != own:
                problems.append(Problem("", path, f" cannot be as the link says: {str(error).splitlines()[0]}."))
                put_value(values, path, own)
    return parse_config(values)


def _base(preset: str) -> RunConfig:
    return PRESETS[preset].config if preset in PRESETS else RunConfig()


def _is_ours(key: str) -> bool:
    return key in (PRESET, HIDE, LOCK, *PATHS) or (key.split(".")[0] in SECTIONS and "." in key)


def _read_preset(name: str, problems: list[Problem]) -> RunConfig:
    if name in PRESETS or name == _CUSTOM:
        return _base(name)
    known = ", ".join(PRESETS)
    problems.append(Problem("There is no preset ", name, f", so you see {_START}. There are: {known}."))
    return _base(_START)


def _take(key: str, text: str, values: dict[str, Any], problems: list[Problem]) -> None:
    """Put one setting of a link into the values of a recipe, moved into its bounds if need be."""
    path = PATHS.get(key, key)
    if path not in FIELDS:
        problems.append(Problem("There is no setting ", key, "; it is ignored."))
        return
    section, name = FIELDS[path]
    label = name.replace("_", " ")
    value = read_value(section, name, text)
    reason = "is none of these" if value is None else problem_with(section, name, value)
    if reason is None:
        put_value(values, path, value)
        return
    nearest = _nearest(section, name, value)
    if nearest is not None:
        put_value(values, path, nearest)
    allowed, seen = allowed_in_words(section.model_fields[name]), _shown(value_at(values, path))
    problems.append(Problem(f'For "{label}" the link gives ', text, f". It can be {allowed}. You see {seen} instead."))


def _nearest(section: type[BaseModel], name: str, value: object) -> float | None:
    """The bound that a number exceeds; None for anything but a number, or if the bound itself is excluded."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    lowest, highest = bounds_of(section.model_fields[name])
    nearest = min(max(value, lowest), highest)
    nearest = int(nearest) if isinstance(value, int) else nearest
    return nearest if problem_with(section, name, nearest) is None else None


def _names(text: str, key: str, problems: list[Problem]) -> frozenset[str]:
    """The settings that are hidden or locked, by their short names."""
    found = set()
    for given in filter(None, (word.strip() for word in text.split(","))):
        name = given.split(".")[-1]
        if name == PRESET or (name in PATHS and given in (name, PATHS[name])):
            found.add(name)
        else:
            problems.append(Problem("There is no setting ", given, f" to {key}."))
    return frozenset(found)


def _shown(value: object) -> str:
    return f"{value:,}" if type(value) is int else write_value(value)

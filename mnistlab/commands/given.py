"""Check the values given for options against the bounds of their fields; errors use the option's own name."""

import argparse
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from mnistlab.config import RunConfig, TrainConfig
from mnistlab.errors import ConfigError
from mnistlab.parsing import problem_with
from mnistlab.presets import get_preset
from mnistlab.settings import FIELDS, PATHS, allowed_in_words, put_value, read_value
from mnistlab.store import Store
from mnistlab.sweep_config import problem_with_parameter

TWICE = "Leave out one of the two."
_PRESET = "tutorial-mlp"  # if nothing else is said
_PARTS = {
    "range.low": "the lower end is not a number",
    "range.high": "the upper end is not a number",
    "range.points": "the number of points, behind the colon, is not a whole number from 2 to 50",
    "choice.options": "these are more than 50 values",
}


def check_option(said: str, value: object, section: type[BaseModel], name: str, path: str) -> None:
    """Check that a field accepts the value given for an option.

    Args:
        said: the option and its value, as they were given.
        path: the field's full name, as links and exported configs have it.

    Raises:
        ConfigError: it does not; the message names the option, what is allowed, and the field.
    """
    if problem_with(section, name, value) is not None:
        allowed = allowed_in_words(section.model_fields[name])
        raise ConfigError(f"{said}: choose {allowed} ({path}: {value!r} was given)")


def check_training(option: str, value: object, name: str) -> None:
    """Check that a training setting accepts the value given for an option; raises as `check_option`."""
    check_option(f"{option} {value}", value, TrainConfig, name, f"train.{name}")


def recipe_of(options: argparse.Namespace, store: Store) -> RunConfig:
    """The recipe named by `--like` or `--preset`, else the tutorial's first one.

    Raises:
        ConfigError: there is no such preset.
        RunNotFoundError: there is no such run.
    """
    if options.like is not None:
        return store.run(options.like).config
    return get_preset(_PRESET if options.preset is None else options.preset).config


def set_values(values: dict[str, Any], texts: Iterable[str], taken: Mapping[str, str]) -> None:
    """Apply `--set` options to the values of a recipe, in the form of `RunConfig.model_dump`.

    Args:
        texts: each like "learning_rate=0.3" or "train.learning_rate=0.3".
        taken: the paths of settings that are decided otherwise, each with advice on what to do about it.

    Raises:
        ConfigError: one of them names an unknown setting or an invalid value, or a setting is given twice.
    """
    decided = dict(taken)
    for text in texts:
        given, equals, value_text = text.partition("=")
        path = path_of(given)
        if path is None:
            raise ConfigError(f"--set {text}: there is no setting {given!r}. Choose from: {', '.join(PATHS)}.")
        section, name = FIELDS[path]
        value = read_value(section, name, value_text.strip())
        if not equals or value is None:
            allowed = allowed_in_words(section.model_fields[name])
            raise ConfigError(f"--set {text}: write {name}= followed by {allowed} ({path}: {value_text!r} was given)")
        check_option(f"--set {text}", value, section, name, path)
        if path in decided:
            raise ConfigError(f"--set {text}: {name} is given twice. {decided[path]}")
        decided[path] = TWICE
        put_value(values, path, value)


def path_of(given: str) -> str | None:
    """The path of a setting, "train.learning_rate", also when called learning-rate; None if there is none."""
    name = given.strip().replace("-", "_")
    path = PATHS.get(name, name)
    return path if path in FIELDS else None


def check_varied(text: str, number: int, values: dict[str, object]) -> None:
    """Check that a setting can be varied as `--vary` says.

    Raises:
        ConfigError: it cannot; the message quotes what was given.
    """
    problem = problem_with_parameter(values)
    if problem is not None:
        said = [_plainly(line, number) for line in problem.splitlines()]
        raise ConfigError(f"--vary {text}: {'; '.join(said)}")


def _plainly(line: str, number: int) -> str:
    field, _, reason = line.partition(": ")
    if field not in _PARTS:
        return reason
    given = reason.partition(";")[0]
    return f"{_PARTS[field]} (parameters.{number}.{field}: {given})"

"""Turn the options of `sweep start` into a sweep: a classic experiment, or a recipe and what to vary in it."""

import argparse
from collections.abc import Iterable, Mapping
from typing import Any

from mnistlab import space
from mnistlab.classics import CLASSICS, get_classic
from mnistlab.commands.given import TWICE, check_option, check_training, check_varied, recipe_of, set_values
from mnistlab.data import HOLD_OUT_SIZE
from mnistlab.errors import ConfigError
from mnistlab.store import Store
from mnistlab.sweep_config import SweepConfig, parse_sweep


def sweep_asked_for(options: argparse.Namespace, store: Store) -> SweepConfig:
    """The sweep that is to be started.

    Raises:
        ConfigError: there is no such experiment or preset, nothing is varied, or a value is invalid; it names the
            option.
        RunNotFoundError: there is no such run to take the recipe from.
    """
    values = _start(options, store)
    if options.vary:
        varied = [_parameter(text, number) for number, text in enumerate(options.vary)]
        values |= {"parameters": varied, "title": ""}
    if not values["parameters"]:
        raise ConfigError(
            "Say what to vary: --vary learning_rate=1e-4..10 for a range, --vary activation=relu,tanh for some values, "
            f"or name an experiment: {', '.join(CLASSICS)}."
        )
    _change_recipe(values, options)
    config = _parsed(values | _how(options), options.vary or ())
    if config.sampler == "grid" and options.trials not in (None, config.size):
        raise ConfigError(
            f"A grid has as many trials as combinations, here {config.size}, and --trials {options.trials} was given. "
            "Leave --trials out, or choose --sampler random or tpe."
        )
    return config


def _start(options: argparse.Namespace, store: Store) -> dict[str, Any]:
    """The named experiment, else a sweep that varies nothing yet; with the named recipe, if there is one."""
    values: dict[str, Any] = {"parameters": ()}
    if options.experiment is not None:
        values = get_classic(options.experiment).config.model_dump()
    if options.experiment is None or options.preset is not None or options.like is not None:
        values |= {"base": recipe_of(options, store).model_dump(), "title": ""}
        values["base"]["train"]["validation_size"] = values["base"]["train"]["validation_size"] or HOLD_OUT_SIZE
    return values


def _change_recipe(values: Mapping[str, Any], options: argparse.Namespace) -> None:
    """Apply `--epochs` and `--set` to the recipe; they must not set anything that is varied."""
    decided = {one["setting"]: "The sweep varies it: --vary says how." for one in values["parameters"]}
    if options.epochs is not None:
        if "train.epochs" in decided:
            raise ConfigError(f"The epochs are varied, and --epochs {options.epochs} was given. {TWICE}")
        check_training("--epochs", options.epochs, "epochs")
        values["base"]["train"]["epochs"] = options.epochs
        decided["train.epochs"] = TWICE
    set_values(values["base"], options.set, decided)


def _how(options: argparse.Namespace) -> dict[str, Any]:
    """The options given on how values are chosen, and on the sweep's title."""
    said = {"title": options.title, "sampler": options.sampler, "pruner": options.pruner, "seed": options.seed}
    said["num_trials"] = options.trials
    given = {name: value for name, value in said.items() if value is not None}
    for name, value in given.items():
        check_option(f"--{name.removeprefix('num_')} {value}", value, SweepConfig, name, name)
    return given


def _parsed(values: dict[str, Any], varied: Iterable[str]) -> SweepConfig:
    """Make the sweep of these values; if a value to be tried is out of bounds, the error quotes its `--vary`."""
    try:
        return parse_sweep(values)
    except ConfigError as error:
        said = str(error).removeprefix("settings: ")
        blamed = [text for text in varied if said.startswith(f"{_setting_of(text)}: ")]
        raise ConfigError(f"--vary {blamed[0]}: {said}" if blamed else said) from error


def _parameter(text: str, number: int) -> dict[str, Any]:
    """Parse `learning_rate=1e-4..10`, `learning_rate=1e-4..10:6` (6 points of a grid) or `activation=relu,tanh`."""
    setting, given = _setting_of(text), text.partition("=")[2]
    if ".." in given:
        ends, _, points = given.partition(":")
        low, _, high = ends.partition("..")
        values: dict[str, Any] = {"setting": setting, "low": low, "high": high} | ({"points": points} if points else {})
    else:
        values = {"setting": setting, "options": [space.read_value(word) for word in given.split(",") if word]}
    check_varied(text, number, values)
    return values


def _setting_of(text: str) -> str:
    """The full name of the setting that is varied: "train.learning_rate" for "learning-rate=0.1,1"."""
    name = text.partition("=")[0].strip().replace("-", "_")
    matching = [known for known in space.SETTINGS if name in (known, known.rpartition(".")[2])]
    if not matching:
        known = ", ".join(one.rpartition(".")[2] for one in space.SETTINGS)
        raise ConfigError(f"There is no setting {name!r} to vary. Choose from: {known}.")
    return matching[0]

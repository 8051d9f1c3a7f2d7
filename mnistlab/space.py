"""What a sweep may vary: settings based on the config's fields, ranges and choices of their values, and their grid.

    parameter = Range(setting="train.learning_rate", low=1e-4, high=10, points=6)
    assemble(base, {"train.learning_rate": 0.1, "width": 64})      # the config of one trial

Bounds, units and help of a field are read from config.py; only the ranges worth trying are given here.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations, product
from operator import attrgetter
from typing import Annotated, Any, Self, get_args

from pydantic import Discriminator, Field, Tag, model_validator

from mnistlab.bounds import bounds_of
from mnistlab.config import MAX_HIDDEN, MAX_WIDTH, AugmentConfig, ModelConfig, RunConfig, parse_config
from mnistlab.errors import ConfigError
from mnistlab.parsing import Frozen
from mnistlab.settings import FIELDS, SWITCH, put_value, unit_of

Value = bool | int | float | str
WIDTH, DEPTH, AUGMENTATION = "width", "depth", "augmentation"
_SINGLE_LAYER = 64  # neurons, where a network without hidden layers is given some
# What augmentation "on" means for a recipe that has none of its own: a warp that leaves each digit recognisable.
MILD_WARP = AugmentConfig(rotation=15, shift=0.1, scale_min=0.85, scale_max=1.15)


@dataclass(frozen=True)
class Setting:
    """Something that a sweep may vary: a number between two bounds, or one of some options."""

    name: str  # "train.learning_rate": a field of the config; "width": made of several
    label: str
    about: str
    start: tuple[float, float] = (0, 0)  # of a number: the range to vary it over by default
    bounds: tuple[float, float] = (0, 0)  # of a number: what the config allows
    unit: str = ""
    is_whole: bool = False
    is_log: bool = False  # whether it is varied by equal factors, as a rate is
    options: tuple[Value, ...] = ()

    @property
    def title(self) -> str:
        """Label and unit, as an axis shows them: "batch size (images)"."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


# The range over which each number is worth varying, and whether by factors. The order is that of the menus.
_RANGES: dict[str, tuple[float, float, bool]] = {
    "train.learning_rate": (1e-3, 1, True),
    "train.batch_size": (16, 1024, True),
    "train.momentum": (0, 0.95, False),
    "train.weight_decay": (1e-5, 0.1, True),
    "train.label_smoothing": (0, 0.3, False),
    "train.epochs": (1, 5, False),
    "train.train_size": (500, 50_000, True),
    "train.seed": (0, 4, False),
    "model.dropout": (0, 0.6, False),
    "augment.rotation": (0, 45, False),
    "augment.shift": (0, 0.2, False),
    "augment.shear": (0, 30, False),
    "augment.elastic": (0, 3, False),
    "augment.thickness": (0, 1, False),
    "augment.noise": (0, 0.3, False),
    "augment.erasing": (0, 0.5, False),
}
_OPTIONS = (
    *("train.optimizer", "train.schedule", "train.shuffle"),
    *("model.activation", "model.batch_norm", "model.deslant", "model.normalise"),
)


def _of_field(name: str) -> Setting:
    """A setting that is a field of the config, with that field's bounds, unit and help."""
    section, field = FIELDS[name]
    info = section.model_fields[field]
    label, about, unit = field.replace("_", " "), info.description or "", unit_of(info)
    if name in _OPTIONS:
        options = (False, True) if info.annotation is bool else get_args(info.annotation)
        return Setting(name, label, about, unit=unit, options=options)
    low, high, is_log = _RANGES[name]
    return Setting(name, label, about, (low, high), bounds_of(info), unit, info.annotation is int, is_log)


_MADE = (
    Setting(WIDTH, "width", "Neurons in each hidden layer of an MLP.", (8, 512), (1, MAX_WIDTH), "neurons", True, True),
    Setting(
        DEPTH, "depth", "Hidden layers of an MLP, all as wide as its first.", (0, 4), (0, MAX_HIDDEN), "layers", True
    ),
    Setting(
        AUGMENTATION,
        "augmentation",
        "Whether images are warped: as the recipe says, or mildly if it says nothing.",
        options=(False, True),
    ),
)
SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        *(_of_field(name) for name in ("train.learning_rate", "train.batch_size", "train.optimizer")),
        *_MADE[:2],
        *(_of_field(name) for name in ("model.activation", "model.dropout", "train.train_size")),
        _MADE[2],
    )
} | {name: _of_field(name) for name in (*_RANGES, *_OPTIONS)}


class _Varied(Frozen):
    setting: str = Field(description="What is varied.")

    @model_validator(mode="after")
    def _setting_is_known(self) -> Self:
        if self.setting not in SETTINGS:
            raise ValueError(f"there is no setting {self.setting!r} to vary; choose from {', '.join(SETTINGS)}")
        return self


class Range(_Varied):
    """A number varied between two ends, by equal factors if its setting is logarithmic."""

    low: float = Field(description="The lower end.")
    high: float = Field(description="The upper end.")
    points: int = Field(default=5, ge=2, le=50, description="How many values a grid takes of it, both ends among them.")

    @model_validator(mode="after")
    def _ends_are_in_order(self) -> Self:
        setting = SETTINGS[self.setting]
        if setting.options:
            raise ValueError(f"{setting.label} has no range: choose some of {', '.join(map(str, setting.options))}")
        if not self.low < self.high:
            raise ValueError(
                f"{setting.label} should go from a lower to a higher number, not {self.low:g} to {self.high:g}"
            )
        if setting.is_log and self.low <= 0:
            raise ValueError(f"{setting.label} is varied by factors, so it should begin above 0, not at {self.low:g}")
        if setting.is_whole and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(f"{setting.label} is a whole number: {self.low:g} to {self.high:g} should be too")
        return self

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of its grid, evenly spaced or by equal factors."""
        setting, steps = SETTINGS[self.setting], self.points - 1
        if setting.is_log:
            values = [self.low * (self.high / self.low) ** (step / steps) for step in range(self.points)]
        else:
            values = [self.low + (self.high - self.low) * step / steps for step in range(self.points)]
        if setting.is_whole:
            return tuple(dict.fromkeys(round(value) for value in values))
        rounded = (float(f"{value:.{self._digits}g}") for value in values)
        return tuple(dict.fromkeys(min(max(value, self.low), self.high) for value in rounded))

    @property
    def _digits(self) -> int:
        """How many significant digits tell the points of a grid apart; at least three."""
        apart = (self.high - self.low) / (self.points - 1) / max(abs(self.low), abs(self.high))
        return max(3, 1 - math.floor(math.log10(apart)))

    @property
    def ends(self) -> tuple[Value, Value]:
        """The lower and the upper end, whole where the setting is."""
        is_whole = SETTINGS[self.setting].is_whole
        return (round(self.low), round(self.high)) if is_whole else (self.low, self.high)


class Choice(_Varied):
    """Some values of a setting, which alone are tried, and none between them."""

    options: tuple[Value, ...] = Field(max_length=50, description="The values to try.")

    @model_validator(mode="after")
    def _options_differ(self) -> Self:
        if len(self.options) < 2:
            label = SETTINGS[self.setting].label
            raise ValueError(f"to vary {label}, give two or more values, or a range; {len(self.options)} was given")
        if len(set(self.options)) < len(self.options):
            raise ValueError(f"the same value of {SETTINGS[self.setting].label} is given twice")
        return self

    @property
    def values(self) -> tuple[Value, ...]:
        """The options, as a grid takes them."""
        return self.options

    @property
    def ends(self) -> tuple[Value, ...]:
        """All options: none is between others."""
        return self.options


def _kind(given: Any) -> str:
    has_options = isinstance(given, Choice) or (isinstance(given, Mapping) and "options" in given)
    return "choice" if has_options else "range"


Parameter = Annotated[Annotated[Range, Tag("range")] | Annotated[Choice, Tag("choice")], Discriminator(_kind)]


def grid(parameters: Sequence[Parameter]) -> list[dict[str, Value]]:
    """Every combination of the parameters' values."""
    names = [parameter.setting for parameter in parameters]
    return [dict(zip(names, values, strict=True)) for values in product(*(one.values for one in parameters))]


def check(base: RunConfig, parameters: Sequence[Parameter]) -> None:
    """Check that the ends of all ranges and all options, in any pair, make a valid run.

    Raises:
        ConfigError: names the values that no run may have, or the setting that this network lacks.
    """
    names = [parameter.setting for parameter in parameters]
    if len(set(names)) < len(names):
        raise ConfigError(f"A setting is varied twice: {', '.join(names)}.")
    others = {one.setting: one.ends[0] for one in parameters}
    for pair in combinations(parameters, min(2, len(parameters))):  # all together may have billions of combinations
        for values in product(*(one.ends for one in pair)):
            assemble(base, others | dict(zip([one.setting for one in pair], values, strict=True)))


def assemble(base: RunConfig, values: Mapping[str, Value]) -> RunConfig:
    """The config of a trial: the base with these values.

    Raises:
        ConfigError: they make no valid run.
    """
    settings = base.model_dump()
    for name, value in values.items():
        if "." in name:
            put_value(settings, name, value)
    if WIDTH in values or DEPTH in values:
        settings["model"]["hidden"] = _hidden(base.model, values)
    if AUGMENTATION in values:
        on = base.augment if base.augment.is_active else MILD_WARP
        settings["augment"] = (on if values[AUGMENTATION] else AugmentConfig()).model_dump()
    return parse_config(settings)


def _hidden(model: ModelConfig, values: Mapping[str, Value]) -> list[Value]:
    if model.kind != "mlp":
        raise ConfigError("Width and depth are those of an MLP, and this recipe trains a CNN: vary something else.")
    width = values.get(WIDTH, model.hidden[0] if model.hidden else _SINGLE_LAYER)
    return [width] * int(values.get(DEPTH, max(1, len(model.hidden))))


def values_of(config: RunConfig, parameters: Sequence[Parameter]) -> dict[str, Value]:
    """The values of the varied settings in a trial's config."""
    found: dict[str, Value] = {}
    for name in (parameter.setting for parameter in parameters):
        if name == WIDTH:
            found[name] = config.model.hidden[0] if config.model.hidden else 0
        elif name == DEPTH:
            found[name] = len(config.model.hidden)
        elif name == AUGMENTATION:
            found[name] = config.augment.is_active
        else:
            found[name] = attrgetter(name)(config)
    return found


def read_value(word: str) -> Value:
    """Read a value as people type it: "on" and "off", a number, else the word itself."""
    word = word.strip()
    readers: tuple[Callable[[str], Value], ...] = (SWITCH.__getitem__, int, float)
    for read in readers:
        with suppress(KeyError, ValueError):
            return read(word)
    return word


def described(values: Mapping[str, Value]) -> str:
    """The values of a trial in words, as in "learning rate 0.1, batch size 64"."""
    return ", ".join(f"{SETTINGS[name].label} {shown(value)}" for name, value in values.items())


def shown(value: Value) -> str:
    """A value as people write it: on and off, and no avoidable powers of ten."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.3g}" if isinstance(value, float) else str(value)

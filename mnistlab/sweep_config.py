"""Everything that determines what a sweep tries: a recipe, the settings that are varied, how, and how often."""

from collections.abc import Mapping
from math import prod
from typing import Any, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from mnistlab import space
from mnistlab.config import RunConfig
from mnistlab.errors import ConfigError
from mnistlab.parsing import Frozen, describe, parse
from mnistlab.space import Parameter

Sampler = Literal["grid", "random", "tpe"]
Pruner = Literal["none", "median", "hyperband"]
MAX_TRIALS, MAX_PARAMETERS = 200, 6
_PARAMETER: TypeAdapter[Parameter] = TypeAdapter(Parameter)
_FIRST_GUESSES = 8  # the most random trials that TPE starts with, and the most finished ones that pruning waits for


class SweepConfig(Frozen):
    """What a sweep tries. Trials are compared on the held-out images alone; none of them reads the test set."""

    title: str = Field(default="", max_length=80, description="What it is called; by default after what it varies.")
    base: RunConfig = Field(description="The recipe of every trial, except for what is varied.")
    parameters: tuple[Parameter, ...] = Field(description="The settings that are varied, and between which values.")
    sampler: Sampler = Field(
        default="grid",
        description="grid: every combination. random: each trial draws its values. tpe: after some random trials, "
        "more often values near those that did well (Tree-structured Parzen Estimator).",
    )
    pruner: Pruner = Field(
        default="none",
        description="Whether a trial that lags behind ends early, by its validation accuracy after each epoch. "
        "median: if it is worse than half of the others at that point. hyperband: only the better third goes on, in "
        "rounds.",
    )
    num_trials: int = Field(
        default=12, ge=1, le=MAX_TRIALS, description="How many runs; a grid has as many as it has combinations."
    )
    seed: int = Field(default=0, ge=0, lt=2**31, description="Same seed, same first trials.")

    @model_validator(mode="after")
    def _trials_can_be_compared(self) -> Self:
        if not 1 <= len(self.parameters) <= MAX_PARAMETERS:
            raise ValueError(f"{len(self.parameters)} settings are varied; choose 1 to {MAX_PARAMETERS}")
        if self.base.train.validation_size == 0:
            raise ValueError(
                "trials are compared on held-out images, and this recipe holds none out: "
                "give it a validation_size above 0"
            )
        if self.sampler == "grid" and self.size > MAX_TRIALS:
            raise ValueError(
                f"this grid has {self.size:,} combinations, and at most {MAX_TRIALS} can be tried: take fewer points, "
                "or choose the values in another way"
            )
        try:
            space.check(self.base, self.parameters)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def size(self) -> int:
        """How many trials it has."""
        return prod(len(one.values) for one in self.parameters) if self.sampler == "grid" else self.num_trials

    @property
    def num_startup(self) -> int:
        """How many of its trials TPE draws at random, and how many a pruner waits for."""
        return min(_FIRST_GUESSES, max(2, self.size // 3))

    @property
    def most_epochs(self) -> int:
        """The epochs of its longest trial."""
        return max(one.train.epochs for one in self.longest())

    def longest(self) -> list[RunConfig]:
        """The configs at both ends of the range of `epochs` if that is varied, else the base."""
        ends = [one.ends for one in self.parameters if one.setting == "train.epochs"]
        return [space.assemble(self.base, {"train.epochs": end}) for end in ends[0]] if ends else [self.base]

    @property
    def name(self) -> str:
        """Its title, or what it varies: "learning rate, width"."""
        return self.title or ", ".join(space.SETTINGS[one.setting].label for one in self.parameters)


def parse_sweep(values: Mapping[str, Any] | str | bytes) -> SweepConfig:
    """Build a SweepConfig from a mapping or JSON text.

    Raises:
        ConfigError: names each wrong field, what was given and what is allowed.
    """
    return parse(SweepConfig, values)


def problem_with_parameter(values: Mapping[str, Any]) -> str | None:
    """Say what is wrong with one parameter to be varied, regardless of the others; None if nothing is."""
    try:
        _PARAMETER.validate_python(values)
    except ValidationError as error:
        return describe(error)
    return None

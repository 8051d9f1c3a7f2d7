"""Parse untrusted input into a config, or raise an error that says in a sentence what is wrong with it.

parse(RunConfig, '{"train": {"epochs": 0}}')     # ConfigError: train.epochs: 0 was given; allowed: ...
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from mnistlab.errors import ConfigError

_MOST_SHOWN = 100  # characters of what was given in an error
_Config = TypeVar("_Config", bound=BaseModel)


class Frozen(BaseModel):
    """A config that is immutable, forbids unknown keys, and contains no infinity or NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def parse(kind: type[_Config], values: Mapping[str, Any] | str | bytes) -> _Config:
    """Build a config from a mapping or JSON text.

    Raises:
        ConfigError: names each wrong field, what was given and what is allowed.
    """
    try:
        if isinstance(values, str | bytes):
            return kind.model_validate_json(values)
        return kind.model_validate(values)
    except ValidationError as error:
        raise ConfigError(describe(error)) from error


def problem_with(section: type[BaseModel], name: str, value: object) -> str | None:
    """Say what is wrong with one field's value, whatever the others are: "should be greater than 0; -1 is not"."""
    try:
        section.model_validate({name: value})
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            if problem["loc"][:1] == (name,):
                reason = problem["msg"].removeprefix("Input should be ").split(", unable")[0]
                return f"should be {reason}; {_quoted(problem['input'])} is not"
    return None


def describe(error: ValidationError) -> str:
    """Say which settings are wrong, one line per field: what was given and what is allowed."""
    lines = []
    for problem in error.errors(include_url=False):
        field = ".".join(str(part) for part in problem["loc"]) or "settings"
        reason = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        given = problem["input"]
        shown = "" if isinstance(given, BaseModel | dict) else f" {_quoted(given)} was given;"
        if problem["type"] == "extra_forbidden":
            lines.append(f"{field}:{shown} not permitted, as there is no such setting")
        else:
            lines.append(f"{field}:{shown} allowed: {reason}" if shown else f"{field}: {reason}")
    return "\n".join(lines)


def _quoted(given: object) -> str:
    """What was given, shortened to what can be read."""
    shown = repr(given)
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}..."

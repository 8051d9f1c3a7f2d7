"""What was given for an option, checked by the bounds of its field, and told by the option's own name."""

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mnistlab.bounds import bounds_of
from mnistlab.config import TrainConfig, problem_with
from mnistlab.errors import ConfigError
from mnistlab.sweep_config import problem_with_parameter

_DEVICES = "auto, cpu, cuda, cuda:1, mps or xpu"
_PARTS = {
    "range.low": "the lower end is not a number",
    "range.high": "the upper end is not a number",
    "range.points": "the number of points, behind the colon, is not a whole number from 2 to 50",
    "choice.options": "these are more than 50 values",
}


def check_option(option: str, value: object, section: type[BaseModel], name: str, path: str) -> None:
    """See that a field takes what was given for an option.

    Args:
        path: the field's full name, as links and exported configs have it.

    Raises:
        ConfigError: it does not; the message names the option, what is allowed, and the field.
    """
    if problem_with(section, name, value) is not None:
        allowed = _allowed(section.model_fields[name])
        raise ConfigError(f"{option} {value}: choose {allowed} ({path}: {value!r} was given)")


def check_training(option: str, value: object, name: str) -> None:
    """The same for a setting of the training."""
    check_option(option, value, TrainConfig, name, f"train.{name}")


def check_varied(text: str, number: int, values: dict[str, object]) -> None:
    """See that a setting can be varied as `--vary` says.

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


def _allowed(info: FieldInfo) -> str:
    if info.annotation is str:
        longest = [limit.max_length for limit in info.metadata if isinstance(limit, annotated_types.MaxLen)]
        return f"at most {longest[0]} characters" if longest else _DEVICES
    lowest, highest = bounds_of(info)
    if info.annotation is int:
        return f"a whole number from {lowest:,.0f} to {highest:,.0f}"
    is_above = any(isinstance(limit, annotated_types.Gt) for limit in info.metadata)
    return f"a number {'above' if is_above else 'from'} {lowest:g}, up to {highest:g}"

"""The settings of a recipe by name, and their values as text: what links and the command line have in common.

read_value(*FIELDS["train.learning_rate"], "0.3")   # 0.3
write_value((512, 120))                             # "512-120"
"""

import math
from collections.abc import Mapping
from typing import Any, get_args

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mnistlab.bounds import bounds_of
from mnistlab.config import AugmentConfig, ModelConfig, RunConfig, TrainConfig
from mnistlab.errors import ConfigError
from mnistlab.widths import Kind, parse_widths, write_widths

NO_NUMBERS = "none"  # of hidden layers, or of pools
SECTIONS: dict[str, type[BaseModel]] = {"model": ModelConfig, "train": TrainConfig, "augment": AugmentConfig}
# Every setting by its path, "train.epochs"; its last part, the name, is unique.
FIELDS: dict[str, tuple[type[BaseModel], str]] = {
    "dataset": (RunConfig, "dataset"),
    **{f"{part}.{name}": (section, name) for part, section in SECTIONS.items() for name in section.model_fields},
}
_DEVICES = "auto, cpu, cuda, cuda:1, mps or xpu"
_EXCLUDING = (annotated_types.Gt, annotated_types.Lt)
SWITCH = {"true": True, "on": True, "false": False, "off": False}
PATHS = {path.split(".")[-1]: path for path in FIELDS}


def value_at(values: Mapping[str, Any], path: str) -> Any:
    """The value of a setting, by its path, in the output of `RunConfig.model_dump`."""
    part, _, name = path.rpartition(".")
    return (values[part] if part else values)[name]


def put_value(values: dict[str, Any], path: str, value: object) -> None:
    """Set a setting, by its path, in the output of `RunConfig.model_dump`."""
    part, _, name = path.rpartition(".")
    (values[part] if part else values)[name] = value


def read_value(section: type[BaseModel], name: str, text: str) -> Any:
    """Read a value of the field's type, allowed or not; None if the text is not one."""
    info = section.model_fields[name]
    kind, start = info.annotation, info.default
    if isinstance(start, bool):
        return SWITCH.get(text.lower())
    if isinstance(start, tuple):
        return _read_widths(text, "mlp" if name == "hidden" else "cnn")
    if isinstance(start, str):
        return text
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number) or (kind is int and number != int(number)):
        return None
    return int(number) if kind is int else number


def write_value(value: object) -> str:
    """Write a setting's value as `read_value` takes it, and as it appears in a URL."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return write_widths(value) or NO_NUMBERS
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def allowed_in_words(info: FieldInfo) -> str:
    """Describe the values that a field accepts."""
    if choices := _choices_in_words(info):
        may_be_none = isinstance(info.default, tuple) and not any(
            isinstance(limit, annotated_types.MinLen) for limit in info.metadata
        )
        return f"{choices}, or {NO_NUMBERS}" if may_be_none else choices
    if info.annotation is str:
        longest = [limit.max_length for limit in info.metadata if isinstance(limit, annotated_types.MaxLen)]
        return f"at most {longest[0]} characters" if longest else _DEVICES
    lowest, highest = bounds_of(info)
    if info.annotation is int:
        return f"a whole number from {lowest:,.0f} to {highest:,.0f}"
    is_above, is_below = (any(isinstance(limit, kind) for limit in info.metadata) for kind in _EXCLUDING)
    if is_above:
        return f"a number above {lowest:g}, up to {highest:g}"
    return f"a number from {lowest:g} to {'below ' if is_below else ''}{highest:g}"


def _choices_in_words(info: FieldInfo) -> str:
    """What a field takes, in words, if it is a switch, a list or a choice; "" for a number or free text."""
    if isinstance(info.default, bool):
        return "true or false"
    if isinstance(info.default, tuple):
        (most,) = (limit.max_length for limit in info.metadata if isinstance(limit, annotated_types.MaxLen))
        example = write_value(info.default) if len(info.default) > 1 else "512-120-84"
        lowest, highest = bounds_of(FieldInfo.from_annotation(get_args(info.annotation)[0]))
        return f"up to {most:g} whole numbers from {lowest:g} to {highest:,.10g}, as in {example}"
    if isinstance(info.default, str) and get_args(info.annotation):
        return f"one of {', '.join(get_args(info.annotation))}"
    return ""


def unit_of(info: FieldInfo) -> str:
    """The unit of a field, such as "images"; "" if it has none."""
    extra = info.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def _read_widths(text: str, kind: Kind) -> tuple[int, ...] | None:
    try:
        return () if text == NO_NUMBERS else parse_widths(text, kind)
    except ConfigError:
        return None

"""Values of a recipe's settings as text."""

from typing import Any

import pytest

from mnistlab.settings import FIELDS, read_value, write_value


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("train.shuffle", "on", True),
        ("train.shuffle", "TRUE", True),
        ("train.shuffle", "off", False),
        ("train.shuffle", "False", False),
        ("train.shuffle", "1", None),
        ("train.epochs", "3", 3),
        ("train.epochs", "3.5", None),
        ("train.learning_rate", "1e-3", 0.001),
        ("train.learning_rate", "inf", None),
        ("train.learning_rate", "fast", None),
        ("model.hidden", "64-32", (64, 32)),
        ("model.hidden", "none", ()),
        ("model.channels", "257", None),
        ("train.optimizer", "adam", "adam"),
    ],
)
def test_a_text_is_read_as_a_value_of_its_field_or_as_none(path: str, text: str, value: Any) -> None:
    assert read_value(*FIELDS[path], text) == value
    assert read_value(*FIELDS[path], write_value(value)) == value or value is None


def test_a_switch_is_written_as_in_an_address() -> None:
    assert [write_value(value) for value in (True, False, (), (64, 32), 0.5, 2.0)] == [
        *("true", "false", "none", "64-32", "0.5", "2"),
    ]

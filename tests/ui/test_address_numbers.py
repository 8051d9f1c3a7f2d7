"""What somebody may write into an address where a number belongs."""

import math

import pytest

from ui.address import _number


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("7", 7),
        ("+7", 7),
        ("-7", -7),
        (" 7 ", 7),
        ("1_000", 1000),
        ("2.5", 2.5),
        ("1e3", 1000.0),
        ("-inf", -math.inf),
        *((text, None) for text in ("nan", "", "-", "+-7", "seven", "0x10")),
    ],
)
def test_a_number_is_read_and_nothing_else(given: str, number: float | None) -> None:
    found = _number(given)
    assert found == number
    assert type(found) is type(number)


@pytest.mark.parametrize("sign", ["", "+", "-"])
def test_a_number_of_thousands_of_digits_is_only_a_large_one(sign: str) -> None:
    found = _number(sign + "9" * 5000)
    assert found is not None
    assert (-found if sign == "-" else found) > 1e9

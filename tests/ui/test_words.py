"""Numbers and digits in the words of a sentence."""

import pytest

from ui.words import a_digit, sure


@pytest.mark.parametrize(
    ("share", "said"), [(0.979, "97.9 %"), (0.99949, "99.9 %"), (0.9995, "more than 99.9 %"), (1.0, "more than 99.9 %")]
)
def test_no_network_is_quite_sure(share: float, said: str) -> None:
    assert sure(share) == said


def test_eight_alone_takes_an() -> None:
    assert [a_digit(digit) for digit in (0, 1, 8)] == ["a 0", "a 1", "an 8"]
    assert a_digit(8, "**{}**") == "an **8**"

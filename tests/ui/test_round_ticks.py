"""Numbers at an axis are round, and whole where they count something."""

import pytest

from ui.round_ticks import linear_ticks, log_ticks


@pytest.mark.parametrize(
    ("low", "high", "is_whole", "expected"),
    [
        (1, 4, True, [1, 2, 3, 4]),
        (0, 1, True, [0, 1]),
        (0.228, 0.472, False, [0.25, 0.3, 0.35, 0.4, 0.45]),
        (52.4, 98.1, False, [60, 70, 80, 90]),
        (97.91, 98.02, False, [97.95, 98]),
        (16, 1024, True, [500, 1000]),
        (0, 10, False, [0, 2, 4, 6, 8, 10]),
    ],
)
def test_linear_ticks_are_few_and_round(low: float, high: float, is_whole: bool, expected: list[float]) -> None:
    assert linear_ticks(low, high, is_whole) == pytest.approx(expected)


def test_logarithmic_ticks_are_powers_of_ten_or_a_little_more() -> None:
    assert log_ticks(1e-4, 1) == pytest.approx([1e-4, 1e-3, 1e-2, 0.1, 1])
    assert log_ticks(0.02, 0.3) == pytest.approx([0.02, 0.05, 0.1, 0.2])
    assert log_ticks(0.01, 1) == pytest.approx([0.01, 0.1, 1])
    assert log_ticks(0.03, 0.5) == pytest.approx([0.05, 0.1, 0.2, 0.5])

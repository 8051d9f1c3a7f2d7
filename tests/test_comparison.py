"""Two models side by side: McNemar's exact test against scipy's binomial test, and what is said about it."""

import numpy as np
import pytest
from scipy.stats import binomtest

from mnistlab.comparison import Comparison, compare, how_often, mcnemar, verdict
from mnistlab.errors import DataError
from tests.test_scores import answers


def disputed(only_first: int, only_second: int, both: int = 5) -> Comparison:
    first = [True] * (only_first + both) + [False] * only_second
    second = [False] * only_first + [True] * (both + only_second)
    return Comparison(np.array(first), np.array(second))


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 0), (3, 9), (9, 3), (50, 51), (0, 30), (400, 300), (7, 7)])
def test_p_value_is_that_of_scipys_binomial_test(first: int, second: int) -> None:
    assert mcnemar(first, second) == pytest.approx(binomtest(first, first + second).pvalue, rel=1e-9)


def test_p_value_of_thousands_of_images_is_a_number_still() -> None:
    assert mcnemar(5000, 5000) == 1
    assert 0 <= mcnemar(0, 10_000) < 1e-300
    assert mcnemar(0, 0) == 1


def test_cells_hold_every_image_once() -> None:
    generator = np.random.default_rng(0)
    comparison = Comparison(generator.random(300) < 0.9, generator.random(300) < 0.8)
    cells = {(a, b): comparison.cell(a, b) for a in (True, False) for b in (True, False)}
    assert sorted(np.concatenate(list(cells.values()))) == list(range(300))
    for (first, second), indices in cells.items():
        assert all(comparison.first[i] == first and comparison.second[i] == second for i in indices)
    assert comparison.only_first - comparison.only_second == comparison.first.sum() - comparison.second.sum()


def test_models_are_compared_on_the_same_images_only() -> None:
    with pytest.raises(DataError, match="not given the same images: 2 of test and 3 of test"):
        compare(answers([1, 2], [1, 2]), answers([1, 2, 3], [1, 2, 3]))
    found = compare(answers([1, 2, 3], [1, 2, 0]), answers([1, 2, 3], [0, 2, 0]))
    assert (found.only_first, found.only_second) == (1, 0)


def test_a_clear_difference_is_called_so_and_a_small_one_luck() -> None:
    clear = verdict(disputed(10, 90), "small", "large")
    assert "On 100 digits only one of the two is right" in clear
    assert "90 times it is large." in clear
    assert "**large is better**" in clear
    luck = verdict(disputed(14, 10), "small", "large")
    assert "14 times it is small." in luck
    assert "may well be luck" in luck
    assert f"p = {binomtest(14, 24).pvalue:.2f}" in luck


def test_one_digit_is_spoken_of_as_one() -> None:
    assert "On 1 digit only one of the two is right; once it is a." in verdict(disputed(1, 0), "a", "b")
    assert "Each is right once where the other is wrong" in verdict(disputed(1, 1), "a", "b")


def test_nothing_to_tell_apart_is_said() -> None:
    assert "exactly the same digits" in verdict(disputed(0, 0), "a", "b")
    assert "neither is ahead" in verdict(disputed(6, 6), "a", "b")


@pytest.mark.parametrize(
    ("p_value", "words"),
    [
        (4e-7, "less than once in a million times (A test, p < 0.000001)."),
        (0.000814, "once in 1,200 times (A test, p = 0.00081)."),
        (0.04, "once in 25 times (A test, p = 0.04)."),
        (0.06, "6 times in 100 (A test, p = 0.06)."),
        (1.0, "100 times in 100 (A test, p = 1.00)."),
    ],
)
def test_odds_are_told_as_a_person_says_them(p_value: float, words: str) -> None:
    assert how_often(p_value, "A test") == words

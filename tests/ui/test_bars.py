"""Bars, as the browser gets them: how long, in which colour, and what stands beside them."""

import re

from ui.bars import count_bars, empty_bars, named_bars, probability_bars
from ui.palette import NEUTRAL, TRAINING


def bars(html: str) -> list[tuple[str, str, str, str]]:
    """Name, width, colour and text of each."""
    bar = r'<span [^>]*><i style="width:(.*?);background:(.*?)"></i></span>'
    return re.findall(rf"<b>(.*?)</b>{bar}<em>(.*?)</em>", html)


def test_the_most_probable_digit_stands_out() -> None:
    found = bars(probability_bars([0.1, 0.7, 0.2]))
    assert found == [
        ("0", "10.00%", NEUTRAL, "10.0 %"),
        ("1", "70.00%", TRAINING, "<strong>70.0 %</strong>"),
        ("2", "20.00%", NEUTRAL, "20.0 %"),
    ]


def test_the_largest_count_has_the_longest_bar() -> None:
    assert [(width, text) for _, width, _, text in bars(count_bars([500, 2000, 0]))] == [
        *(("25.00%", "500"), ("100.00%", "2,000"), ("0.00%", "0")),
    ]


def test_a_bar_is_never_shorter_than_nothing_nor_longer_than_its_place() -> None:
    found = bars(named_bars([("a", -0.2, "less"), ("b", 1.5, "more"), ("<c>", 0.5, "half")], "Any"))
    assert found == [
        ("a", "0.00%", TRAINING, "less"),
        ("b", "100.00%", TRAINING, "more"),
        ("&lt;c&gt;", "50.00%", TRAINING, "half"),
    ]


def test_one_bar_among_grey_ones_has_the_colour() -> None:
    found = bars(named_bars([("a", 0.5, "half"), ("b", 0.5, "half")], "Any", "#123456", only="b"))
    assert found == [("a", "50.00%", NEUTRAL, "half"), ("b", "50.00%", "#123456", "<strong>half</strong>")]


def test_without_a_drawing_there_are_ten_empty_bars() -> None:
    assert {bar[1:] for bar in bars(empty_bars())} == {("0.00%", NEUTRAL, "\N{EN DASH}")}
    assert len(bars(empty_bars())) == 10

"""Lines of widths that are read, and those that are refused and have a nearest."""

import pytest

from mnistlab.config import MAX_CHANNELS, MAX_CONVOLUTIONS, ModelConfig
from mnistlab.errors import ConfigError
from mnistlab.widths import misses_an_end, nearest_widths, parse_widths, write_widths


@pytest.mark.parametrize(
    ("line", "widths"),
    [
        ("784 - 512 - 10", (512,)),
        ("512-120-84", (512, 120, 84)),
        ("784 10", ()),
        ("512,120", (512, 120)),
        ("512, 120 -> 84", (512, 120, 84)),
        ("512 -120 - 84", (512, 120, 84)),
        ("10", (10,)),
        ("512 - 10", (512, 10)),
        ("784 - 512", (784, 512)),
    ],
)
def test_a_line_gives_the_hidden_widths(line: str, widths: tuple[int, ...]) -> None:
    assert parse_widths(line, "mlp") == widths


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("784 - 0 - 10", "0"),
        ("3000", "3000"),
        ("1000000000000", "1 to 2048"),
        ("9" * 5000, "1 to 2048"),
        ("1-2-3-4-5-6", "6 were"),
        ("many", "many"),
        ("", "No widths"),
        (" - ", "No widths"),
        ("784 - 1,024 - 10", "1,024 may be one number or several"),
        ("2,048", "Write 2048"),
        ("784 - -5 - 10", "-5 was given"),
        ("-5", "-5 was given"),
    ],
)
def test_a_line_that_is_not_allowed_is_told_and_has_a_nearest(line: str, given: str) -> None:
    with pytest.raises(ConfigError, match=given):
        parse_widths(line, "mlp")
    assert ModelConfig(hidden=nearest_widths(line, "mlp"))


def test_a_number_of_any_length_becomes_the_widest_layer() -> None:
    assert nearest_widths("784 - " + "9" * 5000 + " - 10", "mlp") == (2048,)


@pytest.mark.parametrize(("line", "widths"), [("784 - 1,024 - 10", (1024,)), ("784 - -5 - 10", (1,))])
def test_the_nearest_of_an_unclear_line_is_what_was_most_likely_meant(line: str, widths: tuple[int, ...]) -> None:
    assert nearest_widths(line, "mlp") == widths


@pytest.mark.parametrize(
    "widths", [(), (512,), (10,), (784,), (512, 10), (784, 10), (784, 512, 10), (784, 784, 10, 10)]
)
def test_widths_are_written_as_they_are_read_even_where_they_look_like_the_ends(widths: tuple[int, ...]) -> None:
    line = write_widths(widths)
    assert line == "" if not widths else parse_widths(line, "mlp") == widths


def test_a_line_of_channels_has_no_ends_and_bounds_of_its_own() -> None:
    widest = (MAX_CHANNELS,) * MAX_CONVOLUTIONS
    assert parse_widths("-".join(map(str, widest)), "cnn") == widest
    for line, given in (("1-" * MAX_CONVOLUTIONS + "1", "7 were given"), (str(MAX_CHANNELS + 1), "257 were given")):
        with pytest.raises(ConfigError, match=given):
            parse_widths(line, "cnn")
    assert nearest_widths("784 - 8 - 10", "cnn") == (MAX_CHANNELS, 8, 10)
    assert nearest_widths("none", "cnn") == (16,)


@pytest.mark.parametrize(
    ("line", "misses"),
    [
        ("784 - 512", True),
        ("512 - 10", True),
        ("784 - 512 - 10", False),
        ("512 - 84", False),
        ("784", False),
        ("784 - many", False),
    ],
)
def test_a_line_with_one_end_alone_is_told(line: str, misses: bool) -> None:
    assert misses_an_end(line) is misses

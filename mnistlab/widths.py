"""Read a line of widths as people write it, like "784 - 512 - 10", as the layers of a network. Needs no torch."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mnistlab.config import MAX_CHANNELS, MAX_CONVOLUTIONS, MAX_HIDDEN, MAX_WIDTH
from mnistlab.data import IMAGE_SIDE, NUM_CLASSES
from mnistlab.errors import ConfigError

Kind = Literal["mlp", "cnn"]

_DASHES = "-;>\N{EN DASH}"  # separators of widths, besides comma and space
_NEGATIVE = re.compile(rf"(?:^|(?<=[{_DASHES},]\s))\s*-\d+")
_THOUSANDS = re.compile(r"(?<![\d,])\d{1,3}(?:,\d{3})+(?![\d,])")


@dataclass(frozen=True)
class _Limits:
    fewest: int
    most: int
    widest: int
    layers: str
    unit: str
    example: str


_LIMITS: dict[str, _Limits] = {
    "mlp": _Limits(0, MAX_HIDDEN, MAX_WIDTH, "hidden layers", "neurons", "784 - 512 - 10"),
    "cnn": _Limits(1, MAX_CONVOLUTIONS, MAX_CHANNELS, "convolutions", "channels", "16 - 16 - 32"),
}


def parse_widths(line: str, kind: Kind) -> tuple[int, ...]:
    """Read the hidden widths of an MLP, or the channels of a CNN, from a line like "784 - 512 - 10".

    The two ends of an MLP, 784 and 10, may be left out together.

    Raises:
        ConfigError: the line is empty, a part is not a whole number, a layer too wide or empty, or there are too many
            or too few.
    """
    words, limits = _split(line), _LIMITS[kind]
    if not words:
        raise ConfigError(f"No widths are given. Write them with dashes, as {limits.example}.")
    for word in words:
        if not _is_number(word):
            raise ConfigError(f"{word[:20]!r} is not a whole number. Write widths with dashes, as {limits.example}.")
    widths = _inner([_whole(word) for word in words], kind)
    for width in widths:
        if not 1 <= width <= limits.widest:
            given = str(width) if width < 10**9 else "more than a billion"
            raise ConfigError(f"A layer has 1 to {limits.widest} {limits.unit}; {given} were given.")
    if not limits.fewest <= len(widths) <= limits.most:
        raise ConfigError(f"There can be {limits.fewest} to {limits.most} {limits.layers}; {len(widths)} were given.")
    return widths


def nearest_widths(line: str, kind: Kind) -> tuple[int, ...]:
    """The allowed widths closest to a line: what is not a number is dropped, the rest is moved into bounds."""
    limits = _LIMITS[kind]
    line = _NEGATIVE.sub(" 0", line)
    for number in _unclear(line):
        line = line.replace(number, number.replace(",", ""))
    widths = _inner([_whole(word) for word in _words(line) if _is_number(word)], kind)[: limits.most]
    return tuple(min(max(width, 1), limits.widest) for width in widths) or (16,) * limits.fewest


def misses_an_end(line: str) -> bool:
    """Whether an MLP's line has only one of its ends, 784 or 10, so that all of it is read as hidden layers."""
    numbers = [_whole(word) for word in _words(line) if _is_number(word)]
    return len(numbers) > 1 and (numbers[0] == IMAGE_SIDE**2) != (numbers[-1] == NUM_CLASSES)


def write_widths(widths: Sequence[int]) -> str:
    """The line that `parse_widths` reads back as the same widths; empty for none."""
    ends = (IMAGE_SIDE**2, NUM_CLASSES)
    is_taken_for_ends = _inner(list(widths), "mlp") != tuple(widths)
    return "-".join(map(str, (ends[0], *widths, ends[1]) if is_taken_for_ends else widths))


def _split(line: str) -> list[str]:
    """Split a line at any separator; raise ConfigError for a negative number, or one that might be two numbers."""
    if negative := _NEGATIVE.search(line):
        raise ConfigError(f"A layer has a width of at least 1; {negative[0].strip()[:20]} was given.")
    if unclear := _unclear(line):
        number = unclear[0][:20]
        plain = number.replace(",", "")
        raise ConfigError(f"{number} may be one number or several. Write {plain}, or dashes between widths.")
    return _words(line)


def _unclear(line: str) -> list[str]:
    """Numbers like "1,024" that dashes elsewhere or a zero after the comma make look like one; not "512,120"."""
    has_dashes = any(sign in line for sign in _DASHES)
    return [number for number in _THOUSANDS.findall(line) if has_dashes or ",0" in number]


def _words(line: str) -> list[str]:
    return "".join(" " if sign in f"{_DASHES}," else sign for sign in line).split()


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _whole(word: str) -> int:
    """Read a whole number from its first ten digits: that is out of bounds already, and Python refuses thousands."""
    return int(word.lstrip("0")[:10] or "0")


def _inner(numbers: list[int], kind: Kind) -> tuple[int, ...]:
    """The numbers between an MLP's ends, 784 and 10; all of them if one of the two is missing."""
    has_ends = len(numbers) > 1 and (numbers[0], numbers[-1]) == (IMAGE_SIDE**2, NUM_CLASSES)
    return tuple(numbers[1:-1] if kind == "mlp" and has_ends else numbers)

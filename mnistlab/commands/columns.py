"""Fit text into columns of a terminal, where a Chinese character takes two and a combining accent none."""

from unicodedata import category, east_asian_width

_CUT = "..."  # three characters that every terminal has
_UNSEEN = ("Mn", "Me", "Cf")  # accents and joiners


def num_columns(text: str) -> int:
    """How many columns a text takes on a terminal."""
    return sum(map(_width, text))


def in_column(text: str, columns: int) -> str:
    """The text padded to so many columns, or cut if it is wider."""
    if num_columns(text) > columns:
        kept, room = "", columns - len(_CUT)
        for sign in text:
            room -= _width(sign)
            if room < 0:
                break
            kept += sign
        text = kept + _CUT
    return text + " " * (columns - num_columns(text))


def _width(sign: str) -> int:
    if category(sign) in _UNSEEN:
        return 0
    return 2 if east_asian_width(sign) in "WF" else 1

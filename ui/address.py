"""What a visitor or a link wrote into the address: a sentence where it cannot be followed.

Streamlit drops a bound value that is out of bounds or none of the options, without a word. An `Address` says so,
above the page's columns, and keeps to the nearest number; ask it before the widget of the same key is made.
"""

from collections.abc import Sequence

import streamlit as st

_LONGEST = 40  # characters of what was given that are repeated


class Address:
    """The query string of this page, and the place, where it is made, for what has to be said about it."""

    def __init__(self) -> None:
        self._place = st.container()

    def check_number(self, key: str, what: str, lowest: int, highest: int) -> None:
        """Go to the nearest number if the address gives one out of bounds; what is no whole number is refused."""
        given = st.query_params.get(key)
        if given is None:
            return
        try:
            number = int(given)
        except ValueError:
            self._place.warning(f"{_quoted(given)} is no {what}: choose a number from {lowest} to {highest:,}.")
            return
        if not lowest <= number <= highest:
            nearest = min(max(number, lowest), highest)
            st.session_state[key] = nearest
            shown = f"{number:,}" if len(given) < _LONGEST else _quoted(given)
            self._place.warning(
                f"There is no {what} {shown}: they go from {lowest} to {highest:,}. You see {nearest:,}."
            )

    def check_choice(self, key: str, what: str, options: Sequence[str]) -> None:
        """Say so if the address names something that is none of the options."""
        unknown = [given for given in st.query_params.get_all(key) if given not in options]
        if unknown:
            self._place.warning(f"There is no {what} {_quoted(unknown[0])}. Choose one of: {', '.join(options)}.")


def _quoted(given: str) -> str:
    """The visitor's own words as code, so that nothing in them is taken for markup."""
    shown = given if len(given) <= _LONGEST else f"{given[:_LONGEST]}..."
    return f"`{shown.replace('`', ' ')}`"

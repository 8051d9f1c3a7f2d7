"""What a visitor or a link wrote into the address: a sentence where it cannot be followed.

Streamlit itself moves a bound number into its bounds and drops what is none of the options, without a word. These
say it; call them before the widget of the same key.
"""

from collections.abc import Sequence

import streamlit as st

_LONGEST = 40  # characters of what was given that are repeated


def check_number(key: str, what: str, lowest: int, highest: int) -> None:
    """Warn if the address gives a number outside its bounds, or something that is no whole number."""
    given = st.query_params.get(key)
    if given is None:
        return
    try:
        number = int(given)
    except ValueError:
        st.warning(f"The address asks for {what} {_shorten(given)}. It has to be a number, {lowest} to {highest:,}.")
        return
    if not lowest <= number <= highest:
        nearest = min(max(number, lowest), highest)
        shown = f"{number:,}" if len(given) < _LONGEST else _shorten(given)
        st.warning(f"There is no {what} {shown}, only {lowest} to {highest:,}. You see {nearest:,}.")


def check_choice(key: str, what: str, options: Sequence[str]) -> None:
    """Warn if the address names something that is none of the options."""
    unknown = [given for given in st.query_params.get_all(key) if given not in options]
    if unknown:
        st.warning(f"There is no {what} called {_shorten(unknown[0])}. Choose one of: {', '.join(options)}.")


def _shorten(given: str) -> str:
    return repr(given if len(given) <= _LONGEST else f"{given[:_LONGEST]}...")

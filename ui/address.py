"""What a visitor or a link wrote into the address: a sentence where it cannot be followed.

Streamlit drops a bound value that is out of bounds or none of the options, without a word. An `Address` says so,
above the page's columns, and goes on to the address of the nearest number; ask it before the widget of the same key is
made. So what stands in the address is always what is shown.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

_LONGEST = 40  # characters of what was given that are repeated
# In the session: the page's script; what was said before going on to another address; and where that leads.
_PAGE, _SAID, _NEXT = "address_page", "address_said", "address_next"
_BY_WAY_OF = "app.py"


class Address:
    """The query string of this page, and the place, where it is made, for what has to be said about it."""

    def __init__(self) -> None:
        self._place = st.container()
        self._said: list[str] = []
        for sentence in st.session_state.pop(_SAID, []):
            self.say(sentence)
        self._given = {name: st.query_params.get_all(name) for name in st.query_params}

    def say(self, sentence: str) -> None:
        """Show a sentence above the page's columns, once."""
        if sentence not in self._said:
            self._said.append(sentence)
            self._place.warning(sentence)

    def go_on(self, key: str, nearest: float, sentence: str) -> None:
        """Draw the page anew from an address that gives the nearest value, with all that was said so far."""
        st.session_state[_SAID] = [*self._said, sentence]
        st.session_state.pop(key, None)  # what was there before would win over the address
        st.session_state[_NEXT] = (st.session_state[_PAGE], self._given | {key: [str(nearest)]})
        # Streamlit takes no address whose parameters have widgets already; another page has none of them.
        st.switch_page(_BY_WAY_OF, query_params={})

    def check_number(self, key: str, what: str, lowest: int, highest: int) -> None:
        """Go to the nearest number if the address gives one out of bounds; what is no whole number is refused."""
        given = st.query_params.get(key)
        if given is None:
            return
        try:
            number = int(given)
        except ValueError:
            self.say(f"{quoted(given)} is no {what}: choose a number from {lowest} to {highest:,}.")
            return
        if not lowest <= number <= highest:
            nearest = min(max(number, lowest), highest)
            shown = f"{number:,}" if len(given) < _LONGEST else quoted(given)
            bounds = f"they go from {lowest} to {highest:,}"
            self.go_on(key, nearest, f"There is no {what} {shown}: {bounds}. You see {nearest:,}.")

    def check_choice(self, key: str, what: str, options: Sequence[str]) -> None:
        """Say so if the address names something that is none of the options."""
        unknown = [given for given in st.query_params.get_all(key) if given not in options]
        if unknown:
            self.say(f"There is no {what} {quoted(unknown[0])}. Choose one of: {', '.join(options)}.")


def begin(script: str) -> None:
    """Tell which page is drawn; call it first. Go on from here if we are only on the way to another address."""
    if _NEXT in st.session_state:
        there, parameters = st.session_state.pop(_NEXT)
        st.switch_page(there, query_params=parameters)
    st.session_state[_PAGE] = script


def write_ahead(starts: Mapping[str, Any]) -> None:
    """Write what we have set controls to into the address, before they are made.

    Streamlit writes a bound control's value when it changes, but not if the control comes onto the page with it.

    Args:
        starts: for each control's key the value it begins with, which does not stand in an address.
    """
    for key, start in starts.items():
        value = st.session_state.get(key, start)
        if value != start:
            with suppress(StreamlitAPIException):  # it is on the page already, and Streamlit minds its address
                st.query_params[key] = str(value)


def quoted(given: str) -> str:
    """The visitor's own words as code, so that nothing in them is taken for markup."""
    shown = given if len(given) <= _LONGEST else f"{given[:_LONGEST]}..."
    return f"`{shown.replace('`', ' ')}`"

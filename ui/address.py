"""Check what a visitor or a link wrote into the URL, and say so if it cannot be followed.

Streamlit silently drops a bound value that is out of bounds or not among the options. An `Address` shows a warning
above the page's columns and uses the nearest number instead; call it before the widget of the same key is made. So the
URL always says what is shown.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import streamlit as st
from streamlit.errors import StreamlitAPIException

Option = TypeVar("Option", bound=str)

_LONGEST = 40  # characters of what was given that are repeated
_MOST_UNKNOWN = 3  # names of settings that a page does not have
# In the session, for the next run of the script: what was said, and the widgets that were corrected.
_SAID, _CORRECTED = "address_said", "address_corrected"


class Address:
    """The query string of this page; warnings about it are shown where this object is created."""

    def __init__(self) -> None:
        self._place = st.container()
        self._said: list[str] = []
        self._asked: set[str] = set()
        for sentence in st.session_state.pop(_SAID, []):
            self.say(sentence)
        self._corrected: list[str] = st.session_state.pop(_CORRECTED, [])

    def say(self, sentence: str) -> None:
        """Show a sentence above the page's columns, once."""
        if sentence not in self._said:
            self._said.append(sentence)
            self._place.warning(sentence)

    def given(self, key: str) -> str | None:
        """The value that the URL gives for a widget, unless it has just been corrected."""
        self._asked.add(key)
        return None if key in self._corrected else st.query_params.get(key)

    def correct(self, key: str, nearest: float | str, sentence: str) -> None:
        """Rerun the page from a URL that gives the nearest value, keeping all warnings so far."""
        st.session_state[_SAID] = [*self._said, sentence]
        try:
            st.query_params[key] = f"{nearest:g}" if isinstance(nearest, float) else str(nearest)
        except StreamlitAPIException:
            # The widget exists already: the visitor went back, by the browser's button, to a URL corrected before.
            st.session_state[_CORRECTED] = [*self._corrected, key]
            st.session_state[key] = nearest
        st.rerun()

    def drop(self, key: str, sentence: str) -> None:
        """Rerun the page from a URL without a value that makes no sense, on which some widgets would fail."""
        try:
            del st.query_params[key]
        except StreamlitAPIException:
            self.say(sentence)  # the widget exists already, and Streamlit owns its parameter
            return
        st.session_state[_SAID] = [*self._said, sentence]
        st.rerun()

    def check_number(self, key: str, what: str, lowest: int, highest: int) -> None:
        """Use the nearest whole number in bounds if the URL gives any other number; drop what is not a number."""
        given = self.given(key)
        if given is None:
            return
        number, bounds = _number(given), f"a whole number from {lowest} to {highest:,}"
        if number is None:
            self.drop(key, _not_a_number(what, given, bounds))
        elif isinstance(number, float) or not lowest <= number <= highest:
            nearest = round(min(max(number, lowest), highest))
            shown = f"{number:,}" if isinstance(number, int) and len(given) < _LONGEST else quoted(given)
            self.correct(key, nearest, _out_of_bounds(what, shown, bounds, f"{nearest:,}"))

    def check_decimal(self, key: str, what: str, lowest: float, highest: float) -> None:
        """Use the nearest number in bounds if the URL gives one out of bounds; drop what is not a number."""
        given = self.given(key)
        if given is None:
            return
        number, bounds = _number(given), f"a number from {lowest:g} to {highest:g}"
        if number is None:
            self.drop(key, _not_a_number(what, given, bounds))
        elif not lowest <= number <= highest:
            nearest = min(max(number, lowest), highest)
            self.correct(key, nearest, _out_of_bounds(what, quoted(given), bounds, f"{nearest:g}"))

    def check_line(self, key: str, mend: Callable[[str], tuple[str, str] | None]) -> None:
        """Use the nearest line of text if the URL gives one that cannot be used.

        mend: given a line, returns None if it can be used, else what is wrong with it and the nearest one.
        """
        given = self.given(key)
        if given is None or key in st.session_state:  # what was typed here is for the visitor to correct
            return
        mended = mend(given)
        if mended is not None:
            self.correct(key, mended[1], mended[0])

    def check_choice(self, key: str, what: str, options: Sequence[str]) -> None:
        """Warn if the URL names something that is not among the options."""
        self._asked.add(key)
        unknown = [given for given in st.query_params.get_all(key) if given not in options]
        if unknown:
            allowed = f"{', '.join(options[:-1])} or {options[-1]}" if len(options) > 1 else options[0]
            said = f'For "{what}" the address gives {quoted(unknown[0])}, which is ignored. It can be {allowed}.'
            if all(unknown):
                self.say(said)
            else:  # for an empty value Streamlit would select nothing, which no control here allows
                self.drop(key, said)

    def menu(self, label: str, options: Sequence[Option], key: str, what: str | None = None, **more: Any) -> Option:
        """Show a menu whose choice is bound to the URL; `more` is for `st.selectbox`.

        what: what is chosen, as named in warnings; by default the label.
        """
        self.check_choice(key, what or label.lower(), options)
        chosen: Option = st.selectbox(label, options, key=key, bind="query-params", **more)
        return chosen

    def buttons(
        self,
        label: str,
        options: Sequence[Option],
        key: str,
        what: str | None = None,
        start: Option | None = None,
        **more: Any,
    ) -> Option:
        """Show a row of buttons whose choice is bound to the URL; `more` is for `st.segmented_control`.

        Args:
            what: what is chosen, as named in warnings; by default the label.
            start: the one that is pressed at first; by default the first.
        """
        self.check_choice(key, what or label.lower(), options)
        pressed = options[0] if start is None else start
        chosen: Option = st.segmented_control(
            label, options, default=pressed, required=True, key=key, bind="query-params", **more
        )
        return chosen

    def tell_unknown(self, also: Sequence[str] = ()) -> None:
        """Warn of parameters that no control has asked for, and remove them; call it once all controls are drawn.

        also: parameters that the page knows, although their controls are not shown now.
        """
        known = self._asked | set(also)
        unknown = [key for key in st.query_params if key not in known]
        if not unknown:
            return
        given = ", ".join(quoted(key) for key in unknown[:_MOST_UNKNOWN])
        more = f" and {len(unknown) - _MOST_UNKNOWN} more" if len(unknown) > _MOST_UNKNOWN else ""
        what, are = ("a setting", "It is") if len(unknown) == 1 else ("settings", "They are")
        has = ", ".join(sorted(known))
        self.say(
            f"The address gives {what} that this page does not have: {given}{more}. {are} ignored. The page has: {has}."
        )
        for key in unknown:
            with suppress(StreamlitAPIException):  # another page's control, whose parameter Streamlit owns
                del st.query_params[key]


def _not_a_number(what: str, given: str, allowed: str) -> str:
    return f'For "{what}" the address gives {quoted(given)}, which is not a number and is ignored. It can be {allowed}.'


def _out_of_bounds(what: str, given: str, allowed: str, nearest: str) -> str:
    return f'For "{what}" the address gives {given}. It can be {allowed}. You see {nearest} instead.'


def _number(given: str) -> int | float | None:
    """The given number, or None; one of thousands of digits, which Python refuses, is read from its first digits."""
    sign = given[:1] if given[:1] in ("+", "-") else ""
    digits = given.removeprefix(sign)
    try:
        return int(sign + digits[:_LONGEST]) if digits.isdecimal() else int(given)
    except ValueError:
        with suppress(ValueError):
            number = float(given)
            return None if math.isnan(number) else number
    return None


def write_ahead(starts: Mapping[str, Any]) -> None:
    """Write values that we have set controls to into the URL, before the controls are created.

    Streamlit writes a bound control's value when it changes, but not if the control is created with it.

    Args:
        starts: for each control's key its initial value, which is left out of URLs.
    """
    for key, start in starts.items():
        value = st.session_state.get(key, start)
        if value != start:
            with suppress(StreamlitAPIException):  # it is on the page already, and Streamlit owns its parameter
                st.query_params[key] = str(value)


def quoted(given: str) -> str:
    """The visitor's text as inline code, so that nothing in it is rendered as markup."""
    shown = given if len(given) <= _LONGEST else f"{given[:_LONGEST]}..."
    shown = shown if shown.strip() else "(nothing)"
    return f"`{shown.replace('`', ' ')}`"

"""Settings bound to the URL: widgets made from a config's fields, and chips that set many at once.

A widget's key consists of the page's and the field's name, and so does its parameter: `augment_rotation=30`.
A page built on this can be shared as a link, and a reload shows it as it was left.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import streamlit as st
from pydantic import BaseModel

from mnistlab.bounds import bounds_of
from ui import forms
from ui.address import Address


class Bound:
    """The widgets of one page. Create it before any of them, where warnings about the URL are to be shown."""

    def __init__(self, page: str, start: BaseModel) -> None:
        """page: the prefix of all keys. start: the config whose fields are shown, with its values at first."""
        self._page, self._start = page, start
        self._address = Address()

    def field(self, name: str, step: float | None = None) -> Any:
        """Show the widget that fits a field: a switch, a menu, or a slider with this step."""
        value = getattr(self._start, name)
        if isinstance(value, bool):
            return self.toggle(name)
        return self.choice(name) if isinstance(value, str) else self.slider(name, step)

    def slider(self, name: str, step: float | None = None) -> float:
        """Show a slider over the bounds of a field; by default it has 20 to 50 steps."""
        key, label, help_text = self._words(name)
        lowest, highest = bounds_of(type(self._start).model_fields[name])
        assert math.isfinite(highest), f"{name} has no upper bound"
        step = _step(highest - lowest) if step is None else step
        self._address.check_decimal(key, name.replace("_", " "), lowest, highest)
        begin = float(getattr(self._start, name))
        value: float = st.slider(
            label, lowest, highest, begin, step, key=key, bind="query-params", format="%g", help=help_text
        )
        return value

    def choice(self, name: str) -> Any:
        """Show a menu of the values that a field allows."""
        key, label, help_text = self._words(name)
        options = get_args(type(self._start).model_fields[name].annotation)
        return self.option(label, options, key, options.index(getattr(self._start, name)), help_text)

    def toggle(self, name: str) -> bool:
        """Show a switch for a field that is on or off."""
        key, label, help_text = self._words(name)
        self._address.check_choice(key, label.lower(), ("true", "false"))
        return st.toggle(label, getattr(self._start, name), key=key, bind="query-params", help=help_text)

    def option(self, label: str, options: Sequence[str], key: str, index: int, help_text: str | None) -> Any:
        """Show a menu of anything."""
        return self._address.menu(label, options, key, index=index, help=help_text)

    def number(
        self, label: str, lowest: int, highest: int, key: str, help_text: str | None = None, start: int | None = None
    ) -> int:
        """Show a field for a whole number, initially `start`, or else the lowest."""
        self._address.check_number(key, label.lower(), lowest, highest)
        begin = lowest if start is None else start
        return int(st.number_input(label, lowest, highest, begin, key=key, bind="query-params", help=help_text))

    def line(
        self,
        label: str,
        start: str,
        key: str,
        mend: Callable[[str], tuple[str, str] | None],
        help_text: str | None = None,
    ) -> str:
        """Show a field for a line of text; `mend` is as in `Address.check_line`."""
        self._address.check_line(key, mend)
        return st.text_input(label, start, key=key, bind="query-params", help=help_text)

    def _words(self, name: str) -> tuple[str, str, str | None]:
        """Key, label and help of a field's widget."""
        info = type(self._start).model_fields[name]
        return f"{self._page}_{name}", forms.label_of(name, info), info.description

    def tell_unknown(self, also: Sequence[str] = ()) -> None:
        """Warn of parameters that belong to no control of this page; see `Address.tell_unknown`."""
        self._address.tell_unknown(also)


def _step(span: float) -> float:
    """A round step, 1, 2 or 5 times a power of ten, that gives a slider 20 to 50 steps."""
    power = 10.0 ** math.floor(math.log10(span / 20))
    return max(digit * power for digit in (1, 2, 5) if digit * power <= span / 20)


def chips(label: str, settings: Mapping[str, Mapping[str, Any]], marked: str | None, key: str) -> None:
    """Show a chip for each named set of controls, and mark the one that the controls make now.

    Call it after the controls, in a container above them: their values, which a URL may set, must be known first.
    """
    st.session_state[key] = marked

    def apply() -> None:
        for name, value in settings.get(st.session_state[key], {}).items():
            st.session_state[name] = value

    st.pills(label, list(settings), key=key, on_change=apply, wrap=True, help="Each sets all the controls below.")


def name_of(config: BaseModel, named: Mapping[str, BaseModel]) -> str | None:
    """The name of the entry that equals this config; None if there is none."""
    return next((name for name, candidate in named.items() if candidate == config), None)

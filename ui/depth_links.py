"""Where one digit is looked at in depth, and how to get there from any page.

The address is Evaluate?model=NAME&evaluate_view=one+digit&evaluate_from=FROM&evaluate_index=N, where FROM is `test`,
`training` (N counts in file order, whatever a model held out), a split of its own, or `my drawing` (then N is of no
meaning). Everything but the view may be left out.
"""

from urllib.parse import urlencode

import streamlit as st

from ui import frame

VIEW = "one digit"
DRAWING = "my drawing"


def place(picture_name: str, index: int = 0) -> dict[str, str]:
    """The query parameters that show this picture, with whatever model is chosen."""
    return {"evaluate_view": VIEW, "evaluate_from": picture_name, "evaluate_index": str(index)}


def address(picture_name: str, index: int, model: str) -> str:
    """A link to this picture in depth, for a new tab."""
    return "Evaluate?" + urlencode({"model": model} | place(picture_name, index))


def remember(picture_name: str, index: int = 0) -> None:
    """Set Evaluate's controls, from a callback where they are on the page: what they showed last would win over an
    address."""
    st.session_state.update(place(picture_name, index) | {"evaluate_index": index})
    for former in ("evaluate_explained", "evaluate_towards"):
        st.session_state.pop(former, None)


def button(label: str, key: str, picture_name: str, index: int = 0) -> None:
    """Show a button, on another page, that opens Evaluate with this picture in depth."""
    if st.button(label, key=key):
        remember(picture_name, index)
        st.switch_page(frame.page_script("Evaluate"), query_params=place(picture_name, index))

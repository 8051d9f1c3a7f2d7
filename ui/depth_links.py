"""The URL of one digit in depth, and how to get there from any page.

The URL is Evaluate?model=NAME&evaluate_view=one+digit&evaluate_from=FROM&evaluate_index=N, where FROM is `test`,
`training` (N counts in file order, whatever a model held out), a split of its own, or `my drawing` (N has no meaning
then). Everything but the view may be left out.
"""

from urllib.parse import urlencode

import streamlit as st

from mnistlab.config import DatasetName
from mnistlab.data import DATASET_TITLES
from ui import frame, models

VIEW = "one digit"
DRAWING = "my drawing"
_MODEL = "evaluate_model"  # the key of Evaluate's menu


def place(picture_name: str, index: int = 0) -> dict[str, str]:
    """The query parameters that show this picture, with whichever model is chosen."""
    return {"evaluate_view": VIEW, "evaluate_from": picture_name, "evaluate_index": str(index)}


def address(picture_name: str, index: int, model: str) -> str:
    """A link to this picture in depth, for a new tab."""
    return "Evaluate?" + urlencode({"model": model} | place(picture_name, index))


def remember(picture_name: str, index: int = 0) -> None:
    """Set Evaluate's controls, in a callback if they are on the page: their last values would win over the URL."""
    st.session_state.update(place(picture_name, index) | {"evaluate_index": index})
    for former in ("evaluate_explained", "evaluate_towards"):
        st.session_state.pop(former, None)


def go_to(picture_name: str, index: int = 0, model: str | None = None) -> None:
    """Open Evaluate, from another page, with this picture in depth, read by this model or whichever is chosen."""
    remember(picture_name, index)
    query = place(picture_name, index) | ({} if model is None else {"model": model})
    st.switch_page(frame.page_script("Evaluate"), query_params=query)


def button(label: str, key: str, picture_name: str, index: int = 0, dataset: DatasetName | None = None) -> None:
    """Show a button, on another page, that opens Evaluate with this picture in depth.

    dataset: the picture's data set, in which its index is valid: a model of this data set reads it, and if there is
    none, that is said. By default any model does.
    """
    # For MNIST there always is one, so it is looked up only when the button is pressed.
    if dataset not in (None, "mnist") and models.of_dataset(dataset, _MODEL) is None:
        st.caption(f"Train a network on {DATASET_TITLES[dataset]} to see how it reads this picture, and why.")
    elif st.button(label, key=key):
        go_to(picture_name, index, None if dataset is None else models.of_dataset(dataset, _MODEL))

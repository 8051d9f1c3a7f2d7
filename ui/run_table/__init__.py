"""The table of runs, a Streamlit component: sorted, filtered and scrolled in the browser, without the server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from ui.run_table.rows import Shown, packed

__all__ = ["Shown", "packed", "run_table"]

_FOLDER = Path(__file__).parent
_EVENTS = ("picked", "starred", "opened")
_mount = st.components.v2.component(
    "mnistlab_run_table",
    html='<div class="run-table"></div>',
    css=(_FOLDER / "run_table.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "run_table.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def run_table(data: dict[str, Any], key: str, on_event: Callable[[str, str], None]) -> None:
    """Draw the output of `packed`.

    on_event: called before the script reruns with an event and the id of the row: `picked`, its box was ticked or
        cleared; `starred`, its star was clicked; `opened`, its name was clicked.
    """

    def happened(event: str) -> Callable[[], None]:
        def tell() -> None:
            run_id = st.session_state[key][event]
            if run_id is not None:
                on_event(event, str(run_id))

        return tell

    callbacks: dict[str, Any] = {f"on_{event}_change": happened(event) for event in _EVENTS}
    _mount(key=key, data=data, **callbacks)

"""A sweep that is going on, in the sidebar: one line for all its trials."""

import streamlit as st

from mnistlab import sweep
from ui import acting, resources
from ui.words import verbatim


def show(sweep_id: str, script: str) -> None:
    """Show how far it is, with the way to it and a Stop; `script` is that of its page."""
    store = resources.store()
    over, total = sweep.progress([sweep_id], store).get(sweep_id, (0, 1))
    name = verbatim(sweep.config_of(sweep_id, store).name)
    st.progress(over / total, text=f"Sweep: {name}  \n{over} of {total} trials")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(script, label="Watch", query_params={"sweep": sweep_id})
        st.button("Stop", key=f"sidebar_stop_{sweep_id}", on_click=acting.act, args=(sweep.stop, sweep_id, store))

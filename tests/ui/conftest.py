"""What the tests of the pages share."""

import functools
from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner

from mnistlab import engine, tickets
from ui import picking, pixel_grid, resources


@pytest.fixture(autouse=True, scope="session")
def _slow_things_are_done_once() -> Iterator[None]:
    """Each page that a test opens unpacks MNIST, and Streamlit reads the metadata of all that is installed."""
    scan = manifest_scanner.scan_component_manifests
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", functools.cache(scan))
        patch.setattr(resources, "load_dataset", functools.cache(resources.load_dataset))
        yield


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Jobs stay queued: what an engine does with them is tested elsewhere."""
    monkeypatch.setattr(engine, "client", lambda: None)
    monkeypatch.setattr(tickets, "submit", lambda *_: None)
    monkeypatch.setattr(tickets, "check_workers", lambda: None)
    # A component's content cannot be read in AppTest, so digits to click on stand there as plain HTML.
    monkeypatch.setattr(picking, "pick", lambda content, key, on_pick=None: st.html(content) and None)
    monkeypatch.setattr(pixel_grid, "show", lambda content, key: st.html(content) and None)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()

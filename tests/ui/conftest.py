"""What the tests of the pages share."""

import functools
from collections.abc import Iterator

import pytest
from streamlit.components.v2 import manifest_scanner

from ui import resources


@pytest.fixture(autouse=True, scope="session")
def _slow_things_are_done_once() -> Iterator[None]:
    """Each page that a test opens unpacks MNIST, and Streamlit reads the metadata of all that is installed."""
    scan = manifest_scanner.scan_component_manifests
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", functools.cache(scan))
        patch.setattr(resources, "load_dataset", functools.cache(resources.load_dataset))
        yield

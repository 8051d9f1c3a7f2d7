"""What gets longer with a browser's large letters is in no box of a fixed height, which would cut it off."""

from collections.abc import Iterator
from typing import Any

from tests.ui.test_pages import open_page
from tests.ui.test_train_page import TRAIN, finished


def heights(block: Any) -> Iterator[int]:
    """The fixed heights, in CSS pixels, of the containers of a page."""
    for child in getattr(block, "children", {}).values():
        if getattr(child, "proto", None) is not None and hasattr(child.proto, "height_config"):
            yield child.proto.height_config.pixel_height
        yield from heights(child)


def test_no_container_of_train_has_a_fixed_height() -> None:
    finished()
    found = list(heights(open_page(TRAIN).main))
    assert found
    assert not any(found)

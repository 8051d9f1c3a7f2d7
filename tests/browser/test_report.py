"""A report that was taken home, opened from its file without a network, on a desktop and on a phone."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from mnistlab.config import parse_config
from mnistlab.data import load_dataset
from mnistlab.export.report import to_report
from mnistlab.export.source import find_source
from mnistlab.presets import PRESETS
from mnistlab.store import Store

_CHANGED = {"hidden": (64, 32), "dropout": 0.3, "batch_norm": True, "deslant": True, "activation": "gelu"}


@pytest.mark.parametrize("width", [1280, 390])
def test_report_of_many_settings_fits_its_window(page: Page, tmp_path: Path, width: int) -> None:
    """A phone shows a page that is too wide as small as it takes; and no name is broken in two for lack of room."""
    values = PRESETS["tutorial-mlp"].config.model_dump()
    values["model"] |= _CHANGED
    values["train"] |= {"learning_rate": 0.0123, "batch_size": 32, "epochs": 2, "train_size": 6000}
    built_in = find_source("fast-cnn", Store())
    source = replace(built_in, config=parse_config(values), title="W" * 80, note="one line\nanother")
    path = tmp_path / "report.html"
    path.write_text(to_report(source, load_dataset().test), encoding="utf-8")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path.as_uri())
    page.get_by_text("All of them").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    lines = "[...document.querySelectorAll('details th')].map(th => th.firstChild).map(text => {"
    lines += "const range = document.createRange(); range.selectNodeContents(text);"
    lines += "return range.getClientRects().length; })"
    assert set(page.evaluate(lines)) == {1}
    assert page.locator(".note").inner_text() == "one line\nanother"


def test_report_is_printed_dark_on_white_on_a_dark_screen_too_and_with_its_bars(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(to_report(find_source("fast-cnn", Store()), load_dataset().test), encoding="utf-8")
    page.goto(path.as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    colours = "name => getComputedStyle(document.querySelector(name))"
    assert page.evaluate(f"({colours})('svg text').fill") == "rgb(27, 36, 48)"
    assert page.evaluate(f"({colours})('body').backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(f"({colours})('.bar i').printColorAdjust") == "exact"
    page.emulate_media(media="screen", color_scheme="light", forced_colors="active")
    assert page.evaluate(f"({colours})('.bar i').backgroundColor") == "rgb(0, 121, 90)"

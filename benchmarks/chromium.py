"""The browser of benchmarks: MNISTLAB_CHROMIUM, or the first Chromium or Chrome on the PATH."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import ARGUMENTS, NAMES


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start it; it is closed afterwards."""
    program = os.environ.get("MNISTLAB_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise SystemExit("No Chromium or Chrome on the PATH: install one, or set MNISTLAB_CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()

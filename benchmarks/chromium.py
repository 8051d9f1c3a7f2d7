"""The browser of benchmarks: MNISTLAB_CHROMIUM, or the first Chromium or Chrome on the PATH."""

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import ARGUMENTS, NAMES


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser; it is closed afterwards."""
    with _program() as program, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def _program() -> Iterator[str]:
    """The path of the browser, or of a script that starts it at normal priority.

    Started by root, Chromium raises its own priority (nice -8), which other users may not: on the server's cores it
    would then run before the server.
    """
    program = os.environ.get("MNISTLAB_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise SystemExit("No Chromium or Chrome on the PATH: install one, or set MNISTLAB_CHROMIUM.")
    without_right = shutil.which("setpriv") if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    if without_right is None:
        yield program
        return
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "chromium"
        script.write_text(f'#!/bin/sh\nexec {without_right} --bounding-set=-sys_nice {shlex.quote(program)} "$@"\n')
        script.chmod(0o700)
        yield str(script)

"""Start a server with a lab of its own and a real Chromium, and time clicks inside the page.

with opened() as (page, address):
    page.goto(address)
    milliseconds = time_click(page, page.get_by_role("button", name="Next"), "document.title === 'next'")
"""

import os
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page

from benchmarks.chromium import chromium
from tests.browser.server import PROJECT, start_server

# From the browser's own click or key event until the frame is painted in which `shown` holds: an animation frame
# begins before a paint, and a message posted in it arrives after.
_WATCH = """
() => {
  const shown = () => %s;
  window.timed = new Promise((resolve) => {
    let begun = null;
    const begin = (event) => { begun ??= event.timeStamp; };
    for (const kind of ["click", "keydown"]) addEventListener(kind, begin, { capture: true, once: true });
    const look = () => {
      if (begun === null || !shown()) return requestAnimationFrame(look);
      const channel = new MessageChannel();
      channel.port1.onmessage = () => resolve(performance.now() - begun);
      channel.port2.postMessage(null);
    };
    requestAnimationFrame(look);
  });
}
"""


@contextmanager
def opened(
    width: int = 1280, height: int = 900, prepare: Callable[[Path], None] | None = None
) -> Iterator[tuple[Page, str]]:
    """Start the app with an empty lab and a browser; yield an empty page and the app's address.

    prepare: fills the lab's folder before the server starts.
    """
    with tempfile.TemporaryDirectory() as folder:
        lab = Path(folder)
        if prepare is not None:
            prepare(lab)
        with (
            start_server(PROJECT / "app.py", lab, {"MNISTLAB_ENGINE_IDLE": "20 seconds"}) as address,
            chromium() as browser,
        ):
            yield browser.new_page(viewport={"width": width, "height": height}), address


def time_click(page: Page, target: Locator, shown: str) -> float:
    """Click, and return the milliseconds until a frame is painted in which the JavaScript expression `shown` holds."""
    target.scroll_into_view_if_needed()
    page.evaluate(_WATCH % shown)
    target.click()
    return float(page.evaluate("() => window.timed"))


def time_key(page: Page, key: str, shown: str) -> float:
    """Press a key, timed like `time_click`."""
    page.evaluate(_WATCH % shown)
    page.keyboard.press(key)
    return float(page.evaluate("() => window.timed"))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share (0 to 1) of the values do not exceed, interpolated."""
    if len(values) == 1:
        return values[0]
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[min(98, max(0, round(share * 100) - 1))]


def machine() -> str:
    """The machine and its load, to be printed with the figures."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{platform.machine()}, {os.cpu_count()} cores{load}"

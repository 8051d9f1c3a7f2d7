"""From a click to its digits on the screen, on Data and Pixels: `python -m benchmarks pages`."""

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from benchmarks.browser import machine, opened, percentile, time_click, time_key

LIMIT = 300  # milliseconds in which both pages are to answer
_PATIENT = 60_000  # milliseconds for the first page, which waits for torch
_PAUSE = 700  # milliseconds between two clicks, as a reader takes at least

_FIRST = "document.querySelector('.digits figure')?.title"
_COUNT = "document.querySelector('.digits')?.querySelectorAll('figure').length"
_GRID = "document.querySelector('.pixels .grid')"


@dataclass(frozen=True)
class Result:
    """What was clicked, and the milliseconds until the result was painted, one value per click."""

    click: str
    milliseconds: list[float]

    def summary(self) -> dict[str, float | str | int]:
        half, most = (round(percentile(self.milliseconds, share)) for share in (0.5, 0.95))
        return {"click": self.click, "times": len(self.milliseconds), "p50_ms": half, "p95_ms": most}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks pages", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often each click is timed")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args(arguments)
    with opened() as (page, address):
        results = [Result(name, timed(page, address, options.times)).summary() for name, timed in CLICKS.items()]
    if options.json:
        print(json.dumps({"machine": machine(), "limit_ms": LIMIT, "results": results}, indent=2))
        return
    print(f"From the click to the painted digits, ms; to stay below {LIMIT}. {machine()}; nothing else should run.\n")
    print(f"{'click':36}{'times':>7}{'p50':>7}{'p95':>7}")
    for result in results:
        print(f"{result['click']:36}{result['times']:7}{result['p50_ms']:7}{result['p95_ms']:7}")


def _open(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_text("Show the code")).to_be_visible(timeout=_PATIENT)
    page.wait_for_timeout(1500)


def _two_hundred(page: Page, address: str, times: int) -> list[float]:
    _open(page, f"{address}/Data")
    found = []
    for _ in range(times):
        page.get_by_role("button", name="Only fours and nines").click()
        page.wait_for_function(f"{_COUNT} === 50")
        page.wait_for_timeout(_PAUSE)
        found.append(time_click(page, page.get_by_role("button", name="200 at a glance"), f"{_COUNT} === 200"))
    return found


def _next_batch(page: Page, address: str, times: int) -> list[float]:
    _open(page, f"{address}/Data?data_batch_size=200")
    return [_time_change(page, "Next", _FIRST) for _ in range(times)]


def _shuffle_again(page: Page, address: str, times: int) -> list[float]:
    _open(page, f"{address}/Data?data_batch_size=200&data_order=shuffled")
    return [_time_change(page, "Shuffle again", _FIRST) for _ in range(times)]


def _digit_to_pixels(page: Page, address: str, times: int) -> list[float]:
    _open(page, f"{address}/Data?data_batch_size=200")
    found = []
    for index in range(times):
        digit = page.locator(".digits a").nth(3 + index)
        found.append(time_click(page, digit, f"{_GRID}?.querySelectorAll('i').length === 784"))
        page.wait_for_timeout(_PAUSE)
        page.get_by_role("link", name="Data", exact=True).click()
        page.wait_for_function(f"{_COUNT} === 200")
        page.wait_for_timeout(_PAUSE)
    return found


def _next_image(page: Page, address: str, times: int) -> list[float]:
    _open(page, f"{address}/Pixels")
    return [_time_change(page, "Next", f"{_GRID}?.ariaLabel") for _ in range(times)]


def _arrow_key(page: Page, address: str, times: int) -> list[float]:
    _open(page, f"{address}/Pixels")
    found = []
    for _ in range(times):
        page.wait_for_timeout(_PAUSE)
        before = json.dumps(page.evaluate(f"{_GRID}?.ariaLabel"))
        found.append(time_key(page, "ArrowRight", f"{_GRID} && {_GRID}.ariaLabel !== {before}"))
    return found


def _time_change(page: Page, button: str, what: str) -> float:
    """Press a button; return the milliseconds until the value of a JavaScript expression has changed."""
    page.wait_for_timeout(_PAUSE)
    before = json.dumps(page.evaluate(what))
    target = page.get_by_role("button", name=re.compile(rf"^{button}\b"))
    return time_click(page, target, f"({what} ?? {before}) !== {before}")


CLICKS: dict[str, Callable[[Page, str, int], list[float]]] = {
    "Data: 200 at a glance": _two_hundred,
    "Data: Shuffle again, 200 digits": _shuffle_again,
    "Data: Next, 200 digits": _next_batch,
    "Data: a digit, opens on Pixels": _digit_to_pixels,
    "Pixels: Next": _next_image,
    "Pixels: arrow key": _arrow_key,
}

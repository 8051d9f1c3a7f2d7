"""From a click to the list of 500 runs, and to a comparison of two of them: `python -m benchmarks runs`."""

import argparse
import json
import os
from pathlib import Path

from playwright.sync_api import Page, expect

from benchmarks.browser import machine, opened, percentile, time_click
from mnistlab.store import Store
from tests.kept import keep, varied

LIMIT = 300  # milliseconds in which all runs are to be listed
_PATIENT = 60_000  # milliseconds for the first page, which waits for torch
_PAUSE = 1000  # milliseconds between two clicks
_ROWS = "document.querySelectorAll('.run-table tbody tr').length"
# What counts as listed: as many rows as fit, and their total number; the rows below follow once these are painted.
_SEEN = """
document.querySelectorAll(".run-table tbody tr").length >= Math.min(40, %(num)d)
&& document.querySelector(".run-table .number").textContent.startsWith("%(num)d runs")
"""
_SORTED = "document.querySelector('.run-table th[aria-sort=descending]')"
_LETTERS = "document.querySelectorAll('.run-table tr.chosen').length"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks runs", description=__doc__)
    parser.add_argument("--runs", type=int, default=500, help="how many are in the store, at most 500")
    parser.add_argument("--times", type=int, default=10, help="how often each click is timed")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args(arguments)

    def prepare(lab: Path) -> None:
        os.environ["MNISTLAB_LAB"] = str(lab)
        store = Store()
        for number in range(options.runs):
            keep(store, varied(number), 0.96 + 0.03 * (number % 97) / 97, num_images=1000)

    with opened(prepare=prepare) as (page, address):
        results = _measure(page, address, options.runs, options.times)
    if options.json:
        print(json.dumps({"machine": machine(), "limit_ms": LIMIT, "runs": options.runs, "results": results}, indent=2))
        return
    print(f"{options.runs} runs, from the click to what is painted, ms; {LIMIT} is the limit. {machine()}.\n")
    print(f"{'click':30}{'times':>7}{'p50':>7}{'p95':>7}")
    for result in results:
        print(f"{result['click']:30}{result['times']:7}{result['p50_ms']:7}{result['p95_ms']:7}")


def _measure(page: Page, address: str, num_runs: int, times: int) -> list[dict[str, str | int]]:
    page.goto(f"{address}/Runs")
    page.wait_for_function(f"{_ROWS} === {num_runs}", timeout=_PATIENT)
    listed, complete, sorted_by, together, ticked = [], [], [], [], []
    for _ in range(times):
        there = page.get_by_role("link", name="Runs", exact=True)
        _go_away(page)
        listed.append(time_click(page, there, _SEEN % {"num": num_runs}))
        _go_away(page)
        complete.append(time_click(page, there, f"{_ROWS} === {num_runs}"))
        page.wait_for_timeout(_PAUSE)
        accuracy = page.locator(".run-table thead").get_by_role("button", name="test accuracy")
        sorted_by.append(time_click(page, accuracy, _SORTED))
        page.wait_for_timeout(_PAUSE)
        box = page.locator(".run-table tbody tr:not(.chosen) input").nth(3)
        ticked.append(time_click(page, box, f"{_LETTERS} === 3"))
        page.wait_for_timeout(_PAUSE)
        page.locator(".run-table tr.chosen input").first.click()
        page.wait_for_function(f"{_LETTERS} === 2")
        page.wait_for_timeout(_PAUSE)
        toggle = page.get_by_test_id("stCheckbox").get_by_text("Seeds together")
        together.append(time_click(page, toggle, f"{_ROWS} < {num_runs}"))
        page.wait_for_timeout(_PAUSE)
        toggle.click()
        page.wait_for_function(f"{_ROWS} === {num_runs}")
        page.wait_for_timeout(_PAUSE)
        page.goto(f"{address}/Runs")
        page.wait_for_function(f"{_ROWS} === {num_runs}", timeout=_PATIENT)
    named = {
        "another page to Runs": listed,
        "the same, with the last row": complete,
        "sort": sorted_by,
        "tick a third run": ticked,
        "seeds together": together,
    }
    return [_summary(name, found) for name, found in named.items()]


def _go_away(page: Page) -> None:
    page.wait_for_timeout(_PAUSE)
    page.get_by_role("link", name="Augment", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is a tilted 3 still a 3?", timeout=_PATIENT)
    page.wait_for_timeout(2 * _PAUSE)


def _summary(name: str, found: list[float]) -> dict[str, str | int]:
    half, most = (round(percentile(found, share)) for share in (0.5, 0.95))
    return {"click": name, "times": len(found), "p50_ms": half, "p95_ms": most}

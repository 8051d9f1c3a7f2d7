"""A class of thirty on one server while two runs train: `python -m benchmarks classroom`.

Each of the class watches a run live and clicks through pages, and reads each for a while; three of them in real
browsers, which have loaded what a browser loads but once, the others by Streamlit's own protocol.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import threading
import time
from collections.abc import Sequence
from typing import Any

import psutil
from playwright.sync_api import Browser, Error, Page

from benchmarks.browser import machine, percentile
from benchmarks.chromium import chromium
from benchmarks.lab import Lab, endless, opened_lab, tell, wait_until
from benchmarks.live import switch_page
from benchmarks.session import Script, Session
from ui.frame import PAGES

LIMITS = {"script_p95_ms": 100, "click_p95_ms": 1000, "memory_mb": 15, "errors": 0, "sessions_left": 0, "strays": 0}
_NAMES = [page.name for page in PAGES[1:]]
_READING = (4.0, 12.0)  # seconds that a visitor stays on a page, at least and at most
# Seconds for which Streamlit keeps a session that has left, in case it comes back; two minutes by default. What is
# measured is that it forgets the session, not how long that takes.
_KEPT = 20


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks classroom", description=__doc__)
    parser.add_argument("--sessions", type=int, default=30, help="visitors, the real browsers included")
    parser.add_argument("--browsers", type=int, default=3, help="real ones, which need the same cores")
    parser.add_argument("--seconds", type=float, default=60, help="how long they stay")
    parser.add_argument("--workers", type=int, default=2, help="trainings at a time (MNISTLAB_WORKERS)")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args(arguments)
    with opened_lab(options.workers, {"STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": str(_KEPT)}) as lab:
        figures = _lesson(lab, options.sessions, options.browsers, options.seconds, options.workers)
        family = [lab.server, *lab.server.children(recursive=True)]
    figures["strays"] = len(psutil.wait_procs(family, timeout=30)[1])
    if options.json:
        print(json.dumps({"machine": machine(), "limits": LIMITS, **figures}, indent=2))
        return
    print(f"{options.sessions} visitors for {options.seconds:.0f} s, {options.workers} trainings. {machine()}.\n")
    pages = figures.pop("pages")
    for name, value in figures.items():
        limit = f"limit {LIMITS[name]}" if name in LIMITS else ""
        print(f"{name:24}{value!s:>12}  {limit}")
    print(f"\n{'script, ms':24}{'times':>12}{'p50':>7}{'p95':>7}")
    for name, row in pages.items():
        print(f"{name:24}{row['times']:12}{row['script_p50_ms']:7}{row['script_p95_ms']:7}")


def _lesson(lab: Lab, num_visitors: int, num_browsers: int, seconds: float, workers: int) -> dict[str, Any]:
    """Let the class come, stay and leave; return what was measured."""
    tell("Visiting each page once, so that what the server keeps for all is there.")
    run_ids = [lab.start(endless()) for _ in range(workers)]
    asyncio.run(_visit_all(lab.address, run_ids[0]))
    wait_until(lambda: lab.num_sessions() == 0, "the first visitor to leave")
    time.sleep(3)
    memory = lab.memory()
    tell("The class comes in.")
    class_ = _Class(lab, run_ids, num_visitors - num_browsers, num_browsers, seconds)
    clicks, problems = class_.attend()
    peak = class_.memory
    left_open = lab.num_sessions()
    for run_id in run_ids:
        lab.stop(run_id)
    tell("Waiting for the server to forget the class.")
    time.sleep(1.5 * _KEPT)
    asyncio.run(_visit_all(lab.address, run_ids[0]))  # expired sessions go when the next one leaves
    wait_until(lambda: lab.num_sessions() == 0, "the last visitor to leave")
    scripts = [script for visitor in class_.visitors for script in visitor.scripts]
    problems += [error for visitor in class_.visitors for error in visitor.errors]
    for problem in sorted(set(problems))[:5]:
        tell(f"Error: {problem}")
    return {
        **_times("script", [script.ran for script in scripts]),
        **_times("answer_to_refresh", [script.waited for script in scripts if script.is_refresh]),
        **_times("answer_to_click", [script.waited for script in scripts if not script.is_refresh]),
        **_times("click", [milliseconds / 1000 for milliseconds in clicks]),
        "scripts_a_second": round(len(scripts) / seconds, 1),
        "charts_a_second": round(sum(visitor.num_charts for visitor in class_.visitors) / seconds, 1),
        "memory_mb": round((peak - memory) / num_visitors, 1),
        "memory_left_mb": round((lab.memory() - memory) / num_visitors, 1),
        "errors": len(problems),
        "sessions_left": left_open,
        "pages": _by_page(scripts),
    }


def _by_page(scripts: Sequence[Script]) -> dict[str, dict[str, int]]:
    """How often each page was drawn, and how long it took; refreshes of all pages are counted separately."""
    found: dict[str, list[float]] = {}
    for script in scripts:
        found.setdefault("(refresh)" if script.is_refresh else script.page, []).append(script.ran)
    return {name: {"times": len(ran)} | _times("script", ran) for name, ran in sorted(found.items())}


def _times(name: str, seconds: Sequence[float]) -> dict[str, int]:
    milliseconds = [1000 * value for value in seconds] or [0.0]
    half, most = (round(percentile(milliseconds, share)) for share in (0.5, 0.95))
    return {f"{name}_p50_ms": half, f"{name}_p95_ms": most}


async def _visit_all(address: str, run_id: str) -> None:
    visitor = Session(address)
    await visitor.open("Train", f"run={run_id}")
    for name in _NAMES:
        await visitor.click(name)
    await visitor.close()


class _Class:
    """Visitors without a browser in a thread of their own, and browsers in this one."""

    def __init__(self, lab: Lab, run_ids: Sequence[str], num_visitors: int, num_browsers: int, seconds: float) -> None:
        self.visitors = [Session(lab.address) for _ in range(num_visitors)]
        self.memory = 0.0  # of the server, MB, while all are there
        self._lab, self._run_ids, self._num_browsers, self._seconds = lab, run_ids, num_browsers, seconds

    def attend(self) -> tuple[list[float], list[str]]:
        """Return the milliseconds of each click in the browsers, and what went wrong there."""
        others = threading.Thread(target=lambda: asyncio.run(self._attend_all()))
        with chromium() as browser:
            pages, problems = self._open_browsers(browser)
            others.start()
            clicks = self._read(pages)
            self.memory = statistics.median(self._lab.memory() for _ in range(3))
            others.join()
        wait_until(lambda: self._lab.num_sessions() == 0, "the class to leave")
        return clicks, problems

    def _open_browsers(self, browser: Browser) -> tuple[list[Page], list[str]]:
        pages, problems = [], list[str]()
        for number in range(self._num_browsers):
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.goto(f"{self._lab.address}/Train?run={self._run_ids[number % len(self._run_ids)]}")
            page.get_by_test_id("stSidebar").get_by_role("link", name="Data", exact=True).wait_for(timeout=60_000)
            for name in _NAMES:
                switch_page(page, name)
            pages.append(page)
        return pages, problems

    def _read(self, pages: Sequence[Page]) -> list[float]:
        """Click through pages in each browser, as the others do; return the milliseconds of each click."""
        if not pages:
            time.sleep(self._seconds)
            return []
        chance, begun, found = random.Random("browsers"), time.monotonic(), list[float]()
        names = {page: itertools.cycle(_NAMES) for page in pages}
        due = {page: begun + chance.uniform(*_READING) for page in pages}
        while True:
            page = min(pages, key=lambda one: due[one])
            moment = min(due[page], begun + self._seconds)
            page.wait_for_timeout(1000 * max(0.0, moment - time.monotonic()))  # receives the page's errors
            if moment < due[page]:
                return found
            try:
                found.append(switch_page(page, next(names[page])))
            except Error as error:
                raise SystemExit(f"A click in a browser had no effect: {error.message}") from error
            due[page] = time.monotonic() + chance.uniform(*_READING)

    async def _attend_all(self) -> None:
        await asyncio.gather(*(self._attend(number) for number in range(len(self.visitors))))

    async def _attend(self, number: int) -> None:
        """Come, watch, look at another page, come back, and leave in the end."""
        chance, visitor = random.Random(number), self.visitors[number]
        watching = f"run={self._run_ids[number % len(self._run_ids)]}"
        await asyncio.sleep(chance.uniform(0, 5))  # not all arrive at the same moment
        await visitor.open("Train", watching)
        until = time.monotonic() + self._seconds
        while time.monotonic() < until:
            await asyncio.sleep(chance.uniform(*_READING))
            await visitor.click(chance.choice(_NAMES))
            await asyncio.sleep(chance.uniform(*_READING))
            await visitor.click("Train", watching)
        await visitor.close()

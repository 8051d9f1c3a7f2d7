"""Starting a run, watching it and clicking through pages while it trains: `python -m benchmarks live`."""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Sequence

from playwright.sync_api import Page, expect

from benchmarks.browser import machine, percentile, time_click
from benchmarks.chromium import chromium
from benchmarks.lab import Lab, endless, opened_lab, tell, wait_until
from benchmarks.pace import Turn, take_turns
from benchmarks.session import Session
from mnistlab import jobs
from ui.frame import PAGES

# Milliseconds: p95 is to stay below.
LIMITS = {"Start to the first loss on the chart": 1000, "page switch": 600, "live refresh, script": 50}
MOST_LOST = 0.10  # share of a bare loop's pace that the engine may lose
_PATIENT = 60_000  # milliseconds for the first page, which waits for torch
_MOST_SECONDS = 120  # for all refreshes that are timed
_PAUSE = 700  # milliseconds between two clicks, as a visitor takes at least
_BETWEEN_STARTS = 2200  # milliseconds: who presses Start again sooner has double-clicked

# The first chart of the page shows a run that is not `before` and has a line of losses, which takes two steps.
_LINE = """
(() => {
  const plot = document.querySelector(".mnistlab-live-chart");
  const line = plot?.data?.find((trace) => trace.name === "each step");
  return (line?.x.length ?? 0) > 1 && plot.layout.uirevision !== %s;
})()
"""
_SHOWN = 'document.querySelector(".mnistlab-live-chart")?.layout?.uirevision ?? null'
# The page's own title, with its script at its end and nothing of the page before left.
_PAGE = """
(() => {
  const title = document.querySelector("h1")?.innerText;
  const isDone = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning";
  return title === %s && isDone && !document.querySelector("[data-stale=true]");
})()
"""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks live", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often each thing is timed")
    parser.add_argument("--turns", type=int, default=6, help="turns of the engine and of the bare loop")
    parser.add_argument("--preset", default="tutorial-mlp", help="what the two train")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args(arguments)
    tell("Starting a server and its engine.")
    with opened_lab(workers=1) as lab:
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            tell("Pressing Start.")
            timed = {"Start to the first loss on the chart": _starts(page, lab, options.times)}
            tell(f"{[round(value) for value in timed['Start to the first loss on the chart']]} ms")
            run_id = lab.start(endless())
            tell("Clicking through the pages.")
            timed["page switch"] = page_switches(page, lab.address, options.times)
        tell("Watching a run.")
        timed["live refresh, script"], cpu = asyncio.run(_refreshes(lab, run_id, options.times))
        lab.stop(run_id)
        tell("Training with and without the engine.")
        paces = {
            f"bare loop, {name}": take_turns(lab, options.preset, options.turns, 3.0, threads)
            for name, threads in (("1 thread", 1), ("torch's own threads", 0))
        }
    found = [_summary(what, values, LIMITS[what]) for what, values in timed.items()]
    if options.json:
        pace = {name: _pace_summary(turns) for name, turns in paces.items()}
        print(json.dumps({"machine": machine(), "times": found, "refresh_cpu_ms": cpu, "pace": pace}, indent=2))
        return
    _print_times(found, cpu)
    for name, turns in paces.items():
        summary = _pace_summary(turns)
        print(
            f"{options.preset}, the engine loses {summary['lost']:.0%} (limit {MOST_LOST:.0%}) against a {name}: "
            f"{summary['engine']:,.0f} and {summary['bare']:,.0f} steps/s, medians of {len(turns)} turns of 3 s"
        )


def _print_times(found: Sequence[dict[str, str | int]], cpu: float) -> None:
    print(f"In a real browser, while a run trains, ms. {machine()}.\n")
    print(f"{'':40}{'times':>7}{'p50':>7}{'p95':>7}{'limit':>7}")
    for row in found:
        print(f"{row['what']:40}{row['times']:7}{row['p50_ms']:7}{row['p95_ms']:7}{row['limit_ms']:7}")
    print(f"{'live refresh, CPU time of the server':40}{'':7}{cpu:7.0f}\n")


def _summary(what: str, milliseconds: Sequence[float], limit: int) -> dict[str, str | int]:
    half, most = (round(percentile(milliseconds, share)) for share in (0.5, 0.95))
    return {"what": what, "times": len(milliseconds), "p50_ms": half, "p95_ms": most, "limit_ms": limit}


def _pace_summary(turns: Sequence[Turn]) -> dict[str, float]:
    """Medians; the loss is the median over the turns, in each of which both ran under the same load."""
    return {
        "bare": statistics.median(turn.bare for turn in turns),
        "engine": statistics.median(turn.engine for turn in turns),
        "lost": 1 - statistics.median(turn.engine / turn.bare for turn in turns),
    }


def _starts(page: Page, lab: Lab, times: int) -> list[float]:
    """Press Start until the losses are painted, then stop the run; the first is not counted: it loads Plotly."""
    page.goto(f"{lab.address}/Train")
    expect(page.get_by_text("Show the code")).to_be_visible(timeout=_PATIENT)
    found = []
    for _ in range(times + 1):
        button = page.get_by_role("button", name="Start", exact=True)
        expect(button).to_be_enabled(timeout=_PATIENT)
        page.wait_for_timeout(_BETWEEN_STARTS)
        found.append(time_click(page, button, _LINE % json.dumps(page.evaluate(_SHOWN))))
        for run in lab.store.runs(states=["queued", "running"]):
            jobs.stop(run.id, lab.store)
        wait_until(lambda: not lab.store.runs(states=["queued", "running"]), "a run to stop")
    return found[1:]


def page_switches(page: Page, address: str, times: int) -> list[float]:
    """Click through the menu, once to warm up and then timed, until each page is complete; print the time of each."""
    page.goto(f"{address}/Train")
    expect(page.get_by_text("Show the code")).to_be_visible(timeout=_PATIENT)
    names = [one.name for one in PAGES]
    found: dict[str, list[float]] = {name: [] for name in names}
    for count in range(len(names) + times):
        name = names[count % len(names)]
        found[name].append(switch_page(page, name))
    for name, milliseconds in found.items():
        tell(f"{name}: {', '.join(f'{value:.0f}' for value in milliseconds)} ms, of which the first is not counted")
    return [value for milliseconds in found.values() for value in milliseconds[1:]]


def switch_page(page: Page, name: str) -> float:
    """Click on a page in the menu; return the milliseconds until it is complete."""
    question = next(one.question for one in PAGES if one.name == name)
    page.wait_for_timeout(_PAUSE)
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)
    return time_click(page, link, _PAGE % json.dumps(question))


async def _refreshes(lab: Lab, run_id: str, times: int) -> tuple[list[float], float]:
    """Watch a run: milliseconds of script of each refresh, and the server's CPU time for one."""
    session = Session(lab.address)
    await session.open("Train", f"run={run_id}")
    await asyncio.sleep(5)
    session.scripts.clear()
    before = lab.server.cpu_times()
    until = time.monotonic() + _MOST_SECONDS
    while len(session.scripts) < times:
        if time.monotonic() > until:
            raise SystemExit(f"Only {len(session.scripts)} of {times} refreshes within {_MOST_SECONDS} s.")
        await asyncio.sleep(0.2)
    after = lab.server.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    await session.close()
    if session.errors:
        raise SystemExit(f"The page that watches had errors: {session.errors[0]}")
    return [1000 * script.ran for script in session.scripts], 1000 * cpu / len(session.scripts)

"""The server dies, the training lives: what a teacher fears, tried for real."""

import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from mnistlab import jobs, steering
from mnistlab.runs import Run
from mnistlab.store import Store
from tests.browser.server import PROJECT, start_server

PATIENT = 90_000  # ms
ENVIRONMENT = {"MNISTLAB_ENGINE_IDLE": "20 seconds"}


@pytest.fixture
def survivors(lab: Path) -> Iterator[None]:
    """End the engine, which outlives its server by design."""
    lab.mkdir(exist_ok=True)
    yield
    with suppress(OSError, ValueError, psutil.NoSuchProcess):
        leader = psutil.Process(json.loads((lab / "engine.json").read_text())["pid"])
        for process in [*leader.children(recursive=True), leader]:
            process.kill()


def server_process(address: str) -> psutil.Process:
    port = address.rpartition(":")[2]
    (found,) = (
        process
        for process in psutil.Process().children(recursive=True)
        if is_server(process) and port in process.cmdline()
    )
    return found


def is_server(process: psutil.Process) -> bool:
    try:
        return "streamlit" in process.cmdline()
    except psutil.NoSuchProcess:  # also of a zombie, which has no command line any more
        return False


def newest_run(store: Store, min_step: int = 1) -> Run:
    until = time.monotonic() + PATIENT / 1000
    while not (found := store.runs(limit=1)) or found[0].step < min_step:
        assert time.monotonic() < until, (found[0].state, found[0].attempt, found[0].worker, found[0].step)
        time.sleep(0.1)
    return found[0]


@pytest.mark.usefixtures("survivors")
@pytest.mark.complaints_expected("its server is killed under it")
def test_a_run_outlives_its_server_and_a_new_server_shows_it_live(page: Page, lab: Path) -> None:
    with start_server(PROJECT / "app.py", lab, ENVIRONMENT) as address:
        page.goto(f"{address}/Train")
        page.get_by_role("button", name="Start", exact=True).click(timeout=PATIENT)
        store = Store()
        run = newest_run(store)
        engine = json.loads((lab / "engine.json").read_text())["pid"]
        server_process(address).kill()
        after_death = newest_run(store, run.step + 1)
        assert after_death.state == "running"
        assert psutil.pid_exists(engine)
    with start_server(PROJECT / "app.py", lab, ENVIRONMENT) as address:
        page.goto(f"{address}/Train?run={run.id}")
        expect(page.get_by_text(re.compile(r"Epoch .* of 10")).first).to_be_visible(timeout=PATIENT)
        before = newest_run(store).step
        assert newest_run(store, before + 1).attempt == 1
        steering.stop(run.id, store)
        expect(page.get_by_text(re.compile("Stopped after")).first).to_be_visible(timeout=PATIENT)
        jobs.resume(run.id, store)  # as somebody else would, in another browser or at a terminal
        expect(page.get_by_text(re.compile(r"Epoch .* of 10")).first).to_be_visible(timeout=PATIENT)


@pytest.mark.usefixtures("survivors")
def test_ctrl_c_leaves_no_server_behind(lab: Path) -> None:
    with start_server(PROJECT / "app.py", lab, ENVIRONMENT) as address:
        server = server_process(address)
        family = [server, *server.children(recursive=True)]
        server.send_signal(signal.SIGINT)
        _, alive = psutil.wait_procs(family, timeout=PATIENT / 1000)
        assert [process for process in alive if is_server(process)] == []

"""A lab for a benchmark: a server with an empty store, a warm engine, and runs that train until they are stopped."""

import contextlib
import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from mnistlab import jobs
from mnistlab.config import RunConfig, parse_config
from mnistlab.paths import lab_folder
from mnistlab.presets import get_preset
from mnistlab.store import Store
from tests.browser.server import PROJECT, start_server

_PATIENCE = 120.0  # seconds, for an engine to start and a run to begin or to end
_ENDLESS = 500  # epochs: more than any benchmark waits for
_IDLE = "10 seconds"  # after which the engine ends itself


@dataclass(frozen=True)
class Lab:
    """A running server and its store."""

    address: str
    server: psutil.Process
    store: Store

    def num_sessions(self) -> int:
        """How many browsers are connected, as the server counts them."""
        with urllib.request.urlopen(f"{self.address}/_stcore/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return int(next(line.split()[-1] for line in lines if line.startswith("active_sessions ")))

    def memory(self) -> float:
        """The server's own memory, MB: what would be free if it ended."""
        return float(self.server.memory_full_info().uss) / 1e6

    def start(self, config: RunConfig) -> str:
        """Start a run and return its id once its first losses are in the store."""
        run_id = jobs.start(config, self.store)
        wait_until(lambda: self.store.run(run_id).step > 0, f"run {run_id} to begin")
        return run_id

    def stop(self, run_id: str) -> None:
        """Stop a run and wait until its worker is free."""
        jobs.stop(run_id, self.store)
        wait_until(lambda: not self.store.run(run_id).is_active, f"run {run_id} to stop")


@contextmanager
def opened_lab(workers: int, more_settings: Mapping[str, str] | None = None) -> Iterator[Lab]:
    """Start the app with an empty lab and an engine of so many workers, both warm; both are ended afterwards.

    more_settings: environment variables for the server.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MNISTLAB_LAB"] = folder  # jobs.start in this process speaks to the same engine
        settings = {"MNISTLAB_ENGINE_IDLE": _IDLE, "MNISTLAB_WORKERS": str(workers)} | dict(more_settings or {})
        os.environ.update(settings)
        with start_server(PROJECT / "app.py", Path(folder), settings) as address:
            lab = Lab(address, _server_of(address), Store())
            try:
                for run_id in [lab.start(endless()) for _ in range(workers)]:  # each worker's first run
                    lab.stop(run_id)
                yield lab
            finally:
                _end_engine()


def endless(preset: str = "tutorial-mlp") -> RunConfig:
    """A preset that trains for longer than any benchmark lasts."""
    values = get_preset(preset).config.model_dump()
    values["train"]["epochs"] = _ENDLESS
    return parse_config(values)


def wait_until(is_so: Callable[[], bool], what: str, patience: float = _PATIENCE) -> None:
    """Poll ten times a second; exit with a message if it takes too long."""
    until = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > until:
            raise SystemExit(f"Waited {patience:.0f} s for {what}.")
        time.sleep(0.1)


def engine_processes() -> list[psutil.Process]:
    """The processes of the engine and its workers; none if no engine is running."""
    place = lab_folder() / "engine.json"
    if not place.exists():
        return []
    try:
        leader = psutil.Process(json.loads(place.read_text(encoding="utf-8"))["pid"])
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _end_engine() -> None:
    """End the engine and its workers, which after an error would go on training with nobody to stop them."""
    for process in engine_processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _server_of(address: str) -> psutil.Process:
    port = address.rpartition(":")[2]
    children = psutil.Process().children(recursive=True)
    return next(child for child in children if port in child.cmdline() and "streamlit" in child.cmdline())


def tell(what: str) -> None:
    """Print what is being done."""
    print(what, file=sys.stderr, flush=True)

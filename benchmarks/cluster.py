"""Short runs on a cluster of one and of two workers, in turns: `python -m benchmarks cluster`.

A scheduler, PostgreSQL and the workers, one thread each, are started on this machine, which needs two cores.
"""

import argparse
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import table
from benchmarks.browser import machine
from benchmarks.lab import tell, wait_until
from mnistlab import jobs
from mnistlab.config import RunConfig, parse_config
from mnistlab.presets import get_preset
from mnistlab.store import Store
from tests.trust.places import Cluster, make_database, postgres, postgres_programs

_PATIENCE = 900  # seconds for one turn, on a slow and busy machine too


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks cluster", description=__doc__)
    parser.add_argument("--runs", type=int, default=12, help="in each turn")
    parser.add_argument("--turns", type=int, default=3, help="of one worker and of two")
    parser.add_argument("--preset", default="tutorial-mlp", help="what is trained, for one epoch")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args(arguments)
    config, seconds = short(options.preset), {1: list[float](), 2: list[float]()}
    with labs(tuple(seconds)) as (clusters, store):
        for cluster in clusters.values():
            train_all(config, 4, cluster, store)  # warms up all workers
        for turn in range(options.turns):
            for num_workers, taken in seconds.items():
                tell(f"Turn {turn + 1} of {options.turns}: {options.runs} runs, workers: {num_workers}.")
                taken.append(train_all(config, options.runs, clusters[num_workers], store))
    rows: list[dict[str, Any]] = [
        {"workers": num_workers, "runs_per_minute": 60 * options.runs / statistics.median(taken), "seconds": taken}
        for num_workers, taken in seconds.items()
    ]
    ratio = statistics.median(one / two for one, two in zip(*seconds.values(), strict=True))
    if options.json:
        print(json.dumps({**vars(options), "machine": machine(), "rows": rows, "ratio": ratio}))
        return
    print(f"{options.runs} runs of {options.preset}, one epoch each. {machine()}.\n")
    table.show(rows, False, "workers | runs a minute", lambda row: f"{row['workers']} | {row['runs_per_minute']:.1f}")
    print(f"\nTwo workers do {ratio:.2f} times as much as one, median of {options.turns} turns.")


def short(preset: str) -> RunConfig:
    """A preset for one epoch on the CPU."""
    values = get_preset(preset).config.model_dump()
    values["train"] |= {"epochs": 1, "device": "cpu"}
    return parse_config(values)


@contextmanager
def labs(sizes: Sequence[int]) -> Iterator[tuple[dict[int, Cluster], Store]]:
    """A scheduler for each number of workers, and one database; all is ended afterwards."""
    programs = postgres_programs()
    if programs is None:
        raise SystemExit("This needs PostgreSQL: install the package postgresql.")
    with tempfile.TemporaryDirectory() as folder, postgres(programs) as server, contextlib.ExitStack() as ending:
        os.environ |= {"MNISTLAB_LAB": folder, "OMP_NUM_THREADS": "1"}
        os.environ["MNISTLAB_DB"] = make_database(server.address, "benchmark")
        clusters = {}
        for size in sizes:
            own = Path(folder) / str(size)
            own.mkdir()
            clusters[size] = Cluster(own)
            ending.callback(clusters[size].end)
            clusters[size].start(size)
        yield clusters, Store()


def train_all(config: RunConfig, num_runs: int, cluster: Cluster, store: Store) -> float:
    """Seconds from the first start to the end of the last run."""
    os.environ["MNISTLAB_SCHEDULER"] = cluster.address
    begun = time.perf_counter()
    started = {jobs.start(config, store) for _ in range(num_runs)}
    wait_until(lambda: not store.runs(states=["queued", "running"]), "the runs to end", _PATIENCE)
    seconds = time.perf_counter() - begun
    failed = [run.error for run in store.runs(num_runs) if run.id in started and run.state != "finished"]
    if failed:
        raise SystemExit(f"{len(failed)} of {num_runs} runs did not finish: {failed[0]}")
    return seconds

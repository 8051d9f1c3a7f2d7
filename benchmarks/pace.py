"""How fast a run trains in the engine, and how fast the same config does in a bare `for event in train(...)` loop.

The two take turns, some seconds each, so that both run under the same load. Run as a program, this is the bare loop.
"""

import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.lab import Lab, endless
from mnistlab import load_dataset, steering, train
from mnistlab.events import StepsTaken
from mnistlab.paths import PROJECT


@dataclass(frozen=True)
class Turn:
    """The results of one turn of each, in steps per second of its training loop."""

    bare: float
    engine: float


def take_turns(lab: Lab, preset: str, turns: int, seconds: float, threads: int) -> list[Turn]:
    """Let a bare loop with so many torch threads (0: torch's own number) and a run of the engine train in turn."""
    command = [sys.executable, "-m", "benchmarks.pace", preset, str(seconds), str(threads)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as loop:
        assert loop.stdin is not None
        assert loop.stdout is not None
        loop.stdout.readline()  # it is warm
        found = []
        run_id = lab.start(endless(preset))
        for _ in range(turns):
            steering.pause(run_id, lab.store)
            time.sleep(1.5)  # until its worker has read that
            print("go", file=loop.stdin, flush=True)
            bare = float(loop.stdout.readline())
            steering.go_on(run_id, lab.store)
            found.append(Turn(bare, _engine_pace(lab, run_id, seconds)))
        lab.stop(run_id)
        loop.stdin.close()
        loop.wait(20)
    return found


def _engine_pace(lab: Lab, run_id: str, seconds: float) -> float:
    """Steps per second between two reports in the store, including whatever the engine does in between."""
    first, begun = _next_report(lab, run_id)
    while True:
        step, now = _next_report(lab, run_id)
        if now - begun >= seconds:
            return (step - first) / (now - begun)


def _next_report(lab: Lab, run_id: str) -> tuple[int, float]:
    before = step = lab.store.run(run_id).step
    while step == before:
        time.sleep(0.02)
        step = lab.store.run(run_id).step
    return step, time.monotonic()


def main(preset: str, seconds: float, threads: int) -> None:
    """The bare loop: trains for some seconds whenever it receives a line, and prints its steps per second."""
    import torch

    if threads:
        torch.set_num_threads(threads)
    config = endless(preset)
    events = (event for event in train(config, load_dataset(config.dataset)) if isinstance(event, StepsTaken))
    for _ in range(5):
        next(events)
    print("warm", flush=True)
    for _ in sys.stdin:
        first, begun = next(events).step, time.perf_counter()
        while time.perf_counter() - begun < seconds:
            step = next(events).step
        print((step - first) / (time.perf_counter() - begun), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))

"""Memory: the peak of training each preset, each in a process of its own, and the lab at rest.

    python -m benchmarks memory --presets tutorial-deep fast-cnn

Peaks are of the resident set, over the given steps and a checkpoint: nothing grows after that. With `--lab` also the
app at rest on Linux, after a page was looked at and a run stopped: server, engine and one worker, memory that several
of them share counted once.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from benchmarks import table
from benchmarks.chromium import chromium
from benchmarks.lab import engine_processes, opened_lab
from mnistlab.presets import PRESETS

_MIB = 1024 * 1024
_SETTLING = 10.0  # seconds between the last look at a page and the reading: the server's warm-up goes on behind it
_IDLE = "60 seconds"  # so that the engine is still there by then
_STEPS = 400  # of training before the peak is read: several chunks of 6,000 images at the larger batches

_TRAIN = """
import json, resource, sys
import torch
from mnistlab.data import load_dataset
from mnistlab.events import StepsTaken, TrainingStarted
from mnistlab.presets import get_preset
from mnistlab.training import train
def peak():  # kilobytes; on macOS bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
imported = peak()
for event in train(get_preset(sys.argv[1]).config, load_dataset()):
    if isinstance(event, TrainingStarted):
        state = event.state
    if isinstance(event, StepsTaken) and event.step >= int(sys.argv[2]):
        break
state.checkpoint()
print(json.dumps([imported, peak()]))
"""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks memory", description=__doc__)
    parser.add_argument("--presets", nargs="*", default=list(PRESETS), choices=list(PRESETS))
    parser.add_argument("--lab", action="store_true", help="the app at rest too; needs Chromium")
    parser.add_argument("--steps", type=int, default=_STEPS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    rows = [{"what": f"training {name}", "peak_mb": _training_peak(name, options.steps)} for name in options.presets]
    if options.lab:
        rows.append({"what": "the app at rest, one warm worker", "peak_mb": _lab_at_rest()})
    table.show(rows, options.json, "what | MiB resident", lambda row: f"{row['what']} | {row['peak_mb']:.0f}")


def _training_peak(preset: str, steps: int) -> float:
    """MiB, from the start of Python to the end of the steps."""
    with tempfile.TemporaryDirectory() as lab:
        done = subprocess.run(
            [sys.executable, "-c", _TRAIN, preset, str(steps)],
            env=os.environ | {"MNISTLAB_LAB": lab},
            capture_output=True,
            text=True,
            check=True,
        )
    _, peak = json.loads(done.stdout)
    return float(peak) / _MIB


def _lab_at_rest() -> float:
    """MiB of the server, the engine and its worker; a page they share counts as a part to each."""
    with opened_lab(workers=1, more_settings={"MNISTLAB_ENGINE_IDLE": _IDLE}) as lab, chromium() as browser:
        page = browser.new_page()
        page.goto(f"{lab.address}/Draw")
        page.get_by_text("Show the code").wait_for()  # the page is whole, and the server has loaded torch for it
        page.close()
        time.sleep(_SETTLING)
        processes = [lab.server, *engine_processes()]
        return sum(float(process.memory_full_info().pss) for process in processes) / _MIB

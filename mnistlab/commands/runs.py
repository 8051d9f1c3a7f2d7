"""`presets` and `runs`: what can be trained, and what was."""

import argparse
import json
from datetime import datetime
from typing import Any

from mnistlab.presets import PRESETS
from mnistlab.runs import Run
from mnistlab.store import Store


def presets(options: argparse.Namespace) -> int:
    """Print each preset with its shape."""
    for preset in PRESETS.values():
        if options.json:
            print(json.dumps({"preset": preset.name, "about": preset.about, "config": preset.config.model_dump()}))
        else:
            print(f"{preset.name:20} {preset.config.model.shape:24} {preset.about}")
    return 0


def runs(options: argparse.Namespace) -> int:
    """Print the runs, the newest first."""
    found = Store().runs()
    if not found and not options.json:
        print("No run yet. Start one with: python -m mnistlab train --preset tutorial-mlp --epochs 2")
    for run in found:
        print(json.dumps(_as_object(run)) if options.json else _as_line(run))
    return 0


def _as_object(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "preset": run.config.preset,
        "state": run.state,
        "epoch": run.epoch,
        "step": run.step,
        "seed": run.config.train.seed,
        "created": run.created,
        "train_seconds": run.seconds,
        "result": run.result,
        "error": run.error,
    }


def _as_line(run: Run) -> str:
    when = datetime.fromtimestamp(run.created).strftime("%Y-%m-%d %H:%M")
    accuracy = f"test accuracy {run.result['test_accuracy']:.2%}" if run.result else run.error or ""
    return f"{run.id}  {when}  {run.config.preset:20} {run.state:9} epoch {run.epoch:5.2f}  {accuracy}"

"""Seconds an epoch: the tutorial's own pipeline and ours, in turns, in one process.

    python -m benchmarks training --images 6000 --json

Both run with the same threads. Where other programs keep the machine busy, seconds of the clock say little; the
ratio of the processor's seconds stays.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from benchmarks import table, tutorial
from mnistlab.config import RunConfig, parse_config
from mnistlab.data import Dataset, Split, load_dataset
from mnistlab.device import describe_machine
from mnistlab.events import EpochEnded
from mnistlab.presets import get_preset
from mnistlab.training import train

PRESETS = ("tutorial-mlp", "tutorial-augmented", "tutorial-deep")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks training", description=__doc__)
    parser.add_argument("--images", type=int, default=60_000, help="of the training set, from its start")
    parser.add_argument("--repeats", type=int, default=5, help="epochs of each, in turns")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--presets", nargs="+", default=PRESETS, choices=PRESETS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    dataset = _first(load_dataset(), options.images)
    rows = [measure(preset, dataset, options.repeats) for preset in options.presets]
    if options.json:
        print(json.dumps({**vars(options), "machine": describe_machine(), "rows": rows}))
    else:
        head = "preset | tutorial, s | ours, s | times as fast | by the processor's seconds"
        table.show(rows, False, head, _line)


def measure(preset: str, dataset: Dataset, repeats: int) -> dict[str, Any]:
    """Medians of the seconds per epoch, in clock and in processor time, and the medians of their ratios."""
    theirs = tutorial.epoch(preset, dataset.source)
    ours = _epochs(_config(preset, repeats + 1), dataset)
    _seconds(theirs), _seconds(lambda: next(ours))  # the first epoch of each warms up
    pairs = [(_seconds(theirs), _seconds(lambda: next(ours))) for _ in range(repeats)]
    row: dict[str, Any] = {"preset": preset}
    for index, kind in enumerate(("clock", "processor")):
        row[f"tutorial_{kind}"] = statistics.median(their[index] for their, _ in pairs)
        row[f"ours_{kind}"] = statistics.median(our[index] for _, our in pairs)
        row[f"ratio_{kind}"] = statistics.median(their[index] / our[index] for their, our in pairs)
    return row


def _epochs(config: RunConfig, dataset: Dataset) -> Iterator[EpochEnded]:
    return (event for event in train(config, dataset) if isinstance(event, EpochEnded))


def _config(preset: str, epochs: int) -> RunConfig:
    values = get_preset(preset).config.model_dump()
    values["train"] |= {"epochs": epochs, "device": "cpu"}
    return parse_config(values)


def _first(dataset: Dataset, num_images: int) -> Dataset:
    source = Split("source", dataset.source.images[:num_images], dataset.source.labels[:num_images])
    return Dataset(dataset.name, source, dataset.test, 0)


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def _line(row: dict[str, Any]) -> str:
    clock = f"{row['tutorial_clock']:.2f} | {row['ours_clock']:.2f} | {row['ratio_clock']:.2f}"
    processor = f"{row['ratio_processor']:.2f} ({row['tutorial_processor']:.2f} / {row['ours_processor']:.2f})"
    return f"`{row['preset']}` | {clock} | {processor}"

"""The fast recipes against what they want to beat, in turns: seconds and validation or test accuracy.

    python -m benchmarks recipes --seeds 3 --split validation

`fast-cnn` stands against the public record net, one pass each; `fast-mlp` against ten epochs of the tutorial's own
augmented pipeline, of which one is timed. Reading the test set is for the last time one asks: say `--split test`.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from benchmarks import record, table, tutorial
from mnistlab.config import parse_config
from mnistlab.data import Dataset, load_dataset
from mnistlab.evaluation import evaluate
from mnistlab.events import TrainingStarted
from mnistlab.presets import get_preset
from mnistlab.training import train

_TUTORIAL_EPOCHS = 10


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks recipes", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="0, 1, ... of each")
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--recipes", nargs="+", default=("fast-cnn", "fast-mlp"), choices=("fast-cnn", "fast-mlp"))
    parser.add_argument("--mlp-epochs", type=int, help="of fast-mlp, instead of the preset's")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    dataset = load_dataset()
    rows = []
    if "fast-cnn" in options.recipes:
        rows.append(_fast_cnn(dataset, options.seeds, options.split))
    if "fast-mlp" in options.recipes:
        rows.append(_fast_mlp(dataset, options.seeds, options.split, options.mlp_epochs))
    head = "recipe | accuracy, each seed | processor, s | the other's accuracy | processor, s | times as fast"
    table.show(rows, options.json, head, _line)


def _line(row: dict[str, Any]) -> str:
    ours = f"`{row['recipe']}` | {_percents(row['ours'])} | {row['our_seconds']:.1f}"
    return f"{ours} | {_percents(row['theirs'])} | {row['their_seconds']:.1f} | {row['ratio']:.2f}"


def _fast_cnn(dataset: Dataset, seeds: int, split: str) -> dict[str, Any]:
    ours, theirs = [], []
    for seed in range(seeds):
        ours.append(_scored(partial(_ours, "fast-cnn", seed, dataset), dataset, split))
        theirs.append(_scored(partial(record.train_once, dataset.train, seed), dataset, split))
    return _row("fast-cnn", ours, theirs)


def _fast_mlp(dataset: Dataset, seeds: int, split: str, epochs: int | None) -> dict[str, Any]:
    ours = [_scored(partial(_ours, "fast-mlp", seed, dataset, epochs), dataset, split) for seed in range(seeds)]
    start = time.process_time()
    tutorial.epoch("tutorial-augmented", dataset.source)()
    return _row("fast-mlp", ours, [(float("nan"), (time.process_time() - start) * _TUTORIAL_EPOCHS)])


def _row(recipe: str, ours: Sequence[tuple[float, float]], theirs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    our_seconds = statistics.median(seconds for _, seconds in ours)
    their_seconds = statistics.median(seconds for _, seconds in theirs)
    return {
        "recipe": recipe,
        "ours": [accuracy for accuracy, _ in ours],
        "our_seconds": our_seconds,
        "theirs": [accuracy for accuracy, _ in theirs],
        "their_seconds": their_seconds,
        "ratio": their_seconds / our_seconds,
    }


def _scored(work: Callable[[], nn.Module], dataset: Dataset, split: str) -> tuple[float, float]:
    """Accuracy, and the seconds of processor time that training took."""
    start = time.process_time()
    model = work()
    seconds = time.process_time() - start
    return evaluate(model, getattr(dataset, split)).accuracy, seconds


def _ours(preset: str, seed: int, dataset: Dataset, epochs: int | None = None) -> nn.Module:
    values = get_preset(preset).config.model_dump()
    values["train"] |= {"seed": seed, "device": "cpu"} | ({"epochs": epochs} if epochs else {})
    started, *_ = train(parse_config(values), dataset)
    assert isinstance(started, TrainingStarted)
    return started.state.model


def _percents(shares: Sequence[float]) -> str:
    if any(share != share for share in shares):  # NaN
        return "not measured"
    mean = f"{statistics.mean(shares):.2%}"
    return f"{mean} ({', '.join(f'{share:.2%}' for share in shares)})" if len(shares) > 1 else mean

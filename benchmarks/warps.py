"""Milliseconds to warp 6,000 images: affine, elastic, framed, thicker; and the ratio to the affine warp."""

import argparse
import statistics
import time
from collections.abc import Sequence

import torch

from benchmarks import table
from mnistlab.augment import augment
from mnistlab.config import AugmentConfig
from mnistlab.data import load_dataset

AFFINE = {"rotation": 10.0, "shift": 0.06, "scale_min": 0.9, "scale_max": 1.1}
KINDS = {
    "affine": AFFINE,
    "affine and elastic": AFFINE | {"elastic": 1.2},
    "affine, framed": AFFINE | {"framed": True},
    "affine and thickness": AFFINE | {"thickness": 0.6},
}


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks warps", description=__doc__)
    parser.add_argument("--repeats", type=int, default=15, help="in turns; the median counts")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    images = torch.tensor(load_dataset().source.images[:6000]).float() / 255
    configs = {kind: AugmentConfig.model_validate(settings) for kind, settings in KINDS.items()}
    rounds = [{kind: _milliseconds(images, config) for kind, config in configs.items()} for _ in range(options.repeats)]
    rows = [
        {
            "warp": kind,
            "milliseconds": statistics.median(each[kind] for each in rounds),
            "ratio": statistics.median(each[kind] / each["affine"] for each in rounds),
        }
        for kind in KINDS
    ]
    head = "warp of 6,000 images | processor, ms | times the affine one"
    table.show(rows, options.json, head, lambda row: f"{row['warp']} | {row['milliseconds']:.0f} | {row['ratio']:.2f}")


def _milliseconds(images: torch.Tensor, config: AugmentConfig) -> float:
    """Milliseconds of processor time over all threads, which do not grow on a busy machine."""
    start = time.process_time()
    augment(images, config, torch.Generator().manual_seed(0))
    return (time.process_time() - start) * 1000

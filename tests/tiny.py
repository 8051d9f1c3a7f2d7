"""Data, configs and consumers small enough that a training takes milliseconds; pure, without pytest.

python -m tests.tiny train --preset tutorial-mlp --json     # the command line, on 600 images
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from mnistlab.config import RunConfig, parse_config
from mnistlab.data import Dataset, Split, load_dataset
from mnistlab.events import EpochEnded, Event, StepsTaken, TrainingStarted

NUM_SOURCE, NUM_TEST, NUM_HELD_OUT = 600, 200, 100


def shrink(dataset: Dataset) -> Dataset:
    """The first 600 images to learn from, 100 of them held out, and the first 200 test images."""
    return Dataset(
        dataset.name,
        Split("source", dataset.source.images[:NUM_SOURCE].copy(), dataset.source.labels[:NUM_SOURCE].copy()),
        Split("test", dataset.test.images[:NUM_TEST].copy(), dataset.test.labels[:NUM_TEST].copy()),
        NUM_HELD_OUT,
    )


def config(model: Mapping[str, Any] | None = None, augment: Mapping[str, Any] | None = None, **train: Any) -> RunConfig:
    """A run of two epochs of 5 steps over 500 images with a 784-8-10 network on the CPU; the arguments change it."""
    return parse_config(
        {
            "model": {"hidden": (8,)} | dict(model or {}),
            "augment": dict(augment or {}),
            "train": {"batch_size": 100, "epochs": 2, "validation_size": NUM_HELD_OUT, "device": "cpu"} | train,
        }
    )


def numbered(num_images: int, seed: int = 0) -> Split:
    """Noise in which every image is another one, with labels 0 to 9 in turn."""
    images = np.random.default_rng(seed).integers(0, 256, (num_images, 28, 28), dtype=np.uint8)
    return Split("source", images, np.arange(num_images) % 10)


def losses_of(events: Iterable[Event]) -> list[float]:
    """The loss of every step that was reported, in the order of the reports."""
    return [float(loss) for event in events if isinstance(event, StepsTaken) for loss in event.losses]


def epochs_of(events: Iterable[Event]) -> list[EpochEnded]:
    return [event for event in events if isinstance(event, EpochEnded)]


def weights_of(events: Iterable[Event]) -> dict[str, torch.Tensor]:
    """A copy of the tensors of the network that was trained, once its events are used up."""
    events = list(events)
    assert isinstance(events[0], TrainingStarted)
    return {name: tensor.clone() for name, tensor in events[0].state.model.state_dict().items()}


def same_weights(some: Mapping[str, torch.Tensor], others: Mapping[str, torch.Tensor]) -> bool:
    """Whether two networks are equal, bit for bit."""
    return some.keys() == others.keys() and all(torch.equal(some[name], others[name]) for name in some)


def _main() -> int:
    from mnistlab import execution, parallel, patience
    from mnistlab.cli import main

    for module in (execution, parallel):
        vars(module)["load_dataset"] = lambda name: shrink(load_dataset(name))
    vars(patience)["STORE_PATIENCE"] = 1.0
    return main()


if __name__ == "__main__":
    sys.exit(_main())

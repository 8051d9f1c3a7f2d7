"""Trainings that differ in everything a training may remember; and what their events tell, without clock times."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from mnistlab import training
from mnistlab.events import EpochEnded, Event, StepsTaken, TrainingEnded, TrainingStarted
from tests import tiny

EACH_STEP, NEVER = 0.0, 1e9  # seconds between two reports
# Between them: every optimizer's memory, every schedule, every use of augmentation, dropout and batch norm.
VARIED = {
    "adam": tiny.config(
        {"dropout": 0.3},
        {"rotation": 20, "use": "double"},
        optimizer="adam",
        learning_rate=1e-2,
        schedule="one-cycle",
        weight_decay=1e-3,
        batch_size=150,
    ),
    "sgd": tiny.config(
        {"batch_norm": True, "hidden": (8, 8)},
        {"shift": 0.1, "shear": 20, "stretch": 0.2, "elastic": 2, "noise": 0.2, "erasing": 0.4}
        | {"crossed": 0.3, "interpolation": "nearest"},
        momentum=0.9,
        nesterov=True,
        schedule="cosine",
        label_smoothing=0.1,
        batch_size=120,
    ),
    "rmsprop": tiny.config(
        {"kind": "cnn", "channels": (2, 2), "dropout": 0.3},
        {"rotation": 20, "use": "once"},
        optimizer="rmsprop",
        learning_rate=1e-3,
        momentum=0.5,
        shuffle=False,
        batch_size=250,
    ),
    "bfloat16": tiny.config(
        {"kind": "cnn", "channels": (2, 3), "pools": (1, 2), "head": "places", "batch_norm": True},
        {"thickness": 0.5, "framed": True, "elastic": 1, "scale_min": 0.9},
        optimizer="adamw",
        learning_rate=1e-3,
        precision="bfloat16",
        batch_size=250,
    ),
    "adamw": tiny.config(
        {"dropout": 0.3, "activation": "tanh", "deslant": True},
        optimizer="adamw",
        learning_rate=1e-2,
        validation_size=0,
    ),
}

# Two epochs of seven steps, with every kind of memory a training has.
FOURTEEN_STEPS = tiny.config(
    {"dropout": 0.3},
    {"rotation": 20, "use": "double"},
    optimizer="adam",
    learning_rate=1e-2,
    schedule="one-cycle",
    batch_size=150,
)
# Three epochs of ten steps, in the middle of which something may happen.
THIRTY_STEPS = tiny.config({"dropout": 0.3}, optimizer="adam", learning_rate=1e-2, batch_size=50, epochs=3)


def each_varied(test: Callable[..., None]) -> Callable[..., None]:
    marked: Callable[..., None] = pytest.mark.parametrize("varied", VARIED.values(), ids=list(VARIED))(test)
    return marked


def figures(event: Event) -> tuple[Any, ...]:
    """What an event tells, without clock times."""
    match event:
        case StepsTaken():
            return "steps", event.first_step, event.step, event.losses.tolist(), event.accuracy, event.learning_rate
        case EpochEnded():
            told = (event.train_loss, event.train_accuracy, event.validation_loss, event.validation_accuracy)
            return "epoch", event.epoch, event.step, *told
        case TrainingEnded():
            return "ended", event.step
        case TrainingStarted():
            return "started", event.num_steps, event.steps_per_epoch, event.num_parameters


def watch_steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The images and labels of every step that is taken from now on."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    really_step = training.train_step

    def step(model: nn.Module, optimizer: Any, images: torch.Tensor, labels: torch.Tensor, *rest: Any) -> Any:
        seen.append((images.clone(), labels.clone()))
        return really_step(model, optimizer, images, labels, *rest)

    monkeypatch.setattr(training, "train_step", step)
    return seen

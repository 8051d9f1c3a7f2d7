"""How accuracy falls when pictures are turned, moved or made noisy: each by a fixed amount at a time.

for point in robustness(model, split, "rotation"):
    print(point.amount, point.num_correct, point.num_images)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mnistlab.augment import Warps, warp
from mnistlab.data import Split
from mnistlab.errors import ConfigError
from mnistlab.models import in_batches

Change = Literal["rotation", "shift", "noise"]

# Degrees clockwise; pixels, in one of four directions; standard deviation of the grain, in units of white.
AMOUNTS: dict[Change, tuple[float, ...]] = {
    "rotation": (-90, -75, -60, -45, -30, -15, 0, 15, 30, 45, 60, 75, 90),
    "shift": (0, 1, 2, 3, 4, 5, 6, 7, 8),
    "noise": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
}
SAMPLE_SIZE = 1000
_SEED = 0
_DIRECTIONS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])  # right, down, left, up


@dataclass(frozen=True)
class Point:
    """How many of the pictures are read correctly when they are changed by this amount."""

    amount: float
    num_correct: int
    num_images: int


def sample(split: Split, size: int = SAMPLE_SIZE) -> Split:
    """Draw `size` images of a split, the same ones each time, in file order; all of them if there are fewer."""
    chosen = np.random.default_rng(_SEED).permutation(len(split))[:size]
    return split.take(np.sort(chosen), split.name)


@torch.inference_mode()
def robustness(model: nn.Module, split: Split, change: Change, amounts: Sequence[float] | None = None) -> list[Point]:
    """Read the images of a split at each amount of one change; the model is in eval mode on the CPU.

    Args:
        split: images as they are; use `sample` to keep it quick.
        amounts: default AMOUNTS[change].

    Raises:
        ConfigError: there is no such change.
    """
    if change not in AMOUNTS:
        raise ConfigError(f"There is no change {change!r}; choose one of {', '.join(AMOUNTS)}.")

    def logits(images: torch.Tensor, amount: float) -> torch.Tensor:
        return in_batches(model, changed_images(images, change, amount))

    return curve(split, AMOUNTS[change] if amounts is None else amounts, logits)


def curve(split: Split, amounts: Sequence[float], logits: Callable[[torch.Tensor, float], torch.Tensor]) -> list[Point]:
    """How many images of a split are read correctly at each amount.

    Args:
        logits: maps images (N, 28, 28) float32 in [0, 1] and an amount to a model's logits (N, 10).
    """
    images, labels = torch.tensor(split.images).float() / 255, torch.tensor(split.labels)
    return [Point(amount, int((logits(images, amount).argmax(1) == labels).sum()), len(labels)) for amount in amounts]


def at_every_amount(image: npt.NDArray[np.uint8], change: Change) -> npt.NDArray[np.uint8]:
    """One image (28, 28) uint8 at each of AMOUNTS[change]: (K, 28, 28) uint8."""
    ink = torch.tensor(image)[None].float() / 255
    changed = torch.cat([changed_images(ink, change, amount) for amount in AMOUNTS[change]])
    pictures: npt.NDArray[np.uint8] = (changed * 255).round().to(torch.uint8).numpy()
    return pictures


def changed_images(images: torch.Tensor, change: Change, amount: float) -> torch.Tensor:
    """Turn, move or add grain to images (N, 28, 28) float32 in [0, 1]; the same numbers give the same pictures.

    Images are moved right, down, left and up in turn, so that all directions count equally.
    """
    if change == "noise":
        grain = torch.randn(images.shape, generator=torch.Generator().manual_seed(_SEED))
        return (images + amount * grain).clamp(0, 1)
    still, unscaled = torch.zeros(len(images)), torch.ones(len(images))
    if change == "rotation":
        return warp(images, Warps(still + amount, torch.zeros(len(images), 2), unscaled))
    directions = _DIRECTIONS[torch.arange(len(images)) % len(_DIRECTIONS)]
    return warp(images, Warps(still, amount * directions, unscaled))

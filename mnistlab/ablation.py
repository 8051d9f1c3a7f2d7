"""How accuracy falls when hidden neurons are switched off: is what a network knows held by a few of them or by many?

for point in ablation(model, split):
    print(point.amount, point.num_correct, point.num_images)

And the accuracy of a network whose dropout is left on while it is tested.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

from mnistlab.data import Split
from mnistlab.models import ACTIVATIONS, in_batches
from mnistlab.robustness import Change, Point, curve

Disturbance = Change | Literal["neurons"]  # what an accuracy is drawn against

PERCENT_OFF: tuple[float, ...] = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90)
_SEED = 0


@torch.inference_mode()
def ablation(model: nn.Sequential, split: Split, percents: Sequence[float] = PERCENT_OFF) -> list[Point]:
    """Read the images of a split while so many percent of each hidden layer are set to zero.

    Different neurons are drawn at random for each image, so that a curve does not depend on which ones they are; the
    same call draws the same ones. In a convolution, whole channels are switched off.

    Args:
        model: in eval mode on the CPU; it is not changed.
        split: images as they are; `robustness.sample` keeps it quick.
    """

    def logits(images: torch.Tensor, percent: float) -> torch.Tensor:
        chance = torch.Generator().manual_seed(_SEED)
        return in_batches(lambda batch: _logits(model, batch, percent / 100, chance), images)

    return curve(split, percents, logits)


def _logits(model: nn.Sequential, images: torch.Tensor, share: float, chance: torch.Generator) -> torch.Tensor:
    values = images
    for layer in model:
        values = layer(values)
        if isinstance(layer, ACTIVATIONS):
            values = values * kept(values, share, chance)
    return values


def kept(values: torch.Tensor, share: float, chance: torch.Generator) -> torch.Tensor:
    """Zeros for `share` of the units of each image, rounded, and ones for the others.

    Args:
        values: (N, W) of neurons or (N, C, H, W) of channels.

    Returns:
        (N, W) or (N, C, 1, 1), of the values' type.
    """
    num_images, num_units = values.shape[:2]
    places = torch.rand(num_images, num_units, generator=chance).argsort(1)  # of each unit in a random order
    is_kept = (places >= round(share * num_units)).to(values.dtype)
    return is_kept.reshape(num_images, num_units, *[1] * (values.dim() - 2))


@torch.inference_mode()
def dropout_left_on(model: nn.Sequential, split: Split) -> Point:
    """How much is read if dropout stays on while testing, as with `F.dropout(x, p)` if `training=` is forgotten.

    The same call silences the same neurons.

    Args:
        model: in eval mode on the CPU; it is not changed.
        split: images as they are; `robustness.sample` keeps it quick.

    Returns:
        The point whose amount is the percentage of neurons silenced.
    """
    chance = torch.Generator().manual_seed(_SEED)
    percent = max((100 * layer.p for layer in model if isinstance(layer, nn.Dropout)), default=0.0)
    (point,) = curve(
        split, [percent], lambda images, _: in_batches(lambda batch: _dropped(model, batch, chance), images)
    )
    return point


def _dropped(model: nn.Sequential, values: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
    for layer in model:
        if isinstance(layer, nn.Dropout):
            values = values * (torch.rand(values.shape, generator=chance) >= layer.p) / (1 - layer.p)
        else:
            values = layer(values)
    return values

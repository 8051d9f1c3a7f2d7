"""The units of a network's first layer that respond most strongly to one picture, and what each looks for.

In an MLP a unit is a neuron with a weight for each pixel; in a CNN it is a filter of 3 x 3 weights that slides over
the picture, and its response is a picture too.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mnistlab.data import IMAGE_SIDE
from mnistlab.models import ACTIVATIONS
from mnistlab.predict import as_pictures

# What lies between a layer's sums and its output: norms, and every kind of activation that a network may have.
_PART_OF_A_UNIT: tuple[type[nn.Module], ...] = (nn.BatchNorm1d, nn.BatchNorm2d, *ACTIVATIONS)


@dataclass(frozen=True, eq=False)
class Unit:
    """What one unit responds to a picture.

    `activation` is its output; for a filter, the strongest value of its `response` (28, 28), which is None for a
    neuron. `effect` is by how much it raises (or lowers) the score of the digit asked for, to first order: its output
    times the gradient of the score. `weights` (S, S): S is 28 for a neuron, 3 for a filter.
    """

    number: int
    activation: float
    effect: float
    weights: npt.NDArray[np.float32]
    response: npt.NDArray[np.float32] | None


def loudest_units(model: nn.Sequential, image: npt.NDArray[np.float32], digit: int, num: int = 10) -> list[Unit]:
    """The units of the first layer with the largest absolute activation, the loudest first.

    Args:
        model: in eval mode on the CPU.
        image: (28, 28) float32 in [0, 1].
        digit: the digit whose score `effect` is about.

    In a network without a hidden layer the units are the ten outputs.
    """
    first, end = _first_layer(model)
    spoken, effects = _heard(model, end, torch.from_numpy(as_pictures(image[None])), digit)
    loudness = spoken.reshape(len(spoken), -1).abs().amax(1)
    weight = _weights(model[first]).detach()
    side = IMAGE_SIDE if weight.ndim == 2 else weight.shape[-1]
    pictures = weight.reshape(len(weight), -1, side, side)[:, 0].numpy()
    units = []
    for number in loudness.argsort(descending=True, stable=True)[:num].tolist():
        said = spoken[number]
        strongest = float(said.flatten()[said.flatten().abs().argmax()])
        response = said.numpy() if said.ndim == 2 else None
        units.append(Unit(number, strongest, float(effects[number].sum()), pictures[number], response))
    return units


def _first_layer(model: nn.Sequential) -> tuple[int, int]:
    """The index of the first layer with weights, and the index after its norm and activation."""
    first = next(place for place, layer in enumerate(model) if isinstance(layer, nn.Linear | nn.Conv2d))
    end = first + 1
    while end < len(model) and isinstance(model[end], _PART_OF_A_UNIT):
        end += 1
    return first, end


def _heard(model: nn.Sequential, end: int, picture: torch.Tensor, digit: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The output of each unit before `end`, and that times the gradient of the digit's score: (U, ...) each."""
    with torch.no_grad():
        spoken = model[:end](picture)
    spoken.requires_grad_()
    with torch.enable_grad():
        score = model[end:](spoken)[0, digit]
    (gradient,) = torch.autograd.grad(score, spoken)
    return spoken.detach()[0], (spoken.detach() * gradient)[0]


def _weights(layer: nn.Module) -> torch.Tensor:
    assert isinstance(layer, nn.Linear | nn.Conv2d)
    return layer.weight

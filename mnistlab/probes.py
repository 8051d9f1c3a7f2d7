"""A look inside a network that learns: how strongly its layers are pulled, and how many of its ReLUs are dead."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from mnistlab.data import Dataset
from mnistlab.events import Probes

# Few enough to cost a hundredth of the training. Of 395 ReLUs that were silent on all of them, at a rate of 1, two
# thirds were silent on all 55,000 as well.
_NUM_IMAGES = 200


@dataclass(frozen=True)
class GradientSize:
    """How strongly one batch pulls at a layer: the mean absolute gradient of its weights, biases left out."""

    layer: str
    mean: float


class Probe:
    """Looks at a network between two steps; its weights, gradients and random numbers stay as they are."""

    def __init__(self, dataset: Dataset, device: torch.device) -> None:
        """Keep the first images of the training split on the device, to send them through the network."""
        images = dataset.source.images[dataset.train_indices(0)[:_NUM_IMAGES]]
        self._images = torch.tensor(images, device=device).float() / 255

    def measure(self, model: nn.Module) -> Probes:
        """What the network looks like after the step whose gradients it still holds."""
        layers = weight_layers(model)
        return Probes(list(layers), mean_gradients(layers.values()), share_of_dead_relus(model, self._images))


def weight_layers(model: nn.Module) -> dict[str, nn.Linear | nn.Conv2d]:
    """The layers with weights by name, first to last: "layer 1", "layer 2", ..., "output"."""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    names = [f"layer {number}" for number in range(1, len(layers))] + ["output"]
    return dict(zip(names, layers, strict=True))


def mean_gradients(layers: Iterable[nn.Module]) -> list[float]:
    """The mean absolute gradient of the weights of each layer, after a backward pass."""
    sizes = [layer.weight.grad.abs().mean() for layer in layers if isinstance(layer.weight.grad, torch.Tensor)]
    found: list[float] = torch.stack(sizes).tolist() if sizes else []  # one wait for the device, not one a layer
    return found


def share_of_dead_relus(model: nn.Module, images: torch.Tensor) -> float | None:
    """The share of ReLUs that let nothing through for any image (N, 28, 28); None where there are no ReLUs.

    A channel of a convolution counts as one, silent at every place.
    """
    is_silent: list[torch.Tensor] = []

    def note(_layer: nn.Module, _inputs: object, outputs: torch.Tensor) -> None:
        strongest = outputs.amax([axis for axis in range(outputs.ndim) if axis != 1])  # of each unit, anywhere
        is_silent.append(strongest <= 0)

    relus = [layer for layer in model.modules() if isinstance(layer, nn.ReLU)]
    hooks = [layer.register_forward_hook(note) for layer in relus]
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            model(images)
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return torch.cat(is_silent).float().mean().item() if is_silent else None

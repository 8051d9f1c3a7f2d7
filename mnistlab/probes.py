"""A look inside a network as it learns: how large its layers' gradients are, and how many of its ReLUs are dead."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from mnistlab.data import Dataset
from mnistlab.events import NUM_PROBED, Probes
from mnistlab.models import in_eval_mode

# If a look for silent ReLUs takes more processor time than this, in seconds, the next one waits for this many times as
# long, so that looking takes at most a thirtieth of a training.
_CHEAP, _REST = 0.004, 30


@dataclass(frozen=True)
class GradientSize:
    """The size of one batch's gradient in a layer: the mean absolute gradient of its weights, without biases."""

    layer: str
    mean: float


class Probe:
    """Looks inside a network between two steps, without changing its weights, gradients or random numbers."""

    def __init__(self, dataset: Dataset, device: torch.device, kind: Literal["mlp", "cnn"] = "mlp") -> None:
        """Keep the first images of the training split on the device, to send them through the network.

        Args:
            kind: the kind of network, which decides how many images.
        """
        images = dataset.source.images[dataset.train_indices(0)[: NUM_PROBED[kind]]]
        self._images = torch.tensor(images, device=device).float() / 255
        self._next_look = 0.0  # on the clock of time.perf_counter

    def measure(self, model: nn.Module) -> Probes:
        """Probe the network after a step, while it still holds that step's gradients; dead ReLUs only now and then."""
        layers = weight_layers(model)
        return Probes(list(layers), mean_gradients(layers.values()), self._dead_relus(model))

    def _dead_relus(self, model: nn.Module) -> float | None:
        if time.perf_counter() < self._next_look:
            return None
        start = time.thread_time()  # does not count other programs
        dead = share_of_dead_relus(model, self._images)
        cost = time.thread_time() - start
        self._next_look = time.perf_counter() + _REST * cost if cost > _CHEAP else 0
        return dead


def weight_layers(model: nn.Module) -> dict[str, nn.Linear | nn.Conv2d]:
    """The layers with weights by name, first to last: "layer 1", "layer 2", ..., "output"."""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    names = [f"layer {number}" for number in range(1, len(layers))] + ["output"]
    return dict(zip(names, layers, strict=True))


def mean_gradients(layers: Iterable[nn.Module]) -> list[float]:
    """The mean absolute gradient of the weights of each layer, after a backward pass."""
    sizes = [layer.weight.grad.abs().mean() for layer in layers if isinstance(layer.weight.grad, torch.Tensor)]
    found: list[float] = torch.stack(sizes).tolist() if sizes else []  # one wait for the device, not one per layer
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
    try:
        with in_eval_mode(model), torch.no_grad():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return torch.cat(is_silent).float().mean().item() if is_silent else None

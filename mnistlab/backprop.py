"""Backpropagation by hand: what `loss.backward()` computes from autograd's graph, for networks of known layers.

A hidden layer turns features x (B, in) into y = dropout(relu(z)), z = x @ W.T + b. If g (B, out) is the gradient of the
loss with respect to z, the chain rule gives the gradients

    of W: g.T @ x,   of b: g summed over the batch,   of x: g @ W, which the layer before gets wherever x is not 0

and for the logits g is (softmax(logits) - target) / B. These are autograd's gradients up to rounding, without its
bookkeeping, which takes a tenth to a sixth of a small step on a CPU (784-512-10 or 784-512-120-84-10, 20 images).
Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.
"""

import re
from functools import cache
from typing import TypeGuard

import torch
import torch.nn.functional as F
from torch import nn

from mnistlab.dropout import Dropout
from mnistlab.linear import Linear, product, weight_gradient
from mnistlab.models import Deslant, Normalise

_LETTERS: dict[type[nn.Module], str] = {
    Deslant: "d",
    Normalise: "n",
    nn.Flatten: "f",
    Linear: "L",
    nn.Linear: "L",
    nn.ReLU: "r",
    Dropout: "o",
}
_PLAIN = re.compile("d?n?f(Lro?)*L")  # layers that need no gradient, hidden layers, logits


def is_plain(model: nn.Module, images: torch.Tensor) -> TypeGuard[nn.Sequential]:
    """Whether a network that trains on these images is an MLP of linear layers, ReLU and dropout on a CPU.

    Networks with frozen parameters, hooks, or layers that are used twice are left to autograd.
    """
    if type(model) is not nn.Sequential or _is_watched(model):
        return False
    is_here = type(images) is torch.Tensor and images.device.type == "cpu" and images.dtype == torch.float32
    if not is_here or torch.is_autocast_enabled("cpu"):
        return False
    letters, seen = "", []
    for layer in model:
        parameters = layer._parameters.values()
        if not layer.training or _is_watched(layer) or not all(map(_is_free, parameters)):
            return False
        letters += _LETTERS.get(type(layer), "?")
        seen += [id(layer), *map(id, parameters)]
    return len(set(seen)) == len(seen) and _PLAIN.fullmatch(letters) is not None


def _is_watched(module: nn.Module) -> bool:
    of_forward = module._forward_hooks or module._forward_pre_hooks
    return bool(of_forward or module._backward_hooks or module._backward_pre_hooks)


def _is_free(parameter: nn.Parameter | None) -> bool:
    """Whether a parameter exists, is trainable and has no hooks on its gradient."""
    if parameter is None or not parameter.requires_grad:
        return False
    return not (parameter._backward_hooks or parameter._post_accumulate_grad_hooks)


@torch.no_grad()
def backpropagate(
    model: nn.Sequential, images: torch.Tensor, labels: torch.Tensor, label_smoothing: float = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Set every parameter's `grad` to the gradient of the mean cross-entropy of one batch.

    Args:
        model: one that `is_plain`.
        images: (B, 28, 28) float32 in [0, 1].
        labels: (B,) int64.
        label_smoothing: the share of the target probability, 0 to 1, that is spread over all digits.

    Returns:
        The loss () and the logits (B, 10).
    """
    features, inputs = images, []
    for layer in model:
        if isinstance(layer, nn.Linear):
            inputs.append(features)
            features = product(features, layer.weight, layer.bias)
        else:
            features = layer(features)
    loss = F.cross_entropy(features, labels, label_smoothing=label_smoothing)
    hand_back(model, inputs, gradient_of_logits(features, labels, label_smoothing))
    return loss, features


def hand_back(model: nn.Sequential, inputs: list[torch.Tensor], gradient: torch.Tensor) -> None:
    """Propagate the gradient of the logits (B, 10) back layer by layer, consuming the linear layers' `inputs`."""
    for layer in reversed(model):
        if isinstance(layer, nn.Linear):
            features = inputs.pop()
            layer.weight.grad, layer.bias.grad = weight_gradient(gradient, features), gradient.sum(0)
            if not inputs:
                return
            gradient = gradient @ layer.weight
            gradient *= features.sign()  # 0 where ReLU or dropout let nothing through, else 1
        elif isinstance(layer, Dropout):
            gradient /= 1 - layer.p


def gradient_of_logits(logits: torch.Tensor, labels: torch.Tensor, label_smoothing: float) -> torch.Tensor:
    """The gradient of the mean cross-entropy, (B, 10): probabilities minus targets, divided by B."""
    num_images, num_classes = logits.shape
    return logits.softmax(1).sub_(_targets(num_classes, label_smoothing)[labels]).div_(num_images)


@cache
def _targets(num_classes: int, label_smoothing: float) -> torch.Tensor:
    """The target probabilities, one row per label: (num_classes, num_classes)."""
    certain = torch.eye(num_classes, dtype=torch.float32, device="cpu")
    return (1 - label_smoothing) * certain + label_smoothing / num_classes

"""A network before its first step: its initial weights, its answers, and how large its gradients are.

Networks are built from a seed, and torch's global random numbers are left as they were found.
"""

import threading

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from mnistlab.config import ModelConfig
from mnistlab.data import IMAGE_SIDE
from mnistlab.device import RandomStream
from mnistlab.models import build_model, in_batches
from mnistlab.probes import GradientSize, mean_gradients, weight_layers

_BUILDING = threading.Lock()  # torch's generator is the whole server's: two visitors must not draw in turn


def untrained_model(config: ModelConfig, seed: int = 0) -> nn.Sequential:
    """Build the network that a training with this seed starts from, on the CPU."""
    with _BUILDING:
        random = RandomStream(seed, torch.device("cpu"))
        random.enter()
        model = build_model(config)
        random.leave()
    return model


def first_weights(model: nn.Sequential, num_neurons: int) -> npt.NDArray[np.float32]:
    """Lay out the incoming weights of the first neurons as pictures.

    Returns:
        (N, S, S): S is 28 where a neuron sees all pixels, 3 for the filters of a convolution.
    """
    weight = next(layer.weight for layer in model if isinstance(layer, nn.Linear | nn.Conv2d)).detach()[:num_neurons]
    side = IMAGE_SIDE if weight.ndim == 2 else weight.shape[-1]
    pictures: npt.NDArray[np.float32] = weight.reshape(-1, side, side).numpy()
    return pictures


def answers(
    model: nn.Module, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float32], float]:
    """Probabilities (N, 10) that the network gives images (N, 28, 28) uint8, and its mean loss on them, in nats."""
    model.eval()
    with torch.no_grad():
        logits = in_batches(model, torch.tensor(images).float() / 255)
    loss = F.cross_entropy(logits, torch.tensor(labels)).item()
    return logits.softmax(1).numpy(), loss


def gradient_sizes(
    config: ModelConfig, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], seed: int = 0
) -> list[GradientSize]:
    """Send one batch forward and back through an untrained network; return the gradient's size in each weight layer.

    Dropout is off, so that two networks differ only in what is compared. Batch norm uses this batch.
    """
    model = untrained_model(config.model_copy(update={"dropout": 0.0}), seed)
    F.cross_entropy(model(torch.tensor(images).float() / 255), torch.tensor(labels)).backward()
    layers = weight_layers(model)
    return [GradientSize(name, size) for name, size in zip(layers, mean_gradients(layers.values()), strict=True)]

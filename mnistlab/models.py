"""Networks from pixels to logits: an MLP of any shape and a small CNN.

    model = build_model(ModelConfig(hidden=(512,)))
    model(pixels)    # (N, 784) or (N, 28, 28) float32 in [0, 1] -> (N, 10) logits

Every network takes pixels in [0, 1]; preprocessing that a config asks for is done by the network's own first layers, so
that no caller can forget it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from mnistlab.config import Activation, ModelConfig
from mnistlab.data import IMAGE_SIDE, NUM_CLASSES
from mnistlab.dropout import Dropout
from mnistlab.linear import Linear
from mnistlab.pixels import MNIST_MEAN, MNIST_STD

NUM_PIXELS = IMAGE_SIDE * IMAGE_SIDE
# The activations of more images would not fit a core's cache (with 1,000, pen-cnn takes twice as long per image), and
# pen-cnn's peak memory grows by 25 MB per hundred.
_READ_AT_ONCE = 100

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "none": nn.Identity,
}
ACTIVATIONS = tuple(_ACTIVATIONS.values())


class Deslant(nn.Module):
    """Shear each picture (N, 784) or (N, 28, 28) until rows and columns of its ink are uncorrelated: (N, 28, 28).

    By at most 45 degrees, about its centre of mass. Source: the deslanted MNIST of LeCun et al., "Gradient-Based
    Learning Applied to Document Recognition", 1998.
    """

    # 28 is written out because layers.source() shows this class on its own.
    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        pictures = pixels.reshape(-1, 28, 28)
        places = torch.arange(28.0, device=pixels.device)
        rows = pictures.sum(2)
        ink = rows.sum(1, keepdim=True).clamp(min=1e-6)
        down = places - (rows * places).sum(1, keepdim=True) / ink  # (N, 28): each row's offset from the centre of mass
        covariance = (pictures * places).sum(2).mul(down).sum(1, keepdim=True)
        slant = (covariance / (rows * down**2).sum(1, keepdim=True).clamp(min=1e-6)).clamp(-1, 1)
        across = places + (slant * down).unsqueeze(2)  # (N, 28, 28): the column that each pixel comes from
        grid = torch.stack([across, places.unsqueeze(1).expand_as(across)], dim=3)
        grid = (2 * grid + 1) / 28 - 1  # in the units of grid_sample
        return nn.functional.grid_sample(pictures.unsqueeze(1), grid, align_corners=False).squeeze(1)


class Normalise(nn.Module):
    """Shift and scale pixels in [0, 1] to mean 0 and standard deviation 1 over MNIST."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return (pixels - MNIST_MEAN) / MNIST_STD


class MeanOverPixels(nn.Module):
    """Global average pooling, (N, C, H, W) -> (N, C): what each channel found, wherever it found it."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features.mean((2, 3))


def build_model(config: ModelConfig) -> nn.Sequential:
    """Build an untrained network; its initial weights come from torch's global generator."""
    layers = _mlp_layers(config) if config.kind == "mlp" else _cnn_layers(config)
    first = [*([Deslant()] if config.deslant else []), *([Normalise()] if config.normalise else [])]
    return nn.Sequential(*first, *layers)


def in_batches(read: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    """Apply `read` to many images (N, ...), a hundred at a time, and join the results."""
    return torch.cat([read(batch) for batch in images.split(_READ_AT_ONCE)])


@contextmanager
def in_eval_mode(model: nn.Module) -> Iterator[None]:
    """Let a network read without dropout and without moving its batch norm's averages, then put its mode back."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def count_parameters(model: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _mlp_layers(config: ModelConfig) -> Iterator[nn.Module]:
    yield nn.Flatten()
    width = NUM_PIXELS
    for hidden_width in config.hidden:
        yield Linear(width, hidden_width)
        if config.batch_norm:
            yield nn.BatchNorm1d(hidden_width)
        yield _ACTIVATIONS[config.activation]()
        if config.dropout:
            yield Dropout(config.dropout)
        width = hidden_width
    yield nn.Linear(width, NUM_CLASSES)


def _cnn_layers(config: ModelConfig) -> Iterator[nn.Module]:
    yield nn.Flatten()
    yield nn.Unflatten(1, (1, IMAGE_SIDE, IMAGE_SIDE))
    channels, side = 1, IMAGE_SIDE
    for index, num_filters in enumerate(config.channels):
        yield nn.Conv2d(channels, num_filters, kernel_size=3, padding=1, bias=not config.batch_norm)
        if config.batch_norm:
            yield nn.BatchNorm2d(num_filters)
        yield _ACTIVATIONS[config.activation]()
        if index + 1 in config.pools:
            yield nn.MaxPool2d(2)
            side //= 2  # 28 -> 14 -> 7 -> 3 pixels
        channels = num_filters
    if config.head == "places":
        yield nn.Flatten()
        channels *= side * side
    else:
        yield MeanOverPixels()
    if config.dropout:
        yield Dropout(config.dropout)
    yield nn.Linear(channels, NUM_CLASSES)

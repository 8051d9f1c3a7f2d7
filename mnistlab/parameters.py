"""How many numbers training changes in a network, reckoned from its settings alone. Needs no torch."""

from itertools import pairwise

from mnistlab.config import ModelConfig
from mnistlab.data import IMAGE_SIDE, NUM_CLASSES

_KERNEL = 3 * 3  # pixels that a channel of a convolution looks at


def num_parameters(model: ModelConfig) -> int:
    """Weights and biases of all layers, and two numbers a neuron or channel where there is batch norm."""
    return _of_mlp(model) if model.kind == "mlp" else _of_cnn(model)


def _of_mlp(model: ModelConfig) -> int:
    widths = (IMAGE_SIDE**2, *model.hidden, NUM_CLASSES)
    linear = sum((before + 1) * after for before, after in pairwise(widths))
    return linear + (2 * sum(model.hidden) if model.batch_norm else 0)


def _of_cnn(model: ModelConfig) -> int:
    total, before, side = 0, 1, IMAGE_SIDE
    for number, channels in enumerate(model.channels, start=1):
        total += _KERNEL * before * channels + channels * (2 if model.batch_norm else 1)
        before = channels
        if number in model.pools:
            side //= 2
    features = before * side**2 if model.head == "places" else before
    return total + (features + 1) * NUM_CLASSES

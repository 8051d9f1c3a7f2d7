"""Count a network's trainable parameters from its settings alone. Needs no torch."""

from itertools import pairwise

from mnistlab.config import ModelConfig
from mnistlab.data import IMAGE_SIDE, NUM_CLASSES

_KERNEL = 3 * 3  # pixels that a channel of a convolution looks at


def num_parameters(model: ModelConfig) -> int:
    """Weights and biases of all layers, and two numbers per neuron or channel where there is batch norm."""
    return _of_mlp(model) if model.kind == "mlp" else _of_cnn(model)


def _of_mlp(model: ModelConfig) -> int:
    widths = (IMAGE_SIDE**2, *model.hidden, NUM_CLASSES)
    linear = sum((before + 1) * after for before, after in pairwise(widths))
    return linear + (2 * sum(model.hidden) if model.batch_norm else 0)


def _of_cnn(model: ModelConfig) -> int:
    biases = sum(model.channels) * (2 if model.batch_norm else 1)
    kernels = sum(_KERNEL * before * after for before, after in pairwise((1, *model.channels)))
    return kernels + biases + (num_features(model) + 1) * NUM_CLASSES


def num_features(model: ModelConfig) -> int:
    """How many inputs a CNN's last layer has: each channel's mean, or all pixels left of each channel's picture."""
    num_pools = sum(place <= len(model.channels) for place in set(model.pools))
    side = IMAGE_SIDE >> num_pools
    return model.channels[-1] * (side * side if model.head == "places" else 1)

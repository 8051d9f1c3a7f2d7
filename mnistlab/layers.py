"""A network read layer by layer: shapes, parameters, multiply-adds, memory, and its source as text.

    for layer in describe_layers(ModelConfig(hidden=(512,))):
        print(layer.source, layer.shape, layer.num_parameters)

Nothing is computed: the network is built on torch's meta device, which holds no numbers, and shapes are derived from
its modules. Sending a batch through them there would import torch's compiler: 1.2 seconds and 150 MB (torch 2.14).
"""

import inspect
import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import nn

from mnistlab.config import ModelConfig
from mnistlab.data import IMAGE_SIDE
from mnistlab.models import ACTIVATIONS, Deslant, MeanOverPixels, Normalise, build_model
from mnistlab.pixels import MNIST_MEAN, MNIST_STD

_BYTES = 4  # of a float32
# Adam keeps, beside each weight and its gradient, the running averages of the gradient and of its square.
_COPIES_WITH_ADAM = 4


@dataclass(frozen=True)
class Layer:
    """One module of a network, for a single image.

    `shape` is that of its result without the batch; `num_multiply_adds` counts the products of weights and inputs in
    linear and convolutional layers, which are all but a hundredth of the work.
    """

    name: str
    source: str
    shape: tuple[int, ...]
    num_parameters: int
    num_multiply_adds: int


@lru_cache(maxsize=100)  # pages ask twice at each click
def describe_layers(config: ModelConfig) -> tuple[Layer, ...]:
    """Describe each module of the network, first to last."""
    with torch.device("meta"):
        model = build_model(config)
    layers: list[Layer] = []
    shape: tuple[int, ...] = (IMAGE_SIDE, IMAGE_SIDE)
    for module in model:
        shape = _shape_behind(module, shape)
        num_parameters = sum(parameter.numel() for parameter in module.parameters())
        name = type(module).__name__
        layers.append(Layer(name, _source_of(module), shape, num_parameters, _multiply_adds(module, shape)))
    return tuple(layers)


def memory_bytes(num_parameters: int) -> tuple[int, int]:
    """Bytes of the weights alone, and of weights, gradients and Adam's two averages together."""
    return _BYTES * num_parameters, _COPIES_WITH_ADAM * _BYTES * num_parameters


def source(config: ModelConfig) -> str:
    """Write the network as self-contained PyTorch code that builds the same `model`."""
    layers = describe_layers(config)
    names = {layer.name for layer in layers}
    blocks = ["import torch\nfrom torch import nn"]
    if config.normalise:
        blocks[0] += f"\n\nMNIST_MEAN, MNIST_STD = {MNIST_MEAN}, {MNIST_STD}"
    blocks += [
        inspect.getsource(kind).strip() for kind in (Deslant, Normalise, MeanOverPixels) if kind.__name__ in names
    ]
    lines = [f"    {layer.source}," for layer in layers]
    blocks.append("\n".join(["model = nn.Sequential(", *lines, ")"]))
    return "\n\n\n".join(blocks) + "\n"


def _shape_behind(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a module's result for features of this shape, both without the batch."""
    match module:
        case nn.Flatten():
            return (math.prod(shape),)
        case nn.Unflatten():
            return tuple(module.unflattened_size)
        case nn.Linear():
            return (module.out_features,)
        case nn.Conv2d():
            return (module.out_channels, *shape[1:])  # padded, so that no side shrinks
        case nn.MaxPool2d(kernel_size=int(size)):
            return (shape[0], shape[1] // size, shape[2] // size)
        case MeanOverPixels():
            return shape[:1]
        case Deslant() | Normalise() | nn.BatchNorm1d() | nn.BatchNorm2d() | nn.Dropout():
            return shape
        case _ if isinstance(module, ACTIVATIONS):
            return shape
    raise NotImplementedError(f"Nobody has said which shape {module} makes of {shape}.")


def _multiply_adds(module: nn.Module, shape: tuple[int, ...]) -> int:
    """How often weights are used: each of a linear layer once, each of a convolution once per pixel of its result."""
    if isinstance(module, nn.Linear):
        return module.weight.numel()
    if isinstance(module, nn.Conv2d):
        return module.weight.numel() * shape[1] * shape[2]
    return 0


def _source_of(module: nn.Module) -> str:
    match module:
        case nn.Linear():
            return f"nn.Linear({module.in_features}, {module.out_features})"
        case nn.Conv2d():
            bias = "" if module.bias is not None else ", bias=False"
            return f"nn.Conv2d({module.in_channels}, {module.out_channels}, kernel_size=3, padding=1{bias})"
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            return f"nn.{type(module).__name__}({module.num_features})"
        case nn.Dropout():
            return f"nn.Dropout({module.p})"
        case nn.MaxPool2d():
            return f"nn.MaxPool2d({module.kernel_size})"
        case nn.Unflatten():
            return f"nn.Unflatten({module.dim}, {tuple(module.unflattened_size)})"
        case Deslant() | Normalise() | MeanOverPixels():
            return f"{type(module).__name__}()"
    return f"nn.{type(module).__name__}()"

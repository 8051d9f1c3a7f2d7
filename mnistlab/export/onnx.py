"""A network as an ONNX file: `pixels` (batch, 28, 28) float32 in [0, 1] -> `logits` (batch, 10) float32.

    onnxruntime.InferenceSession("model.onnx").run(None, {"pixels": pictures})

The batch may be of any size. Every layer that mnistlab/models.py builds becomes one or a few nodes, written by hand
here, because torch's own exporter needs the packages onnx and onnxscript. Dropout, used only in training, is left out.

Source: https://onnx.ai/onnx/repo-docs/IR.html for the fields, and /operators/ for the operators.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from mnistlab.data import IMAGE_SIDE, NUM_CLASSES
from mnistlab.errors import ExportError
from mnistlab.export import wire
from mnistlab.export.source import Source
from mnistlab.models import Deslant, MeanOverPixels, Normalise
from mnistlab.pixels import MNIST_MEAN, MNIST_STD

OPSET = 17  # of 2022: it has all that is needed here, and every runtime since then reads it
_IR_VERSION = 8  # the file format that came with it
_FLOAT, _INT64 = 1, 7  # TensorProto.DataType
_SIMPLE = {nn.ReLU: "Relu", nn.Sigmoid: "Sigmoid", nn.Tanh: "Tanh", nn.Flatten: "Flatten"}


def to_onnx(source: Source) -> bytes:
    """The network of a run as an ONNX model.

    Raises:
        ExportError: it has a layer that cannot be exported.
    """
    graph = _Graph()
    assert isinstance(source.model, nn.Sequential)
    for number, layer in enumerate(source.model):
        graph.add_layer(str(number), layer)
    about = {"run": source.name, "config": source.config.model_dump_json(), "pixels": "0 is background, 1 is ink"}
    return b"".join(
        [
            wire.integer(1, _IR_VERSION),
            wire.text(2, "mnistlab"),
            wire.block(7, graph.packed("digits")),
            wire.block(8, wire.text(1, "") + wire.integer(2, OPSET)),
            *(wire.block(14, wire.text(1, key) + wire.text(2, value)) for key, value in about.items()),
        ]
    )


class _Graph:
    """Nodes in the order in which they are computed; each takes the result of the one before it."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._last = "pixels"

    def add_layer(self, name: str, layer: nn.Module) -> None:
        """Append what a layer computes."""
        if isinstance(layer, nn.Dropout | nn.Identity):
            return
        if type(layer) in _SIMPLE:
            self._add(_SIMPLE[type(layer)], name)
            return
        if not isinstance(layer, nn.Linear | nn.Conv2d | nn.BatchNorm1d | nn.BatchNorm2d):
            self._add_without_weights(name, layer)
            return
        weights = [self._constant(f"{name}.{key}", value) for key, value in _weights_of(layer)]
        if isinstance(layer, nn.Linear):
            self._add("Gemm", name, weights, _number("transB", 1))
        elif isinstance(layer, nn.Conv2d):
            self._add("Conv", name, weights, _numbers("pads", [int(layer.padding[0])] * 4))
        else:
            self._add("BatchNormalization", name, weights, _real("epsilon", layer.eps))

    def _add_without_weights(self, name: str, layer: nn.Module) -> None:
        match layer:
            case nn.GELU():
                self._add_gelu(name)
            case nn.MaxPool2d():
                self._add("MaxPool", name, [], _numbers("kernel_shape", [2, 2]) + _numbers("strides", [2, 2]))
            case nn.Unflatten():
                shape = self._constant(f"{name}.shape", np.array([0, 1, IMAGE_SIDE, IMAGE_SIDE]))
                self._add("Reshape", name, [shape])
            case MeanOverPixels():
                self._add("ReduceMean", name, [], _numbers("axes", [2, 3]) + _number("keepdims", 0))
            case Deslant():
                self._add_deslant(name)
            case Normalise():
                self._add("Sub", f"{name}.mean", [self._constant(f"{name}.mean", np.float32(MNIST_MEAN))])
                self._add("Div", f"{name}.std", [self._constant(f"{name}.std", np.float32(MNIST_STD))])
            case _:
                raise ExportError(f"The layer {type(layer).__name__} has no ONNX form here.")

    def _add_deslant(self, name: str) -> None:
        """Shear about the centre of mass, as mnistlab/models.py does it line by line."""
        pictures, places = self._last, np.arange(IMAGE_SIDE, dtype=np.float32)
        columns, least = self._constant(f"{name}.places", places), self._constant(f"{name}.least", np.float32(1e-6))
        axes = {axis: self._constant(f"{name}.axis{axis}", np.array([axis])) for axis in (1, 2, 3)}

        def node(operator: str, *inputs: str, attributes: bytes = b"") -> str:
            self._last = inputs[0]
            self._add(operator, f"{name}.{len(self._nodes)}", list(inputs[1:]), attributes)
            return self._last

        def total(values: str, axis: int, kept: int = 1) -> str:
            return node("ReduceSum", values, axes[axis], attributes=_number("keepdims", kept))

        rows = total(pictures, 2, kept=0)
        middle = node("Div", total(node("Mul", rows, columns), 1), node("Max", total(rows, 1), least))
        down = node("Sub", columns, middle)
        covariance = total(node("Mul", total(node("Mul", pictures, columns), 2, kept=0), down), 1)
        spread = node("Max", total(node("Mul", rows, node("Mul", down, down)), 1), least)
        bounds = [self._constant(f"{name}.{key}", np.float32(value)) for key, value in (("low", -1), ("high", 1))]
        slant = node("Clip", node("Div", covariance, spread), *bounds)
        across = node("Add", columns, node("Unsqueeze", node("Mul", slant, down), axes[2]))
        scale = self._constant(f"{name}.scale", np.float32(2 / IMAGE_SIDE))
        offset = self._constant(f"{name}.offset", np.float32(1 / IMAGE_SIDE - 1))
        across = node("Add", node("Mul", across, scale), offset)
        heights = self._constant(f"{name}.heights", ((2 * places + 1) / IMAGE_SIDE - 1).reshape(1, IMAGE_SIDE, 1))
        along = node("Expand", heights, node("Shape", across))
        both = [node("Unsqueeze", place, axes[3]) for place in (across, along)]
        grid = node("Concat", *both, attributes=_number("axis", 3))
        node("Squeeze", node("GridSample", node("Unsqueeze", pictures, axes[1]), grid), axes[1])

    def _add_gelu(self, name: str) -> None:
        """x / 2 * (1 + erf(x / sqrt(2))): an operator of its own only since opset 20."""
        features = self._last
        self._add("Div", f"{name}.div", [self._constant(f"{name}.root", np.float32(2**0.5))])
        self._add("Erf", f"{name}.erf")
        self._add("Add", f"{name}.add", [self._constant(f"{name}.one", np.float32(1))])
        self._add("Mul", f"{name}.mul", [features])
        self._add("Mul", name, [self._constant(f"{name}.half", np.float32(0.5))])

    def _add(self, operator: str, name: str, more_inputs: list[str] | None = None, attributes: bytes = b"") -> None:
        inputs = b"".join(wire.text(1, given) for given in [self._last, *(more_inputs or [])])
        self._last = f"out.{name}"
        node = inputs + wire.text(2, self._last) + wire.text(3, name) + wire.text(4, operator) + attributes
        self._nodes.append(wire.block(1, node))

    def _constant(self, name: str, value: npt.NDArray[Any] | np.float32) -> str:
        value = np.asarray(value)
        kind, order = (_INT64, "<i8") if value.dtype == np.int64 else (_FLOAT, "<f4")
        tensor = wire.integers(1, value.shape) + wire.integer(2, kind) + wire.text(8, f"{name}.value")
        self._constants.append(wire.block(5, tensor + wire.block(9, value.astype(order).tobytes())))
        return f"{name}.value"

    def packed(self, name: str) -> bytes:
        """The GraphProto."""
        last = wire.text(1, self._last) + wire.text(2, "logits") + wire.text(3, "logits") + wire.text(4, "Identity")
        return b"".join(
            [
                *self._nodes,
                wire.block(1, last),
                wire.text(2, name),
                *self._constants,
                wire.block(11, _described("pixels", (IMAGE_SIDE, IMAGE_SIDE))),
                wire.block(12, _described("logits", (NUM_CLASSES,))),
            ]
        )


def _weights_of(layer: nn.Module) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """A layer's tensors in the order in which its ONNX operator takes them."""
    for key in ("weight", "bias", "running_mean", "running_var"):
        tensor = getattr(layer, key, None)
        if tensor is not None:
            yield key, tensor.detach().numpy()


def _described(name: str, sides: tuple[int, ...]) -> bytes:
    """A ValueInfoProto of float32 with a batch of any size before its sides."""
    dimensions = wire.block(1, wire.text(2, "batch")) + b"".join(wire.block(1, wire.integer(1, side)) for side in sides)
    tensor = wire.integer(1, _FLOAT) + wire.block(2, dimensions)
    return wire.text(1, name) + wire.block(2, wire.block(1, tensor))


def _number(name: str, value: int) -> bytes:
    return wire.block(5, wire.text(1, name) + wire.integer(3, value) + wire.integer(20, 2))


def _numbers(name: str, values: list[int]) -> bytes:
    return wire.block(5, wire.text(1, name) + wire.integers(8, values) + wire.integer(20, 7))


def _real(name: str, value: float) -> bytes:
    return wire.block(5, wire.text(1, name) + wire.real(2, value) + wire.integer(20, 1))

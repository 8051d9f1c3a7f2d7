"""Torch's linear layer, with its large products computed by oneDNN in training on a CPU.

torch leaves float32 products to MKL, which uses AVX-512 only on Intel's own processors. Measured for 784-512 and 20
images, on one core of an AMD EPYC (Zen 5): forward 0.14 ms instead of 0.21, the weights' gradient 0.10 instead of 0.19.
Without AVX-512 MKL is as fast or faster (Zen 3: 0.31 ms instead of 0.34), and is left in use. Results are the same up
to rounding.
"""

from typing import Any

import torch
from torch import nn

# The operator that torch's own compiler uses for linear layers on a CPU; some builds (ARM, macOS) are without it.
_HAS_OPERATOR = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
_HAS_ONEDNN = _HAS_OPERATOR and torch.backends.cpu.get_cpu_capability().startswith("AVX512")
_MIN_WEIGHTS = 100_000  # below this, the call costs more than it saves


class Linear(nn.Linear):
    """features (N, in_features) -> (N, out_features): features @ weight.T + bias."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if self.training and _is_worth_it(input, *self.weight.shape):
            result: torch.Tensor = _Product.apply(input, self.weight, self.bias)
            return result
        return super().forward(input)


def product(features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """features (N, I) @ weight (O, I).T + bias (O,): (N, O), as a layer computes it in training."""
    if _is_worth_it(features, *weight.shape):
        return _onednn(features, weight, bias)
    return torch.addmm(bias, features, weight.T)


def weight_gradient(gradient: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """gradient (N, O).T @ features (N, I): (O, I), the gradient of that product with respect to its weight."""
    if _is_worth_it(features, gradient.shape[1], features.shape[1]):
        return _onednn(gradient.T, features.T, None)
    return gradient.T @ features


def _is_worth_it(features: torch.Tensor, num_outputs: int, num_inputs: int) -> bool:
    if not _HAS_ONEDNN or num_outputs * num_inputs < _MIN_WEIGHTS:
        return False
    is_plain = type(features) is torch.Tensor and features.device.type == "cpu" and features.ndim == 2
    return is_plain and not torch.is_autocast_enabled("cpu")


class _Product(torch.autograd.Function):
    """F.linear and its three gradients."""

    @staticmethod
    def forward(context: Any, features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        context.save_for_backward(features, weight)
        return product(features, weight, bias)

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (gradient,) = gradients
        features, weight = context.saved_tensors
        of_features = gradient @ weight if context.needs_input_grad[0] else None
        return of_features, weight_gradient(gradient, features), gradient.sum(0)


def _onednn(features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    result: torch.Tensor = torch.ops.mkldnn._linear_pointwise(features, weight, bias, "none", [], "")
    return result

"""Many images worked through a few at a time: what lies between two steps of a warp stays in a core's cache."""

from collections.abc import Callable

import torch

_PART = 250  # images: their places (1.6 MB) stay in a core's cache, which halves the time of a look-up


def in_parts(work: Callable[..., torch.Tensor], images: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
    """Apply `work(images, *values)` to a few of N images and of N rows of each value at a time, on a CPU."""
    part = _PART if images.device.type == "cpu" else max(1, len(images))
    tensors = [tensor.split(part) for tensor in (images, *values)]
    return torch.cat([work(*some) for some in zip(*tensors, strict=True)])

"""Process many images a few at a time, so that a warp's intermediate results stay in a core's cache."""

from collections.abc import Callable

import torch

_PART = 250  # images: their sampling grid (1.6 MB) stays in a core's cache, which halves the time of sampling


def in_parts(work: Callable[..., torch.Tensor], images: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
    """Apply `work(images, *values)` to N images and N rows of each value; on a CPU to a few of them at a time."""
    part = _PART if images.device.type == "cpu" else max(1, len(images))
    tensors = [tensor.split(part) for tensor in (images, *values)]
    return torch.cat([work(*some) for some in zip(*tensors, strict=True)])

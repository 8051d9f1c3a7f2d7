"""Frame many warped digits at once as MNIST's were: longer side 20 pixels, centre of mass in the middle.

    warped = warp_framed(images, warps)       # (N, 28, 28) float32 in [0, 1] -> the same

ink.py does this to one drawing, step by step; here it is one more matrix in a batch's warp, so that the digits are
still interpolated only once.
"""

from dataclasses import replace
from typing import Literal

import torch

from mnistlab.augment import Warps, inverse_matrices, sample
from mnistlab.ink import CENTRE, DIGIT_SIDE, INK_THRESHOLD


def warp_framed(
    images: torch.Tensor, warps: Warps, interpolation: Literal["bilinear", "nearest"] = "bilinear"
) -> torch.Tensor:
    """Bend, stretch, slant and turn each image, frame the result, and only then scale and shift it.

    Args:
        images: (N, 28, 28) float32 in [0, 1].
        warps: values for N images, on the same device.

    Returns:
        (N, 28, 28) float32 in [0, 1]; empty images stay empty.
    """
    return sample(images, framed_matrices(images, warps), warps.bend, interpolation)


def framed_matrices(images: torch.Tensor, warps: Warps) -> torch.Tensor:
    """(N, 2, 3): where each pixel of the result comes from, in the units of `affine_grid`."""
    still = Warps(torch.zeros_like(warps.degrees), torch.zeros_like(warps.shift), torch.ones_like(warps.scale))
    first = replace(warps, shift=still.shift, scale=still.scale)
    last = replace(still, shift=warps.shift, scale=warps.scale)
    trial = sample(images, inverse_matrices(first), warps.bend, "bilinear")
    # Right to left: a pixel of the result is traced back through scale and shift, the frame, then the turn.
    return _after(inverse_matrices(first), _after(_frame_matrices(trial), inverse_matrices(last)))


def _frame_matrices(images: torch.Tensor) -> torch.Tensor:
    """(N, 2, 3): where each pixel of the framed picture comes from, in the units of `affine_grid`."""
    side = images.shape[-1]
    places = torch.arange(side, device=images.device, dtype=images.dtype)
    is_ink = images > INK_THRESHOLD
    sides = torch.stack([_extent(is_ink.any(1)), _extent(is_ink.any(2))])
    shrink = sides.amax(0).clamp(min=1) / DIGIT_SIDE
    mass = images.sum((1, 2)).clamp(min=1e-6)
    centres = torch.stack([images.sum(1) @ places / mass, images.sum(2) @ places / mass], dim=1)  # (N, 2): x, y
    offsets = _unit(centres, side) - _unit(torch.tensor(float(CENTRE)), side) * shrink[:, None]
    matrices = torch.zeros(len(images), 2, 3, device=images.device)
    matrices[:, 0, 0] = matrices[:, 1, 1] = shrink
    matrices[:, :, 2] = offsets
    return matrices


def _extent(is_ink: torch.Tensor) -> torch.Tensor:
    """(N, S) bool -> (N,): from the first to the last place with ink, both included; 0 without any."""
    side = is_ink.shape[1]
    counts = is_ink.to(torch.int32)
    first = counts.argmax(1)
    last = side - 1 - counts.flip(1).argmax(1)
    return (last - first + 1) * is_ink.any(1)


def _unit(places: torch.Tensor, side: int) -> torch.Tensor:
    """Pixels 0 to S - 1 in the units of `affine_grid`: -1 and 1 are the outer edges of the first and last."""
    return (2 * places + 1) / side - 1


def _after(outer: torch.Tensor, inner: torch.Tensor) -> torch.Tensor:
    """Two maps as one, (N, 2, 3) each: first `inner`, then `outer`."""
    linear = outer[:, :, :2] @ inner[:, :, :2]
    offset = outer[:, :, :2] @ inner[:, :, 2:] + outer[:, :, 2:]
    return torch.cat([linear, offset], dim=2)

"""Random warps of many images at once, on their device, each image with values of its own.

    pictures = augment(images, config, generator)     # (N, 28, 28) float32 in [0, 1] -> the same

Turn, shift and scale are one matrix and so one interpolation: a second one would blur the digits.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F

from mnistlab.config import AugmentConfig
from mnistlab.data import IMAGE_SIDE


@dataclass(frozen=True, eq=False)
class Warps:
    """The values drawn for N images: `degrees` clockwise, `shift` (N, 2) pixels right and down, `scale`."""

    degrees: torch.Tensor
    shift: torch.Tensor
    scale: torch.Tensor


def augment(images: torch.Tensor, config: AugmentConfig, generator: torch.Generator) -> torch.Tensor:
    """Warp each image (N, 28, 28) float32 in [0, 1] by values drawn from `generator`, on the images' device."""
    if not config.is_active:
        return images
    return warp(images, draw_warps(len(images), config, generator), config.interpolation)


def draw_warps(num_images: int, config: AugmentConfig, generator: torch.Generator) -> Warps:
    """Draw each image's turn, shift and scale uniformly within the bounds of `config`."""
    device = generator.device
    unit = torch.rand(5, num_images, generator=generator, device=device)  # one draw: always the same use of numbers
    either_way = 2 * unit - 1
    # A turn after a turn is a turn by the sum of both, whatever the scale.
    degrees = config.rotation * either_way[0] + config.affine_rotation * either_way[1]
    # As in torchvision's RandomAffine and the tutorial, a shift is a whole number of pixels.
    shift = torch.round(config.shift * IMAGE_SIDE * either_way[2:4]).T
    scale = config.scale_min + (config.scale_max - config.scale_min) * unit[4]
    return Warps(degrees, shift, scale)


def warp(
    images: torch.Tensor, warps: Warps, interpolation: Literal["bilinear", "nearest"] = "bilinear"
) -> torch.Tensor:
    """Turn and scale each image about its centre, then shift it; what leaves the picture is lost, never wrapped.

    Args:
        images: (N, 28, 28) float32 in [0, 1].
        warps: values for N images, on the same device.

    Returns:
        (N, 28, 28) float32 in [0, 1], interpolated once, with empty pixels where nothing came from.
    """
    grid = F.affine_grid(_inverse_matrices(warps), [len(images), 1, IMAGE_SIDE, IMAGE_SIDE], align_corners=False)
    warped = F.grid_sample(images.unsqueeze(1), grid, mode=interpolation, padding_mode="zeros", align_corners=False)
    return warped.squeeze(1)


def _inverse_matrices(warps: Warps) -> torch.Tensor:
    """(N, 2, 3): where each pixel of the result comes from, in the units of `affine_grid` (-1 to 1 over a side)."""
    radians = warps.degrees * (math.pi / 180)
    cosine, sine = torch.cos(radians) / warps.scale, torch.sin(radians) / warps.scale
    right, down = (warps.shift * (2 / IMAGE_SIDE)).unbind(1)
    # The inverse of: turn clockwise (rows point down), scale, then shift.
    top = torch.stack([cosine, sine, -cosine * right - sine * down], dim=1)
    bottom = torch.stack([-sine, cosine, sine * right - cosine * down], dim=1)
    return torch.stack([top, bottom], dim=1)

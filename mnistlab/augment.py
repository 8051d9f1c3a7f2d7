"""Random warps of many images at once, on their device; each image is warped by its own random values.

    pictures = augment(images, config, generator)     # (N, 28, 28) float32 in [0, 1] -> the same

Stretch, slant, turn, scale and shift make one matrix, and a bend displaces the points it maps to, so that pixels are
interpolated only once: a second time would blur the digits. Grain and erasing, which move nothing, are in damage.py.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F

from mnistlab.config import AugmentConfig
from mnistlab.damage import change_thickness, cross, damage
from mnistlab.data import IMAGE_SIDE
from mnistlab.parts import in_parts

_KNOTS = 5  # the grid that bends a picture has 5 x 5 knots: about one for each curve of a digit


@dataclass(frozen=True, eq=False)
class Warps:
    """The values drawn for N images.

    `degrees` clockwise, `shift` (N, 2) in pixels right and down, `scale`; None where unused: `shear` in degrees; `bend`
    (N, 2, 5, 5), how many pixels right and down of itself each knot takes its value from; `stretch`, the factor that
    widths are multiplied and heights divided by.
    """

    degrees: torch.Tensor
    shift: torch.Tensor
    scale: torch.Tensor
    shear: torch.Tensor | None = None
    bend: torch.Tensor | None = None
    stretch: torch.Tensor | None = None

    def only(self, index: int) -> "Warps":
        """The values of one image."""
        values = {name: value[index : index + 1] for name, value in vars(self).items() if value is not None}
        return Warps(**values)


def augment(images: torch.Tensor, config: AugmentConfig, generator: torch.Generator) -> torch.Tensor:
    """Warp each image (N, 28, 28) float32 in [0, 1] by values drawn from `generator`, on the images' device."""
    if not config.is_active:
        return images
    from mnistlab.framing import warp_framed

    warps = draw_warps(len(images), config, generator)
    if config.thickness:
        images = change_thickness(images, config.thickness, generator)
    if config.crossed:
        images = cross(images, config.crossed, generator)
    do_warp = warp_framed if config.framed else warp
    return damage(do_warp(images, warps, config.interpolation), config, generator)


def draw_warps(num_images: int, config: AugmentConfig, generator: torch.Generator) -> Warps:
    """Draw each image's turn, shift, scale, slant, bend and stretch uniformly within the bounds of `config`."""
    device = generator.device
    unit = torch.rand(5, num_images, generator=generator, device=device)  # one draw: the same numbers for any config
    either_way = 2 * unit - 1
    # Two turns in a row are one turn by the sum of their angles, whatever the scale.
    degrees = config.rotation * either_way[0] + config.affine_rotation * either_way[1]
    # As in torchvision's RandomAffine and the tutorial, a shift is a whole number of pixels.
    shift = torch.round(config.shift * IMAGE_SIDE * either_way[2:4]).T
    scale = config.scale_min + (config.scale_max - config.scale_min) * unit[4]
    shear = bend = stretch = None
    # Settings of later versions draw last, and only if used, so that older runs can still be repeated bit for bit.
    if config.shear or config.elastic:
        either_way = 2 * torch.rand(1 + 2 * _KNOTS**2, num_images, generator=generator, device=device) - 1
        shear = config.shear * either_way[0]
        bend = config.elastic * either_way[1:].T.reshape(num_images, 2, _KNOTS, _KNOTS) if config.elastic else None
    if config.stretch:
        stretch = (1 + config.stretch) ** (2 * torch.rand(num_images, generator=generator, device=device) - 1)
    return Warps(degrees, shift, scale, shear, bend, stretch)


def warp(
    images: torch.Tensor, warps: Warps, interpolation: Literal["bilinear", "nearest"] = "bilinear"
) -> torch.Tensor:
    """Bend, stretch, slant, turn and scale each image about its centre, then shift it; what leaves the frame is lost.

    Args:
        images: (N, S, S) float32 in [0, 1]; S is 28, or more for a picture of the warp itself.
        warps: values for N images, on the same device; lengths are in pixels of a side of 28.

    Returns:
        (N, S, S) float32 in [0, 1], interpolated once; pixels that come from outside the image are 0.
    """
    return sample(images, inverse_matrices(warps), warps.bend, interpolation)


def sample(
    images: torch.Tensor,
    matrices: torch.Tensor,
    bend: torch.Tensor | None,
    interpolation: Literal["bilinear", "nearest"],
) -> torch.Tensor:
    """Sample each pixel of the result from where `matrices` (N, 2, 3) and `bend` (N, 2, 5, 5) point."""
    values = matrices if bend is None else torch.cat([matrices, bend.flatten(2) * (2 / IMAGE_SIDE)], dim=2)
    basis = _basis(images.shape[-1], bend is not None, images.device)
    return in_parts(partial(_look_up, basis=basis, interpolation=interpolation), images, values)


def _look_up(images: torch.Tensor, values: torch.Tensor, basis: torch.Tensor, interpolation: str) -> torch.Tensor:
    """Interpolate N images where values (N, 2, K) times basis (K, S * S) point to."""
    # The coordinates are stored as a plane of columns and one of rows; `F.affine_grid` interleaves them and takes 10
    # times as long: 36 ms instead of 3 for 6,000 images on one core.
    grid = (values.flatten(0, 1) @ basis).view(-1, 2, *images.shape[1:]).permute(0, 2, 3, 1)
    warped = F.grid_sample(images.unsqueeze(1), grid, mode=interpolation, padding_mode="zeros", align_corners=False)
    return warped.squeeze(1)


def _basis(side: int, with_bend: bool, device: torch.device) -> torch.Tensor:
    """(3 or 28, S * S): how a matrix's three columns, then each of the 25 knots, contribute to a pixel's coordinates.

    Coordinates are in the units of `affine_grid`: -1 to 1 over a side. Between knots the displacement is bicubic.
    """
    places = (2 * torch.arange(side, device=device) + 1) / side - 1
    across, down = places.repeat(side), places.repeat_interleave(side)
    rows = torch.stack([across, down, torch.ones_like(across)])
    if not with_bend:
        return rows
    unit = torch.eye(_KNOTS, device=device)[:, None, :, None]
    weights = F.interpolate(unit, size=(side, 1), mode="bicubic", align_corners=False)[:, 0, :, 0]  # (5, S)
    return torch.cat([rows, torch.kron(weights, weights)])


def inverse_matrices(warps: Warps) -> torch.Tensor:
    """(N, 2, 3): where each pixel of the result comes from, in the units of `affine_grid` (-1 to 1 over a side)."""
    radians = warps.degrees * (math.pi / 180)
    cosine, sine = torch.cos(radians) / warps.scale, torch.sin(radians) / warps.scale
    right, down = (warps.shift * (2 / IMAGE_SIDE)).unbind(1)
    # The inverse of: stretch, slant, turn clockwise (rows point down), scale, then shift.
    across, along = cosine, sine
    if warps.shear is not None:
        slant = torch.tan(warps.shear * (math.pi / 180))
        across, along = cosine - slant * sine, sine + slant * cosine
    top = torch.stack([across, along, -across * right - along * down], dim=1)
    bottom = torch.stack([-sine, cosine, sine * right - cosine * down], dim=1)
    if warps.stretch is not None:
        top, bottom = top / warps.stretch[:, None], bottom * warps.stretch[:, None]
    return torch.stack([top, bottom], dim=1)

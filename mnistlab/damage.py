"""Augmentation other than warps: a stroke across, thicker or thinner strokes, grain, a black rectangle."""

import math
from functools import partial

import torch
import torch.nn.functional as F

from mnistlab.config import AugmentConfig
from mnistlab.parts import in_parts


def damage(images: torch.Tensor, config: AugmentConfig, generator: torch.Generator) -> torch.Tensor:
    """Add grain to each image (N, S, S) float32 in [0, 1], then erase a rectangle of it, both as `config` allows."""
    if config.noise:
        images = add_noise(images, config.noise, generator)
    if config.erasing:
        images = erase(images, config.erasing, generator)
    return images


def cross(images: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """Draw a straight stroke through the middle of a share of the images (N, S, S) float32 in [0, 1].

    Its middle lies within 3 pixels of the picture's, it is 10 to 22 long and 1.5 to 3 wide, and points anywhere.
    """
    unit = torch.rand(6, len(images), 1, 1, generator=generator, device=generator.device)
    return in_parts(partial(_cross, share=share), images, unit.transpose(0, 1))


def _cross(images: torch.Tensor, drawn: torch.Tensor, share: float) -> torch.Tensor:
    """Draw the strokes given by six random numbers in [0, 1] for each image, `drawn` (N, 6, 1, 1)."""
    side, unit = images.shape[-1], drawn.unbind(1)
    places = torch.arange(side, device=images.device) - (side - 1) / 2
    right = places - 6 * (unit[0] - 0.5)  # (N, 1, S): from the stroke's middle to each column
    down = places[:, None] - 6 * (unit[1] - 0.5)  # (N, S, 1)
    cosine, sine = torch.cos(math.pi * unit[2]), torch.sin(math.pi * unit[2])
    along, beside = cosine * right + sine * down, cosine * down - sine * right
    past_its_end = (along.abs() - (5 + 6 * unit[3])).clamp(min=0)
    ink = (0.75 + 0.75 * unit[4] + 0.5 - torch.hypot(past_its_end, beside)).clamp(0, 1)
    return torch.maximum(images, ink * (unit[5] < share))


def change_thickness(images: torch.Tensor, most: float, generator: torch.Generator) -> torch.Tensor:
    """Grow or shrink the ink of each image by up to `most` of a pixel at each edge, drawn uniformly.

    Growing by half a pixel is mixing the picture half and half with itself grown by a whole pixel: edges are grey in
    MNIST, and mixing moves them by parts of a pixel.
    """
    growth = most * (2 * torch.rand(len(images), 1, 1, generator=generator, device=generator.device) - 1)
    return in_parts(_grow, images, growth)


def _grow(images: torch.Tensor, growth: torch.Tensor) -> torch.Tensor:
    """Grow the ink of each image by `growth` (N, 1, 1) in -1 to 1 of a pixel."""
    sign = growth.sign()
    mixed = torch.lerp(images, sign * _largest_nearby(sign * images), growth.abs())
    # Shrinking dims the core of a thin stroke; its brightness is restored, since a thinner pen is not a paler one.
    brightest, left = images.amax((1, 2), keepdim=True), mixed.amax((1, 2), keepdim=True)
    return (mixed * (brightest / left.clamp(min=0.2))).clamp(0, 1)


def _largest_nearby(images: torch.Tensor) -> torch.Tensor:
    """The maximum of each pixel (N, S, S) and its eight neighbours; in two passes, 8 times as fast as max_pool2d."""
    wide = F.pad(images, (1, 1, 1, 1))
    rows = torch.maximum(torch.maximum(wide[:, :-2], wide[:, 1:-1]), wide[:, 2:])
    return torch.maximum(torch.maximum(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:])


def add_noise(images: torch.Tensor, strongest: float, generator: torch.Generator) -> torch.Tensor:
    """Add Gaussian noise, its standard deviation drawn from 0 to `strongest` for each image; clip to [0, 1]."""
    device = generator.device
    deviation = strongest * torch.rand(len(images), 1, 1, generator=generator, device=device)
    grain = torch.randn(images.shape, generator=generator, device=device)
    return (images + deviation * grain).clamp(0, 1)


def erase(images: torch.Tensor, longest: float, generator: torch.Generator) -> torch.Tensor:
    """Set a rectangle of each image to 0: sides from 0 to `longest` of the picture's, anywhere inside it."""
    side = images.shape[-1]
    unit = torch.rand(4, len(images), 1, generator=generator, device=generator.device)
    places = torch.arange(side, device=generator.device)
    height, width = longest * side * unit[0], longest * side * unit[1]
    top, left = (side - height) * unit[2], (side - width) * unit[3]
    in_rows = (places >= top) & (places < top + height)  # (N, S)
    in_columns = (places >= left) & (places < left + width)
    return images.masked_fill(in_rows[:, :, None] & in_columns[:, None, :], 0)

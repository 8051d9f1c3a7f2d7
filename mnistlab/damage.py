"""What is done to a picture after its warp: grain and a blacked-out rectangle. Nothing here moves a pixel."""

import torch

from mnistlab.config import AugmentConfig


def damage(images: torch.Tensor, config: AugmentConfig, generator: torch.Generator) -> torch.Tensor:
    """Add grain to each image (N, S, S) float32 in [0, 1], then erase a rectangle of it, both as `config` allows."""
    if config.noise:
        images = add_noise(images, config.noise, generator)
    if config.erasing:
        images = erase(images, config.erasing, generator)
    return images


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

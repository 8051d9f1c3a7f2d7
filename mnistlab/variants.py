"""Pictures of what augmentation does: variants of one digit, a batch, a net of lines, a plain turn; and its speed.

Arrays in, arrays out, drawn on the CPU, so that a seed gives everybody the same pictures. The warps themselves are
augment.py's.
"""

import time

import numpy as np
import numpy.typing as npt
import torch

from mnistlab.augment import Warps, augment, draw_warps, inverse_matrices, sample, warp
from mnistlab.config import AugmentConfig
from mnistlab.damage import change_thickness
from mnistlab.data import IMAGE_SIDE
from mnistlab.device import pick_device
from mnistlab.framing import framed_matrices

Images = npt.NDArray[np.uint8]
_CELL, _PIXEL = 4, 10  # pixels of the digit per square of the net; pixels of the drawn net per pixel of the digit


def variants(image: Images, config: AugmentConfig, seed: int, num_variants: int = 20) -> tuple[Images, Warps]:
    """Warp one image (28, 28) uint8 in many ways; return (N, 28, 28) uint8 and the values drawn for each."""
    repeated = np.repeat(image[None], num_variants, axis=0)
    return augmented(repeated, config, seed), draw_warps(num_variants, config, _generator(seed))


def augmented(images: Images, config: AugmentConfig, seed: int) -> Images:
    """Augment each image (N, 28, 28) uint8 as in training, with this seed's random numbers; return the same shape."""
    return _to_bytes(augment(_to_unit(images), config, _generator(seed)))


def turned(image: Images, degrees: list[float]) -> Images:
    """Turn one image (28, 28) uint8 clockwise by each of N angles; return (N, 28, 28) uint8."""
    angles = torch.tensor(degrees)
    still = Warps(angles, torch.zeros(len(degrees), 2), torch.ones(len(degrees)))
    return _to_bytes(warp(_to_unit(np.repeat(image[None], len(degrees), axis=0)), still))


def warped_net(image: Images, config: AugmentConfig, seed: int, which: int, num_variants: int = 20) -> Images:
    """Draw a net of squares, unwarped and as warped for one variant of an image.

    Args:
        image, config, seed, num_variants: as for `variants`.
        which: the variant, 0 to num_variants - 1.

    Returns:
        (2, 280, 280) uint8: lines are 255.
    """
    generator = _generator(seed)
    warps = draw_warps(num_variants, config, generator)
    pictures = _to_unit(np.repeat(image[None], num_variants, axis=0))
    if config.thickness:
        pictures = change_thickness(pictures, config.thickness, generator)
    one, picture = warps.only(which), pictures[which : which + 1]
    matrices = framed_matrices(picture, one) if config.framed else inverse_matrices(one)
    net = _net()[None]
    return _to_bytes(torch.cat([net, sample(net, matrices, one.bend, "bilinear")]))


def _net() -> torch.Tensor:
    """(280, 280): lines are 1."""
    side = IMAGE_SIDE * _PIXEL
    places = torch.arange(side)
    # A line is centred on every fourth pixel's border, the frame lies just inside.
    is_line = ((places + 1) % (_CELL * _PIXEL) < 2) | (places < 2) | (places >= side - 2)
    return (is_line[:, None] | is_line[None, :]).float()


def images_per_second(images: Images, config: AugmentConfig, device: str = "auto") -> float:
    """Measure how fast these images (N, 28, 28) uint8 are augmented on a device, the best of three tries."""
    place = pick_device(device)
    pictures, generator = _to_unit(images).to(place), torch.Generator(place).manual_seed(0)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        augment(pictures, config, generator).sum().item()  # item waits for the device to be done
        seconds.append(time.perf_counter() - start)
    return len(images) / min(seconds)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _to_unit(images: Images) -> torch.Tensor:
    return torch.tensor(images).float() / 255


def _to_bytes(images: torch.Tensor) -> Images:
    pixels: Images = (images * 255).round().to(torch.uint8).numpy()
    return pixels

"""The augmentation of a plain script: those draws and formulas of augment.py that a config uses."""

from mnistlab.config import AugmentConfig

# What a short script has no room for.
TOO_LONG = ("framed", "crossed")


def warp_lines(config: AugmentConfig) -> list[str]:
    """A function `augment(images, random)` that draws the same random numbers as the lab, in the same order."""
    if not config.is_active:
        return []
    return [
        "def augment(images, random):",
        "    unit, n = torch.rand(5, len(images), generator=random), len(images)",
        *_values(config),
        *(_thickness(config.thickness) if config.thickness else []),
        *_sample(config),
        *([_noise(config.noise)] if config.noise else []),
        *(_erasing(config.erasing) if config.erasing else []),
        "    return images",
        "",
    ]


def _values(config: AugmentConfig) -> list[str]:
    turns = [f"{most!r} * (2 * unit[{row}] - 1)" for row, most in _turns(config)] or ["0 * unit[0]"]
    lines = [
        f"    angle = torch.deg2rad({' + '.join(turns)})",
        f"    right, down = torch.round({config.shift!r} * 28 * (2 * unit[2:4] - 1)) / 14",
        f"    scale = {config.scale_min!r} + ({config.scale_max!r} - {config.scale_min!r}) * unit[4]",
        "    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale",
    ]
    if config.shear or config.elastic:
        lines.append("    more = 2 * torch.rand(51, n, generator=random) - 1")
        lines.append(f"    slant = torch.tan(torch.deg2rad({config.shear!r} * more[0]))")
    if config.stretch:
        lines.append(f"    stretch = {1 + config.stretch!r} ** (2 * torch.rand(n, generator=random) - 1)")
    return lines


def _turns(config: AugmentConfig) -> list[tuple[int, float]]:
    return [(row, most) for row, most in enumerate((config.rotation, config.affine_rotation)) if most]


def _sample(config: AugmentConfig) -> list[str]:
    has_slant = bool(config.shear or config.elastic)
    a, b = ("a", "b") if has_slant else ("cos", "sin")
    lines = [
        *(["    a, b = cos - slant * sin, sin + slant * cos"] if has_slant else []),
        f"    rows = [{a}, {b}, -{a} * right - {b} * down, -sin, cos, sin * right - cos * down]",
        *(["    rows = [v / stretch for v in rows[:3]] + [v * stretch for v in rows[3:]]"] if config.stretch else []),
        "    grid = nn.functional.affine_grid(torch.stack(rows, 1).view(n, 2, 3), (n, 1, 28, 28), align_corners=False)",
    ]
    if config.elastic:
        lines.append(f"    bend = {config.elastic!r} * more[1:].T.reshape(n, 2, 5, 5) / 14")
        lines.append('    grid += nn.functional.interpolate(bend, (28, 28), mode="bicubic").permute(0, 2, 3, 1)')
    sampled = (
        f'nn.functional.grid_sample(images[:, None], grid, mode="{config.interpolation}", align_corners=False)[:, 0]'
    )
    return [*lines, f"    images = {sampled}"]


def _thickness(most: float) -> list[str]:
    return [
        f"    growth = {most!r} * (2 * torch.rand(n, 1, 1, generator=random) - 1)",
        "    largest = nn.functional.max_pool2d(nn.functional.pad(growth.sign() * images, (1, 1, 1, 1)), 3, 1)",
        "    mixed = torch.lerp(images, growth.sign() * largest, growth.abs())",
        "    images = (mixed * images.amax((1, 2), True) / mixed.amax((1, 2), True).clamp(min=0.2)).clamp(0, 1)",
    ]


def _noise(strongest: float) -> str:
    deviation = f"{strongest!r} * torch.rand(n, 1, 1, generator=random)"
    return f"    images = (images + {deviation} * torch.randn(images.shape, generator=random)).clamp(0, 1)"


def _erasing(longest: float) -> list[str]:
    return [
        "    unit, at = torch.rand(4, n, 1, generator=random), torch.arange(28)",
        f"    size = {longest!r} * 28 * unit[:2]",
        "    start = (28 - size) * unit[2:]",
        "    inside = (at >= start) & (at < start + size)",
        "    images = images.masked_fill(inside[0][:, :, None] & inside[1][:, None, :], 0)",
    ]

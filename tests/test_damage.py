"""Strokes made thicker and thinner, and rectangles erased: what must stay as it was."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from mnistlab.damage import change_thickness, erase


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def bars(width: int, num: int = 200) -> torch.Tensor:
    """Upright bars of this width, full ink on nothing, (N, 28, 28)."""
    images = torch.zeros(num, 28, 28)
    images[:, 4:24, 12 : 12 + width] = 1
    return images


def test_a_thinner_pen_is_not_paler() -> None:
    """A line of one pixel is all edge, and would lose as much strength as it loses width."""
    thinned = change_thickness(bars(1), 0.75, seeded())
    assert float(thinned.amax((1, 2)).min()) == pytest.approx(1)
    assert float(thinned.max()) <= 1


def test_what_is_left_of_a_line_that_was_thinned_away_is_not_blown_up() -> None:
    """At a full pixel from each side nothing of it is left, and one part in a thousand of it is no line either."""
    left = change_thickness(bars(1, 2000), 1, seeded()).amax((1, 2))
    assert float(left.min()) < 0.2
    assert bool((left < 0.05).any())


def test_thickness_grows_by_up_to_a_pixel_at_each_edge() -> None:
    images = bars(3)
    full = torch.from_numpy(np.stack([ndimage.grey_dilation(image, (3, 3)) for image in images.numpy()]))
    bare = torch.from_numpy(np.stack([ndimage.grey_erosion(image, (3, 3)) for image in images.numpy()]))
    changed = change_thickness(images, 1, seeded())
    assert bool(((bare <= changed + 1e-6) & (changed <= full + 1e-6)).all())
    widths = changed[:, 14].sum(1)
    assert float(widths.min()) < 1.1
    assert float(widths.max()) > 4.9
    assert float(widths.mean()) == pytest.approx(3, abs=0.2)


def test_rectangles_lie_wholly_inside_and_are_as_large_as_they_may_be() -> None:
    """Sides are drawn from 0 to half of 28, 7 on average; those that ran over the edge would be smaller."""
    erased = 1 - erase(torch.ones(5000, 28, 28), 0.5, seeded())
    heights, widths = erased.amax(2).sum(1), erased.amax(1).sum(1)
    assert float(erased.sum((1, 2)).mean()) == pytest.approx(7 * 7, rel=0.05)
    assert float(heights.max()) == float(widths.max()) == 14
    assert abs(float(np.corrcoef(heights, widths)[0, 1])) < 0.2

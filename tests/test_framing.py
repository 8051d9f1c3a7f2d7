"""Digits set as MNIST was made, and strokes made thicker and thinner."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mnistlab.augment import Warps, augment, draw_warps, warp
from mnistlab.config import AugmentConfig
from mnistlab.damage import change_thickness
from mnistlab.data import Dataset
from mnistlab.framing import framed_matrices, warp_framed
from mnistlab.ink import CENTRE, DIGIT_SIDE, INK_THRESHOLD

SMALL_AND_ASIDE = AugmentConfig(scale_min=0.5, scale_max=1, shift=0.15)
FRAMED = AugmentConfig(rotation=10, shear=20, elastic=1, framed=True)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def digits(dataset: Dataset) -> torch.Tensor:
    return torch.tensor(dataset.test.images[:200]).float() / 255


def sides(images: torch.Tensor) -> torch.Tensor:
    """(N,): the longer side of each digit's box, in pixels."""
    is_ink = images > INK_THRESHOLD
    found = []
    for picture in is_ink:
        rows, columns = np.flatnonzero(picture.any(1)), np.flatnonzero(picture.any(0))
        found.append(max(np.ptp(rows), np.ptp(columns)) + 1)
    return torch.tensor(found)


def centres(images: torch.Tensor) -> torch.Tensor:
    """(N, 2): row and column of each picture's centre of mass."""
    places = torch.arange(28.0)
    mass = images.sum((1, 2))
    return torch.stack([images.sum(2) @ places / mass, images.sum(1) @ places / mass], dim=1)


def test_framed_digits_have_mnists_size_and_place(digits: torch.Tensor) -> None:
    framed = augment(digits, FRAMED, seeded())
    assert (sides(framed) - DIGIT_SIDE).abs().float().mean() < 1
    assert (sides(framed) - DIGIT_SIDE).abs().max() <= 3
    assert (centres(framed) - CENTRE).abs().max() < 1


def test_mnists_own_digits_are_framed_already(digits: torch.Tensor) -> None:
    still = draw_warps(len(digits), AugmentConfig(), seeded())
    difference = (warp_framed(digits, still) - digits).abs().mean()
    assert difference < 0.03
    assert difference < (digits.roll(1, 2) - digits).abs().mean()


def test_digits_that_were_small_and_aside_are_brought_back(digits: torch.Tensor) -> None:
    moved = augment(digits, SMALL_AND_ASIDE, seeded())
    framed = augment(moved, AugmentConfig(framed=True), seeded())
    assert (sides(framed) - DIGIT_SIDE).abs().float().mean() < 1
    assert (centres(framed) - CENTRE).abs().max() < 1


def test_scale_and_shift_come_after_the_frame(digits: torch.Tensor) -> None:
    shrunk = augment(digits, AugmentConfig(framed=True, scale_min=0.5, scale_max=1), seeded())
    assert sides(shrunk).min() <= 12
    assert sides(shrunk).max() <= DIGIT_SIDE + 2


def test_a_shift_comes_after_the_frame_and_nothing_is_lost_before(digits: torch.Tensor) -> None:
    small = augment(digits, SMALL_AND_ASIDE, seeded())
    still = Warps(torch.zeros(200), torch.zeros(200, 2), torch.ones(200))
    moved = replace(still, shift=torch.tensor([[9.0, -8.0]]).expand(200, 2))
    torch.testing.assert_close(warp_framed(small, moved), warp(warp_framed(small, still), moved), atol=0.02, rtol=0)


def test_a_scale_comes_after_the_frame_and_cuts_nothing_off_before(digits: torch.Tensor) -> None:
    still = Warps(torch.zeros(200), torch.zeros(200, 2), torch.ones(200))
    twice = framed_matrices(digits, replace(still, scale=torch.full((200,), 2.0)))
    expected = framed_matrices(digits, still)
    expected[:, :, :2] /= 2
    torch.testing.assert_close(twice, expected)


def test_a_digit_aside_is_turned_before_it_is_framed(digits: torch.Tensor) -> None:
    small = augment(digits, SMALL_AND_ASIDE, seeded())
    framed = augment(small, AugmentConfig(rotation=45, framed=True), seeded())
    assert (centres(framed) - CENTRE).abs().max() < 1


def test_an_empty_picture_stays_empty() -> None:
    assert augment(torch.zeros(3, 28, 28), FRAMED, seeded()).abs().max() == 0


def test_thickness_changes_the_amount_of_ink_both_ways(digits: torch.Tensor) -> None:
    changed = change_thickness(digits, 1, seeded())
    change = changed.sum((1, 2)) / digits.sum((1, 2))
    assert change.min() < 0.7
    assert change.max() > 1.4
    assert 0 <= changed.min() <= changed.max() <= 1


def test_a_thinner_pen_is_not_paler(digits: torch.Tensor) -> None:
    changed = change_thickness(digits, 0.6, seeded())
    assert changed.amax((1, 2)).median() > 0.9
    assert changed.amax((1, 2)).min() > 0.5


def test_strokes_grow_by_no_more_than_a_pixel() -> None:
    dot = torch.zeros(50, 28, 28)
    dot[:, 14, 14] = 1
    grown = change_thickness(dot, 1, seeded())
    near = grown[:, 13:16, 13:16].clone()
    grown[:, 13:16, 13:16] = 0
    assert grown.abs().max() == 0
    assert near.sum((1, 2)).max() > 8


def test_no_thickness_is_no_change(digits: torch.Tensor) -> None:
    torch.testing.assert_close(change_thickness(digits, 0, seeded()), digits)

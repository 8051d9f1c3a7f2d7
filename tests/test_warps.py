"""Slant, bend, grain and erasing: against torchvision, and by what each may and may not change."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as reference

from mnistlab import variants
from mnistlab.augment import Warps, augment, draw_warps, warp
from mnistlab.config import AugmentConfig
from mnistlab.damage import add_noise, cross, erase
from mnistlab.data import Dataset


@pytest.fixture(scope="module")
def images(dataset: Dataset) -> torch.Tensor:
    return torch.tensor(dataset.source.images[:40]) / 255


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_slanted_turned_scaled_and_shifted_images_equal_torchvisions(images: torch.Tensor) -> None:
    config = AugmentConfig(rotation=40, shift=0.1, scale_min=0.8, scale_max=1.2, shear=25)
    warps = draw_warps(len(images), config, seeded())
    assert warps.shear is not None
    for index, image in enumerate(images):
        expected = reference.affine(
            image[None],
            angle=float(warps.degrees[index]),
            translate=[int(place) for place in warps.shift[index]],
            scale=float(warps.scale[index]),
            shear=[float(warps.shear[index]), 0.0],
            interpolation=InterpolationMode.BILINEAR,
        )
        torch.testing.assert_close(warp(images, warps)[index][None], expected, atol=1e-4, rtol=0)


def test_stretched_turned_scaled_and_shifted_images_equal_scipys(images: torch.Tensor) -> None:
    warps = draw_warps(10, AugmentConfig(rotation=40, shift=0.1, scale_min=0.8, scale_max=1.2, stretch=0.3), seeded())
    assert warps.stretch is not None
    ours = warp(images[:10], warps)
    for index in range(10):
        angle, wider = np.radians(float(warps.degrees[index])), float(warps.stretch[index])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # clockwise: rows point down
        forward = float(warps.scale[index]) * turn @ np.diag([wider, 1 / wider])
        back = np.linalg.inv(forward)[::-1, ::-1]  # scipy counts rows first
        centre, shift = np.full(2, 13.5), warps.shift[index].numpy()[::-1]
        image, offset = images[index].numpy().astype(np.float64), centre - back @ (centre + shift)
        expected = ndimage.affine_transform(image, back, offset, order=1, mode="grid-constant")
        np.testing.assert_allclose(ours[index].numpy(), expected, atol=1e-4)


def test_stretches_fill_their_bounds_and_are_as_often_wider_as_narrower() -> None:
    stretch = draw_warps(20_000, AugmentConfig(stretch=0.25), seeded()).stretch
    assert stretch is not None
    assert 1 / 1.25 <= float(stretch.min()) < 0.81
    assert 1.24 < float(stretch.max()) <= 1.25 + 1e-6
    assert abs(float(stretch.log().mean())) < 0.003


def test_a_share_of_the_images_is_crossed_and_none_loses_ink(images: torch.Tensor) -> None:
    many = images.repeat(50, 1, 1)
    crossed = cross(many, 0.3, seeded())
    assert bool((crossed >= many).all())
    assert float(crossed.max()) <= 1
    changed = (crossed != many).flatten(1).any(1)
    assert float(changed.float().mean()) == pytest.approx(0.3, abs=0.03)


def test_a_crossing_is_one_straight_stroke_through_the_middle() -> None:
    """By the moments of its ink: a stroke of length L has a variance of L^2 / 12 along itself."""
    rows, columns = np.mgrid[:28, :28]
    angles = []
    for stroke in cross(torch.zeros(200, 28, 28), 1, seeded()).numpy():
        centre = np.array([(stroke * columns).sum(), (stroke * rows).sum()]) / stroke.sum()
        assert np.abs(centre - 13.5).max() <= 3.1
        spread = np.cov(np.stack([columns.ravel(), rows.ravel()]), aweights=stroke.ravel())
        (beside, along), axes = np.linalg.eigh(spread)
        assert 10 - 0.5 <= np.sqrt(12 * along) <= 22 + 3.5  # its round ends add up to its width
        assert np.sqrt(12 * beside) < 3 + 1
        angles.append(np.degrees(np.arctan2(axes[1, 1], axes[0, 1])) % 180)
    assert np.histogram(angles, bins=6, range=(0, 180))[0].min() > 15


def test_a_bend_of_the_same_pull_everywhere_is_a_shift(images: torch.Tensor) -> None:
    num = len(images)
    still = Warps(torch.zeros(num), torch.zeros(num, 2), torch.ones(num))
    bent = Warps(still.degrees, still.shift, still.scale, bend=torch.ones(num, 2, 5, 5))
    shifted = Warps(still.degrees, -torch.ones(num, 2), still.scale)
    torch.testing.assert_close(warp(images, bent), warp(images, shifted), atol=1e-4, rtol=0)


def test_a_bend_moves_no_pixel_farther_than_it_may(images: torch.Tensor) -> None:
    config = AugmentConfig(elastic=2)
    bend = draw_warps(len(images), config, seeded()).bend
    assert bend is not None
    assert float(bend.abs().max()) <= 2
    assert not torch.equal(bend[0], bend[1])


def test_what_is_new_leaves_the_older_draws_as_they_were() -> None:
    plain = draw_warps(9, AugmentConfig(rotation=20, shift=0.1), seeded())
    more = draw_warps(9, AugmentConfig(rotation=20, shift=0.1, shear=10, elastic=1, stretch=0.1), seeded())
    assert torch.equal(plain.degrees, more.degrees)
    assert torch.equal(plain.shift, more.shift)


def test_what_is_off_draws_no_random_numbers(images: torch.Tensor) -> None:
    """Or a training of before there was such a setting could not be repeated to the bit."""
    used, expected = seeded(), seeded()
    augment(images, AugmentConfig(rotation=20), used)
    torch.rand(5, len(images), generator=expected)  # two turns, a shift right and down, a scale
    assert torch.equal(used.get_state(), expected.get_state())


def test_erasing_sets_one_rectangle_to_zero_and_nothing_else() -> None:
    erased = erase(torch.ones(50, 28, 28), 0.5, seeded())
    for picture in erased:
        hole = picture == 0
        rows, columns = hole.any(1).sum(), hole.any(0).sum()
        assert int(hole.sum()) == int(rows * columns)
        assert max(int(rows), int(columns)) <= 14
    assert len({int((picture == 0).sum()) for picture in erased}) > 5


def test_strokes_and_rectangles_lie_anywhere_and_not_along_a_diagonal() -> None:
    strokes = cross(torch.zeros(1000, 28, 28), 1, seeded())
    holes = 1 - erase(torch.ones(1000, 28, 28), 0.5, seeded())
    for ink in (strokes, holes[holes.sum((1, 2)) > 0]):
        rows, columns = ((ink.sum(along) @ torch.arange(28.0)) / ink.sum((1, 2)) for along in (2, 1))
        assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.1


def test_noise_stays_between_black_and_white_and_differs_between_images() -> None:
    noisy = add_noise(torch.full((50, 28, 28), 0.5), 0.3, seeded())
    assert float(noisy.min()) >= 0
    assert float(noisy.max()) <= 1
    deviations = noisy.std(dim=(1, 2))
    assert float(deviations.max()) < 0.33
    assert float(deviations.max() - deviations.min()) > 0.1


@pytest.mark.parametrize("setting", ["thickness", "shear", "stretch", "elastic", "crossed", "erasing", "noise"])
def test_each_setting_alone_changes_the_pictures_the_same_way_for_the_same_seed(
    setting: str, images: torch.Tensor
) -> None:
    config = AugmentConfig(**{setting: 0.4})
    assert config.is_active
    first, again, other = (augment(images, config, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, images)


def test_twenty_variants_are_those_a_training_would_see(dataset: Dataset) -> None:
    image, config = dataset.source.images[7], AugmentConfig(rotation=30)
    pictures, warps = variants.variants(image, config, seed=5)
    assert pictures.shape == (20, 28, 28)
    expected = warp(torch.tensor(image).repeat(20, 1, 1) / 255, warps)
    assert np.array_equal(pictures, (expected * 255).round().to(torch.uint8).numpy())


def test_a_net_that_is_not_warped_stays_as_it_is(dataset: Dataset) -> None:
    before, after = variants.warped_net(dataset.source.images[0], AugmentConfig(), seed=0, which=0)
    assert before.shape == (280, 280)
    assert np.array_equal(before, after)


@pytest.mark.parametrize("framed", [False, True])
def test_the_net_is_warped_as_its_digit_is(dataset: Dataset, framed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    config = AugmentConfig(rotation=40, shift=0.1, scale_min=0.7, elastic=1, thickness=0.8, framed=framed)
    image = dataset.source.images[7]
    pictures, _ = variants.variants(image, config, seed=5)
    # The digit itself in place of the net, without the pen's thickness: what comes of it lies where the variant does.
    monkeypatch.setattr(variants, "_net", lambda: torch.tensor(image) / 255)
    _, after = variants.warped_net(image, config, seed=5, which=3)
    likeness = [float(np.corrcoef(after.ravel(), picture.ravel())[0, 1]) for picture in pictures]
    assert int(np.argmax(likeness)) == 3
    unlike, _ = variants.variants(image, config.model_copy(update={"framed": not framed}), seed=5)
    assert likeness[3] > np.corrcoef(after.ravel(), unlike[3].ravel())[0, 1]


def test_the_pace_is_a_positive_number_of_images(dataset: Dataset) -> None:
    assert variants.images_per_second(dataset.source.images[:20], AugmentConfig(rotation=10), "cpu") > 0

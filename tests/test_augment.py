"""Warps: the same pictures as torchvision's affine, within their bounds, each image for itself."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as reference

from mnistlab.augment import Warps, augment, draw_warps, warp
from mnistlab.config import AugmentConfig
from mnistlab.data import Dataset

STRONG = AugmentConfig(rotation=25, affine_rotation=45, shift=0.1, scale_min=0.8, scale_max=1.2)
EVERYTHING = STRONG.model_copy(
    update={"shear": 20, "stretch": 0.2, "elastic": 2, "crossed": 0.5, "noise": 0.2, "erasing": 0.4}
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def warps(degrees: float = 0, right: float = 0, down: float = 0, scale: float = 1, num_images: int = 1) -> Warps:
    return Warps(
        torch.full((num_images,), float(degrees)),
        torch.tensor([[float(right), float(down)]] * num_images),
        torch.full((num_images,), float(scale)),
    )


@pytest.fixture(scope="module")
def digits(dataset: Dataset) -> torch.Tensor:
    """(40, 28, 28): MNIST digits, whose rim of four pixels is empty."""
    return torch.tensor(dataset.test.images[:40]).float() / 255


@pytest.mark.parametrize("degrees", [0, 20, -20, 70, 180])
@pytest.mark.parametrize(("right", "down"), [(0, 0), (2, 0), (0, -3), (-1, 3)])
@pytest.mark.parametrize("scale", [0.8, 1, 1.2])
def test_warp_equals_torchvisions_affine(
    digits: torch.Tensor, degrees: float, right: int, down: int, scale: float
) -> None:
    ours = warp(digits[:5], warps(degrees, right, down, scale, num_images=5))
    theirs = reference.affine(
        digits[:5], degrees, [right, down], scale, [0.0, 0.0], interpolation=InterpolationMode.BILINEAR
    )
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


@pytest.mark.parametrize("degrees", [0, 33])
@pytest.mark.parametrize("shear", [20, -45])
@pytest.mark.parametrize("scale", [0.8, 1.2])
def test_slanted_warp_equals_torchvisions_affine(
    digits: torch.Tensor, degrees: float, shear: float, scale: float
) -> None:
    turned = warps(degrees, 2, -1, scale, num_images=5)
    ours = warp(digits[:5], Warps(turned.degrees, turned.shift, turned.scale, torch.full((5,), float(shear))))
    theirs = reference.affine(
        digits[:5], degrees, [2, -1], scale, [shear, 0.0], interpolation=InterpolationMode.BILINEAR
    )
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


@pytest.mark.parametrize("degrees", [17, -63])
def test_nearest_warp_equals_torchvisions_affine(digits: torch.Tensor, degrees: float) -> None:
    ours = warp(digits, warps(degrees, 1, -2, 1.1, num_images=40), "nearest")
    theirs = reference.affine(digits, degrees, [1, -2], 1.1, [0.0, 0.0], interpolation=InterpolationMode.NEAREST)
    # A pixel whose source lies on the edge between two may be rounded to either.
    assert (ours != theirs).float().mean() < 1e-3


def test_nearest_pixels_are_never_mixed(digits: torch.Tensor) -> None:
    nearest = STRONG.model_copy(update={"interpolation": "nearest"})
    for warped, image in zip(augment(digits, nearest, generator()), digits, strict=True):
        assert set(warped.flatten().tolist()) <= set(image.flatten().tolist())


def test_each_image_gets_the_warp_of_its_own_place(digits: torch.Tensor) -> None:
    drawn = draw_warps(40, STRONG, generator())
    together = warp(digits, drawn)
    for index in range(40):
        theirs = reference.affine(
            digits[index : index + 1],
            drawn.degrees[index].item(),
            [int(step) for step in drawn.shift[index]],
            drawn.scale[index].item(),
            [0.0, 0.0],
            interpolation=InterpolationMode.BILINEAR,
        )
        torch.testing.assert_close(together[index : index + 1], theirs, atol=1e-4, rtol=0)


def test_images_that_are_alike_are_warped_differently(digits: torch.Tensor) -> None:
    warped = augment(digits[:1].repeat(50, 1, 1), STRONG, generator())
    assert len({picture.numpy().tobytes() for picture in warped}) == 50


def test_same_seed_gives_the_same_pictures(digits: torch.Tensor) -> None:
    assert torch.equal(augment(digits, STRONG, generator(3)), augment(digits, STRONG, generator(3)))


def test_another_seed_gives_other_pictures(digits: torch.Tensor) -> None:
    assert not torch.equal(augment(digits, STRONG, generator(3)), augment(digits, STRONG, generator(4)))


def test_a_generator_goes_on_from_call_to_call(digits: torch.Tensor) -> None:
    going_on = generator()
    assert not torch.equal(augment(digits, STRONG, going_on), augment(digits, STRONG, going_on))


def test_an_image_can_be_warped_alone_as_among_others(digits: torch.Tensor) -> None:
    drawn = draw_warps(40, EVERYTHING, generator())
    together = warp(digits, drawn)
    for index in (0, 7, 39):
        torch.testing.assert_close(warp(digits[index : index + 1], drawn.only(index)), together[index : index + 1])


def test_slants_fill_their_bounds_and_keep_to_them() -> None:
    shear = draw_warps(20_000, AugmentConfig(shear=20), generator()).shear
    assert shear is not None
    assert -20 <= shear.min() < -19
    assert 19 < shear.max() <= 20


def test_knots_are_pulled_within_their_bound_each_on_its_own() -> None:
    bend = draw_warps(1000, AugmentConfig(elastic=2), generator()).bend
    assert bend is not None
    assert bend.shape == (1000, 2, 5, 5)
    assert 1.99 < bend.abs().max() <= 2
    correlations = torch.corrcoef(bend.reshape(1000, -1).T) - torch.eye(50)
    assert correlations.abs().max() < 0.2


def test_knots_that_pull_alike_shift_the_picture(digits: torch.Tensor) -> None:
    bend = torch.zeros(40, 2, 5, 5)
    bend[:, 0] = 3  # every knot looks three pixels further right for what it shows
    still = warps(num_images=40)
    bent = warp(digits, Warps(still.degrees, still.shift, still.scale, bend=bend))
    torch.testing.assert_close(bent, warp(digits, warps(right=-3, num_images=40)), atol=1e-3, rtol=0)


def test_a_bend_moves_a_picture_where_its_knot_is_and_nowhere_else() -> None:
    stripes = torch.zeros(1, 28, 28)
    stripes[:, :, ::4] = 1
    bend = torch.zeros(1, 2, 5, 5)
    bend[0, 0, 0, 0] = 2  # the knot in the upper left corner
    still = warps()
    bent = warp(stripes, Warps(still.degrees, still.shift, still.scale, bend=bend))
    moved = (bent - stripes)[0].abs()
    assert moved[:5, :5].max() > 0.5
    assert moved[20:].max() < 0.05
    assert moved[:, 20:].max() < 0.05


def test_inactive_config_returns_the_images_untouched(digits: torch.Tensor) -> None:
    assert augment(digits, AugmentConfig(), generator()) is digits


def test_input_is_left_as_it_was(digits: torch.Tensor) -> None:
    before = digits.clone()
    augment(digits, STRONG, generator())
    assert torch.equal(digits, before)


def test_pictures_are_float32_in_0_to_1(digits: torch.Tensor) -> None:
    warped = augment(digits, STRONG, generator())
    assert warped.shape == digits.shape
    assert warped.dtype == torch.float32
    assert warped.min() >= 0
    assert warped.max() <= 1


def test_everything_at_once_stays_float32_in_0_to_1(digits: torch.Tensor) -> None:
    warped = augment(digits, EVERYTHING, generator())
    assert warped.dtype == torch.float32
    assert 0 <= warped.min() <= warped.max() <= 1


@pytest.mark.parametrize(
    ("bounds", "lowest", "highest"),
    [
        ({"rotation": 30}, -30, 30),
        ({"affine_rotation": 45}, -45, 45),
        ({"rotation": 25, "affine_rotation": 45}, -70, 70),
    ],
)
def test_turns_fill_their_bounds_and_keep_to_them(bounds: dict[str, float], lowest: float, highest: float) -> None:
    degrees = draw_warps(20_000, AugmentConfig(**bounds), generator()).degrees
    assert lowest <= degrees.min() < 0.9 * lowest
    assert highest >= degrees.max() > 0.9 * highest
    assert abs(degrees.mean()) < 0.02 * highest


def test_two_turns_add_up_as_the_tutorials_do() -> None:
    """The sum of two uniform turns is a trapezoid: rarely near its ends, as when one turn follows the other."""
    degrees = draw_warps(50_000, AugmentConfig(rotation=25, affine_rotation=45), generator()).degrees
    variance = 25**2 / 3 + 45**2 / 3
    assert degrees.var().item() == pytest.approx(variance, rel=0.03)


def test_shifts_are_whole_pixels_within_their_bound() -> None:
    shift = draw_warps(20_000, AugmentConfig(shift=0.1), generator()).shift
    assert torch.equal(shift, shift.round())
    assert sorted(set(shift.flatten().tolist())) == [-3, -2, -1, 0, 1, 2, 3]  # 0.1 of 28 is 2.8, rounded
    assert torch.corrcoef(shift.T)[0, 1].abs() < 0.03  # across and down are drawn apart


def test_scales_fill_their_bounds_and_keep_to_them() -> None:
    scale = draw_warps(20_000, AugmentConfig(scale_min=0.8, scale_max=1.2), generator()).scale
    assert 0.8 <= scale.min() < 0.81
    assert 1.19 < scale.max() <= 1.2


def test_a_single_bound_leaves_the_rest_alone() -> None:
    drawn = draw_warps(100, AugmentConfig(rotation=30), generator())
    assert torch.equal(drawn.shift, torch.zeros(100, 2))
    assert torch.equal(drawn.scale, torch.ones(100))


@pytest.mark.parametrize(("right", "down"), [(14, 0), (-14, 0), (0, 14), (0, -14)])
def test_what_leaves_the_picture_does_not_come_back(right: int, down: int) -> None:
    full = torch.ones(1, 28, 28)
    shifted = warp(full, warps(right=right, down=down))[0]
    rows = slice(max(down, 0), 28 + min(down, 0))
    columns = slice(max(right, 0), 28 + min(right, 0))
    expected = torch.zeros(28, 28)
    expected[rows, columns] = 1
    torch.testing.assert_close(shifted, expected, atol=1e-4, rtol=0)


def test_shrinking_leaves_the_rim_empty() -> None:
    shrunk = warp(torch.ones(1, 28, 28), warps(scale=0.5))[0]
    inside = shrunk[8:20, 8:20]
    torch.testing.assert_close(inside, torch.ones(12, 12))
    assert shrunk.sum() == pytest.approx(14**2, rel=0.02)
    assert shrunk[:6].max() == 0


def on_cuda(images: torch.Tensor) -> torch.Tensor:
    return torch.empty(images.shape, device="cuda")


def test_warp_computes_on_the_images_device(digits: torch.Tensor) -> None:
    """FakeTensorMode raises where a tensor of the CPU meets one of another device; no GPU is needed."""
    drawn = draw_warps(40, EVERYTHING, generator())
    assert all(value is not None for value in vars(drawn).values())
    with FakeTensorMode():
        parts = Warps(**{name: on_cuda(value) for name, value in vars(drawn).items()})
        assert warp(on_cuda(digits), parts).device.type == "cuda"


def test_warps_are_drawn_on_the_generators_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch has no CUDA generator without CUDA: its numbers are drawn without one, on the device asked for."""

    class CudaGenerator:
        device = torch.device("cuda")

    for name in ("rand", "randn"):
        draw = getattr(torch, name)
        monkeypatch.setattr(torch, name, lambda *size, generator, device, draw=draw: draw(*size, device=device))
    with FakeTensorMode():
        images = torch.empty(7, 28, 28, device="cuda")
        assert augment(images, EVERYTHING, CudaGenerator()).device.type == "cuda"  # type: ignore[arg-type]

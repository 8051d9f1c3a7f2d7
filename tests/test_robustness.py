"""Accuracy against a change: nothing changed is the plain accuracy, and each change is what it says."""

from typing import get_args

import numpy as np
import pytest
import torch

from mnistlab.data import Dataset
from mnistlab.evaluation import evaluate
from mnistlab.predict import load_predictor
from mnistlab.robustness import AMOUNTS, Change, at_every_amount, changed_images, robustness, sample

CHANGES = get_args(Change)


@pytest.fixture(scope="module")
def images(dataset: Dataset) -> torch.Tensor:
    return torch.tensor(dataset.test.images[:8]).float() / 255


def test_amounts_of_every_change_rise() -> None:
    assert set(CHANGES) == set(AMOUNTS)
    assert all(list(amounts) == sorted(set(amounts)) for amounts in AMOUNTS.values())


@pytest.mark.parametrize("change", CHANGES)
def test_an_amount_of_nothing_changes_nothing(change: Change, images: torch.Tensor) -> None:
    assert 0 in AMOUNTS[change]
    torch.testing.assert_close(changed_images(images, change, 0), images, atol=1e-5, rtol=0)


@pytest.mark.parametrize("change", CHANGES)
def test_unchanged_pictures_are_read_with_the_plain_accuracy(change: Change, dataset: Dataset) -> None:
    model, split = load_predictor().model, sample(dataset.test, 200)
    (point,) = robustness(model, split, change, [0])
    assert (point.num_correct, point.num_images) == (int(evaluate(model, split).correct.sum()), 200)


def test_a_quarter_turn_is_numpys_clockwise(images: torch.Tensor) -> None:
    turned = changed_images(images, "rotation", 90).numpy()
    np.testing.assert_allclose(turned, np.rot90(images.numpy(), -1, axes=(1, 2)), atol=1e-5)


def test_images_move_right_down_left_and_up_in_turn(images: torch.Tensor) -> None:
    moved = changed_images(images, "shift", 2).numpy()
    for index, (rows, columns) in enumerate([(0, 2), (2, 0), (0, -2), (-2, 0)] * 2):
        expected = np.roll(images[index].numpy(), (rows, columns), axis=(0, 1))  # MNIST has four empty pixels around
        np.testing.assert_allclose(moved[index], expected, atol=1e-5)


def test_grain_has_the_deviation_asked_for_and_is_the_same_each_time() -> None:
    grey = torch.full((50, 28, 28), 0.5)
    noisy = changed_images(grey, "noise", 0.1)
    assert float((noisy - grey).std()) == pytest.approx(0.1, rel=0.02)
    torch.testing.assert_close(changed_images(grey, "noise", 0.1), noisy)
    assert 0 <= float(changed_images(grey, "noise", 0.8).min()) < float(changed_images(grey, "noise", 0.8).max()) <= 1


def test_a_sample_is_the_same_each_time_and_never_larger_than_the_split(dataset: Dataset) -> None:
    first, again = sample(dataset.test, 50), sample(dataset.test, 50)
    np.testing.assert_array_equal(first.images, again.images)
    assert len(sample(first, 1000)) == 50
    assert first.name == "test"


def test_much_of_anything_hurts(dataset: Dataset) -> None:
    model, split = load_predictor().model, sample(dataset.test, 200)
    for change in CHANGES:
        none, much = robustness(model, split, change, [0, AMOUNTS[change][-1]])
        assert much.num_correct < none.num_correct


@pytest.mark.parametrize("change", CHANGES)
def test_one_image_at_every_amount_has_itself_among_them(change: Change, dataset: Dataset) -> None:
    image = dataset.test.images[0]
    pictures = at_every_amount(image, change)
    assert (pictures.shape, pictures.dtype) == ((len(AMOUNTS[change]), 28, 28), np.uint8)
    np.testing.assert_array_equal(pictures[AMOUNTS[change].index(0)], image)


@pytest.mark.parametrize("change", CHANGES)
def test_amounts_rise_from_one_end_of_the_axis_to_the_other(change: Change) -> None:
    amounts = AMOUNTS[change]
    assert list(amounts) == sorted(set(amounts))
    assert 0 in amounts  # the pictures as they are

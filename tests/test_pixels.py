"""What is computed from pixels, each against plain loops or formulas written out again."""

import numpy as np
import pytest

from mnistlab import pixels
from mnistlab.data import Dataset


def some_images(num: int = 60) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    return generator.integers(0, 256, (num, 28, 28), np.uint8), np.arange(num, dtype=np.int64) % 9


def test_values_are_fractions_of_255() -> None:
    values = pixels.scale_values(np.array([[0, 51, 255]], np.uint8))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, [[0, 0.2, 1]], rtol=1e-6)


def test_normalised_mnist_has_mean_0_and_standard_deviation_1(dataset: Dataset) -> None:
    values = pixels.normalise(pixels.scale_values(dataset.source.images))
    assert values.mean(dtype=np.float64) == pytest.approx(0, abs=1e-3)
    assert values.std(dtype=np.float64) == pytest.approx(1, abs=1e-3)


def test_pixels_and_networks_normalise_alike() -> None:
    import torch

    from mnistlab.models import Normalise

    values = np.linspace(0, 1, 784, dtype=np.float32)
    np.testing.assert_allclose(pixels.normalise(values), Normalise()(torch.tensor(values)).numpy(), rtol=1e-5)


def test_flattened_picture_is_row_after_row() -> None:
    picture = np.arange(784, dtype=np.float32).reshape(28, 28)
    assert pixels.flatten(picture)[28 * 5 + 12] == picture[5, 12]
    assert pixels.flatten(picture).shape == (784,)


def test_mean_and_deviation_are_those_of_each_digits_images() -> None:
    images, labels = some_images()
    means, deviations = pixels.mean_pictures(images, labels), pixels.std_pictures(images, labels)
    assert means.shape == deviations.shape == (10, 28, 28)
    assert means.dtype == deviations.dtype == np.float32
    for digit in range(9):
        own = np.stack([image / 255 for image, label in zip(images, labels, strict=True) if label == digit])
        mean = own.sum(0) / len(own)
        np.testing.assert_allclose(means[digit], mean, atol=1e-6)
        np.testing.assert_allclose(deviations[digit], np.sqrt(((own - mean) ** 2).sum(0) / len(own)), atol=1e-5)


def test_digit_without_images_is_black() -> None:
    images, labels = some_images()
    assert not pixels.mean_pictures(images, labels)[9].any()
    assert not pixels.std_pictures(images, labels)[9].any()


def test_no_images_at_all_give_ten_black_pictures() -> None:
    nothing = np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.int64)
    assert not pixels.mean_pictures(*nothing).any()
    assert len(pixels.rank_by_distance(*nothing, 3, np.zeros((28, 28), np.float32))[0]) == 0


def test_distance_is_the_root_of_the_summed_squares() -> None:
    images, _ = some_images(5)
    pictures = pixels.scale_values(images)
    expected = [np.linalg.norm((picture - pictures[0]).ravel()) for picture in pictures]
    np.testing.assert_allclose(pixels.distances(pictures, pictures[0]), expected, rtol=1e-5)
    white = np.ones((1, 28, 28), np.float32)
    assert pixels.distances(white, np.zeros((28, 28), np.float32))[0] == 28


def test_ranking_holds_every_image_of_the_digit_once_and_rises() -> None:
    images, labels = some_images()
    reference = pixels.mean_pictures(images, labels)[4]
    indices, found = pixels.rank_by_distance(images, labels, 4, reference)
    assert sorted(indices) == [index for index in range(60) if labels[index] == 4]
    assert (np.diff(found) >= 0).all()
    farthest = max(indices, key=lambda index: np.linalg.norm((images[index] / 255 - reference).ravel()))
    assert indices[-1] == farthest


def test_nearest_average_reads_four_of_five_test_digits(dataset: Dataset) -> None:
    averages = pixels.mean_pictures(dataset.train.images, dataset.train.labels)
    values = pixels.scale_values(dataset.test.images[:500])
    read = [pixels.nearest_picture(picture, averages) for picture in values]
    assert (np.array(read) == dataset.test.labels[:500]).mean() > 0.75


def test_histogram_counts_every_pixel_once_and_zero_apart() -> None:
    picture = np.zeros((28, 28), np.float32)
    picture[0, :4] = [1.0, 0.99, 0.01, 0.5]
    background, counts = pixels.value_histogram(picture, num_bins=4)
    assert background == 780
    assert counts.tolist() == [1, 0, 1, 2]


def test_text_is_white_below_two_fifths_of_the_largest_value() -> None:
    picture = np.array([[0.0, 0.19, 0.2, 0.5]], np.float32)
    assert pixels.needs_white_text(picture).tolist() == [[True, True, False, False]]

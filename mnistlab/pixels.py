"""What a digit is before any network sees it: values, averages, distances. Plain numpy.

    averages = mean_pictures(split.images, split.labels)          # (10, 28, 28) float32 in [0, 1]
    farthest_first = rank_by_distance(split.images, split.labels, 7, averages[7])[0][::-1]

Colours and HTML belong to ui/; batches and class counts to data.py.
"""

import numpy as np
import numpy.typing as npt

from mnistlab.data import NUM_CLASSES

# Source: all pixels of the 60,000 training images of MNIST, as fractions of 255.
MNIST_MEAN, MNIST_STD = 0.1307, 0.3081

Picture = npt.NDArray[np.float32]
Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


def scale_values(images: Images) -> Picture:
    """Divide the file's whole numbers by 255: (..., 28, 28) uint8 -> float32 in [0, 1], as networks get them."""
    return images.astype(np.float32) / np.float32(255)


def normalise(values: Picture) -> Picture:
    """Shift and scale values in [0, 1] so that over all of MNIST their mean is 0 and their standard deviation 1."""
    return (values - np.float32(MNIST_MEAN)) / np.float32(MNIST_STD)


def flatten(picture: Picture) -> Picture:
    """(28, 28) -> (784,): row after row, the form in which a multi-layer perceptron gets a picture."""
    return picture.reshape(-1)


def mean_pictures(images: Images, labels: Labels) -> Picture:
    """The average picture of each digit.

    Args:
        images: (N, 28, 28) uint8.
        labels: (N,) int64, 0 to 9.

    Returns:
        (10, 28, 28) float32 in [0, 1]; black for a digit of which there is no image.
    """
    pictures = np.zeros((NUM_CLASSES, *images.shape[1:]), np.float32)
    for digit in np.unique(labels):
        pictures[digit] = images[labels == digit].mean(axis=0, dtype=np.float64) / 255
    return pictures


def std_pictures(images: Images, labels: Labels) -> Picture:
    """Where images of the same digit differ: the standard deviation of each pixel.

    Returns:
        (10, 28, 28) float32 in [0, 0.5], over all N images given (not N - 1); black for a digit without images.
    """
    pictures = np.zeros((NUM_CLASSES, *images.shape[1:]), np.float32)
    for digit in np.unique(labels):
        pictures[digit] = scale_values(images[labels == digit]).std(axis=0)
    return pictures


def distances(pictures: Picture, reference: Picture) -> npt.NDArray[np.float32]:
    """How far pictures are from another one: the root of the summed squared differences of all 784 values.

    Args:
        pictures: (N, 28, 28) float32 in [0, 1].
        reference: (28, 28), or (N, 28, 28) for one each.

    Returns:
        (N,) float32; 0 for the same picture, at most 28.
    """
    difference = pictures - reference
    found: npt.NDArray[np.float32] = np.sqrt(np.einsum("nij,nij->n", difference, difference))
    return found


def rank_by_distance(
    images: Images, labels: Labels, digit: int, reference: Picture
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """All images of one digit, those nearest to `reference` (28, 28) first.

    Returns:
        (K,) int64 indices into `images`, and their (K,) float32 distances, rising.
    """
    indices = np.flatnonzero(labels == digit)
    found = distances(scale_values(images[indices]), reference)
    order = np.argsort(found, kind="stable")
    return indices[order], found[order]


def nearest_picture(picture: Picture, candidates: Picture) -> int:
    """Which of the candidates (N, 28, 28) is nearest to a picture (28, 28): reading without any learning."""
    return int(distances(candidates, picture).argmin())


def value_histogram(picture: Picture, num_bins: int = 16) -> tuple[int, npt.NDArray[np.int64]]:
    """How often each value occurs.

    Returns:
        How many pixels are exactly 0, and (num_bins,) int64 counts of all others in equal parts of (0, 1].
    """
    ink = picture[picture > 0]
    counts, _ = np.histogram(ink, bins=num_bins, range=(0, 1))
    return picture.size - ink.size, counts.astype(np.int64)


def needs_white_text(picture: Picture) -> npt.NDArray[np.bool_]:
    """On which pixels white numbers are readable: values below 2/5 of the picture's largest.

    Source: the tutorial's rule, white where value < max / 2.5.
    """
    is_dark: npt.NDArray[np.bool_] = picture < picture.max() / 2.5
    return is_dark

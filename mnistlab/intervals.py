"""Confidence intervals: how far a share counted on some images may lie from that of all images of their kind."""

import math
from statistics import NormalDist

from mnistlab.errors import ConfigError


def wilson_interval(num_correct: int, num_images: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share: unlike "plus or minus two deviations", it stays within 0 and 1.

    Args:
        num_correct: 0 to `num_images`.
        num_images: at least 1.
        confidence: the share of intervals made in this way that contain the true share; between 0 and 1.

    Returns:
        Its lower and upper end, each in 0 to 1.

    Raises:
        ConfigError: the counts or the confidence are out of bounds.
    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22, 1927.
    """
    if not 0 <= num_correct <= num_images or num_images == 0:
        raise ConfigError(f"{num_correct} of {num_images} is no share: give 0 to N of at least one image.")
    if not 0 < confidence < 1:
        raise ConfigError(f"A confidence lies between 0 and 1; {confidence:g} was given.")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = num_correct / num_images
    centre = share + z * z / (2 * num_images)
    spread = z * math.sqrt(share * (1 - share) / num_images + z * z / (4 * num_images**2))
    scale = 1 + z * z / num_images
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def luck_between(accuracy: float, num_images: int) -> float:
    """How far apart the accuracies of two equally good networks on so many images are, at most, in 95 % of such pairs.

    By the binomial formula, as if they erred independently of each other: on the same images it is a little less.
    """
    z = NormalDist().inv_cdf(0.975)
    wrong = max(1 - accuracy, 1 / num_images)  # one that reads them all would misread some others
    return z * math.sqrt(2 * accuracy * wrong / num_images)


def difference_interval(
    first_correct: int, first_images: int, second_correct: int, second_images: int
) -> tuple[float, float]:
    """Newcombe's 95 % interval of the second share minus the first, counted on different images: from Wilson's of each.

    Raises:
        ConfigError: as wilson_interval.
    Source: R. G. Newcombe, Interval estimation for the difference between independent proportions, method 10,
        Statistics in Medicine 17, 1998.
    """
    first, second = first_correct / max(first_images, 1), second_correct / max(second_images, 1)
    first_low, first_high = wilson_interval(first_correct, first_images)
    second_low, second_high = wilson_interval(second_correct, second_images)
    difference = second - first
    low = difference - math.hypot(second - second_low, first_high - first)
    return low, difference + math.hypot(second_high - second, first - first_low)

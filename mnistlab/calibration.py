"""Does a network know when it does not know? Its confidence against how often it is right."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mnistlab.evaluation import Evaluation

# Answers: with fewer, the normal approximation in `overconfidence` is not valid, by the usual rule of thumb for a mean,
# and ten parts hold fewer than three answers each.
FEWEST = 30
_IMAGINED = 200  # simulated networks that are right exactly as often as they are sure
_NUM_BINS = 10
_NOISE = 1.96  # standard errors: a difference that is smaller may well be luck, by the usual 95 %


@dataclass(frozen=True)
class Bin:
    """All answers with a confidence above `low` and up to `high`.

    `confidence` is their mean confidence and `accuracy` the share of them that is right, both 0 to 1.
    """

    low: float
    high: float
    num_images: int
    num_correct: int
    confidence: float

    @property
    def accuracy(self) -> float:
        return self.num_correct / self.num_images


def reliability(evaluation: Evaluation) -> list[Bin]:
    """Sort the answers by confidence into ten equal parts of 0 to 1; parts without an answer are left out."""
    confidence = evaluation.confidence.astype(np.float64)
    parts = _parts(confidence)
    found = []
    for part in np.unique(parts):
        inside = parts == part
        mean, correct = float(confidence[inside].mean()), int(evaluation.correct[inside].sum())
        found.append(Bin(part / _NUM_BINS, (part + 1) / _NUM_BINS, int(inside.sum()), correct, mean))
    return found


def overconfidence(evaluation: Evaluation) -> tuple[float, float]:
    """By how much the network's confidence exceeds its accuracy, and how much of that may well be luck.

    Returns:
        Mean confidence minus accuracy, -1 to 1, and the half width of its 95 % interval. Both are computed answer by
        answer, because a wrong answer that was unsure says less against a network than one that was sure. For fewer
        than `FEWEST` answers the half width is meaningless.
    """
    differences = evaluation.confidence.astype(np.float64) - evaluation.correct
    error = differences.std(ddof=1) / np.sqrt(len(differences)) if len(differences) > 1 else 1.0
    return float(differences.mean()), float(_NOISE * error)


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error: how far confidence and accuracy are apart, averaged over all answers, 0 to 1.

    Source: C. Guo et al., On calibration of modern neural networks, ICML 2017, equation 5.
    """
    num_images = sum(part.num_images for part in bins)
    return sum(part.num_images * abs(part.accuracy - part.confidence) for part in bins) / num_images


def luck_of_calibration(evaluation: Evaluation) -> float:
    """The calibration error that a perfectly calibrated network with these confidences shows on average.

    A limited number of answers is never right exactly as often as expected, so an error of this size says nothing
    against a network.
    """
    confidence = evaluation.confidence.astype(np.float64)
    parts = _parts(confidence)
    generator = np.random.default_rng(0)
    errors = np.zeros(_IMAGINED)
    for part in np.unique(parts):
        inside = confidence[parts == part]
        right = generator.random((_IMAGINED, len(inside))) < inside
        errors += np.abs(right.sum(1) - inside.sum()) / len(confidence)
    return float(errors.mean())


def _parts(confidence: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The part (low, high] that each belongs to; rounding may lift a probability a little above 1."""
    parts: npt.NDArray[np.int64] = np.ceil(confidence * _NUM_BINS).astype(np.int64) - 1
    return parts.clip(0, _NUM_BINS - 1)

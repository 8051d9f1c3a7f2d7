"""Recall and precision of each digit: the share of its images read as it, and of images read as it that are it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class DigitScore:
    """Counts of one digit: images of it, images read as it, and images of it that were read as it."""

    digit: int
    num_images: int
    num_predicted: int
    num_correct: int

    @property
    def recall(self) -> float | None:
        """Of all images of this digit, the share that was read as it: its accuracy. None if there is no image."""
        return self.num_correct / self.num_images if self.num_images else None

    @property
    def precision(self) -> float | None:
        """Of all images read as this digit, the share that is this digit. None if none was read as it."""
        return self.num_correct / self.num_predicted if self.num_predicted else None


def digit_scores(confusion: npt.NDArray[np.int64]) -> list[DigitScore]:
    """The scores of the ten digits, from `confusion[true, predicted]` (10, 10)."""
    counts = zip(confusion.sum(axis=1), confusion.sum(axis=0), confusion.diagonal(), strict=True)
    return [DigitScore(digit, *(int(count) for count in three)) for digit, three in enumerate(counts)]

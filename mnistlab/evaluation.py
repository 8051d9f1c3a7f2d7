"""What a network gets right and wrong on a split: figures only, nothing is drawn."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from mnistlab.data import IMAGE_SIDE, NUM_CLASSES, Split
from mnistlab.errors import DataError, ModelError
from mnistlab.figures import percent
from mnistlab.models import in_batches, in_eval_mode


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A network's answers on one split.

    `probabilities` (N, 10) float32 and `labels` (N,) int64; `loss` is the mean cross-entropy in nats.
    """

    split: str
    loss: float
    probabilities: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    @cached_property
    def predictions(self) -> npt.NDArray[np.int64]:
        """(N,): the most probable digit of each image."""
        predictions: npt.NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return predictions

    @cached_property
    def correct(self) -> npt.NDArray[np.bool_]:
        """(N,): whether the prediction is the label."""
        correct: npt.NDArray[np.bool_] = self.predictions == self.labels
        return correct

    @cached_property
    def confidence(self) -> npt.NDArray[np.float32]:
        """(N,): the probability given to the predicted digit, 0 to 1."""
        confidence: npt.NDArray[np.float32] = self.probabilities.max(axis=1)
        return confidence

    @cached_property
    def mistakes(self) -> npt.NDArray[np.int64]:
        """(K,): the images that were misread, the most confident mistakes first."""
        wrong = np.flatnonzero(~self.correct)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")]

    @property
    def accuracy(self) -> float:
        """Share of images read correctly, 0 to 1."""
        return float(self.correct.mean())

    @cached_property
    def confusion(self) -> npt.NDArray[np.int64]:
        """(10, 10): `confusion[true, predicted]` counts images."""
        cells = self.labels * NUM_CLASSES + self.predictions
        return np.bincount(cells, minlength=NUM_CLASSES**2).reshape(NUM_CLASSES, NUM_CLASSES)

    @property
    def per_digit(self) -> list[tuple[int, int]]:
        """For each digit: (read correctly, how many there are). Counted by the true digit."""
        return [(int(row[digit]), int(row.sum())) for digit, row in enumerate(self.confusion)]


def evaluate(model: nn.Module, split: Split) -> Evaluation:
    """Read every image of a split once, on the device the model is on, with dropout off.

    Args:
        model: pixels (N, 28, 28) float32 in [0, 1] -> logits (N, 10).
        split: at least one image.

    Raises:
        ModelError: it is no such network.
        DataError: it is no split, or one without images.
    """
    if not isinstance(split, Split) or len(split) == 0:
        given = "a split without images" if isinstance(split, Split) else f"a {type(split).__name__}"
        raise DataError(f"evaluate needs a Split with images, as dataset.test is one; got {given}.")
    device = _check_network(model)
    return evaluate_tensors(
        model, torch.tensor(split.images, device=device), torch.tensor(split.labels, device=device), split.name
    )


@torch.inference_mode()
def evaluate_tensors(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, split_name: str) -> Evaluation:
    """Read images (N, 28, 28) uint8 with labels (N,), all on the model's device already, with dropout off."""
    with in_eval_mode(model):
        logits = in_batches(lambda batch: model(batch.float() / 255), images)
    loss = F.cross_entropy(logits, labels)
    return Evaluation(split_name, loss.item(), logits.softmax(1).cpu().numpy(), labels.cpu().numpy())


@torch.inference_mode()
def _check_network(model: object) -> torch.device:
    """Let a network that may be anybody's read two black pictures; return the device that it is on.

    Raises:
        ModelError: it is no network from pixels (N, 28, 28) to logits (N, 10).
    """
    if not isinstance(model, nn.Module):
        raise ModelError(
            f"A network is a torch.nn.Module, as load_predictor().model is one; got a {type(model).__name__}."
        )
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    try:
        with in_eval_mode(model):
            logits = model(torch.zeros(2, IMAGE_SIDE, IMAGE_SIDE, device=device))
    except (RuntimeError, ValueError) as error:  # ValueError: of a BatchNorm2d that gets no channels
        raise ModelError(
            f"The network cannot read pictures (N, 28, 28): {error}. Begin one that takes rows of pixels with "
            "nn.Flatten(), and one that takes a channel with nn.Unflatten(1, (1, 28))."
        ) from error
    if not isinstance(logits, torch.Tensor) or logits.shape != (2, NUM_CLASSES):
        given = f"shape {tuple(logits.shape)}" if isinstance(logits, torch.Tensor) else f"a {type(logits).__name__}"
        raise ModelError(
            f"A network answers N pictures with logits (N, 10), a column for each digit; of 2 it made {given}."
        )
    return device


def digit_line(digit: int, num_correct: int, num_images: int) -> str:
    """The tutorial's line for one digit, rounded instead of truncated: "3: 97.8 % (988/1010)"."""
    if num_images == 0:
        return f"{digit}: none in this split"
    return f"{digit}: {percent(num_correct / num_images, 1)} ({num_correct}/{num_images})"

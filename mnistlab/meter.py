"""Losses and hits of a training, kept on the device and fetched in bulk, so that no step waits for a transfer."""

import math
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mnistlab.errors import DivergedError
from mnistlab.events import EpochEnded, Probes, StepsTaken

# A report is due at the latest after this many steps, or this many images, whose logits take 40 bytes each.
CAPACITY, MAX_IMAGES = 10_000, 500_000
# The first report comes after this share of the usual interval, which then doubles up to its full length, so that
# viewers see a curve begin at once.
_FIRST_SHARE = 1 / 8


@dataclass
class Tally:
    """Totals of what was reported so far, over the run and over its current epoch; part of a checkpoint."""

    step: int = 0
    num_images: int = 0
    epoch_loss: float = 0  # sum over the epoch's steps
    epoch_hits: int = 0
    epoch_steps: int = 0
    epoch_images: int = 0
    epoch_is_told: bool = False  # at the end of an epoch: whether EpochEnded was sent

    def begin_epoch(self) -> None:
        """Reset the sums for the next epoch."""
        self.epoch_loss = 0
        self.epoch_hits = self.epoch_steps = self.epoch_images = 0
        self.epoch_is_told = True

    def images_per_second(self, seconds: float) -> float:
        """Training images a second, where `seconds` were spent in the training loop over the whole run."""
        return self.num_images / seconds if seconds > 0 else 0.0


class Meter:
    """Collects a training's figures step by step and turns them into events."""

    def __init__(self, tally: Tally, steps_per_epoch: int, report_every: float) -> None:
        self._tally = tally
        self._steps_per_epoch = steps_per_epoch
        self._report_every = report_every
        self._next_report = report_every * _FIRST_SHARE  # seconds after the last one
        # Of the steps not reported yet: keeping a tensor costs a step nothing, computing with it 8 microseconds.
        self._losses: list[torch.Tensor] = []
        self._logits: list[torch.Tensor] = []
        self._labels: list[torch.Tensor] = []
        self._images_waiting = 0
        self._last_report: float | None = None  # before the first report, the time of the first step

    @property
    def step(self) -> int:
        """Steps taken, whether reported or not."""
        return self._tally.step + len(self._losses)

    def add(self, loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Note one step: loss () and logits (B, 10) as they were before it, labels (B,)."""
        if self._last_report is None:
            self._last_report = time.perf_counter()
        self._losses.append(loss)
        self._logits.append(logits)
        self._labels.append(labels)
        self._images_waiting += len(labels)

    def is_due(self) -> bool:
        """Whether it is time to report."""
        if self._last_report is None:
            return False
        is_full = len(self._losses) >= CAPACITY or self._images_waiting >= MAX_IMAGES
        return is_full or time.perf_counter() - self._last_report >= self._next_report

    def has_news(self) -> bool:
        """Whether steps were taken since the last report."""
        return len(self._losses) > 0

    def report(
        self, learning_rate: float, seconds: float, probes: Probes | None = None, highest_rate: float | None = None
    ) -> StepsTaken:
        """Fetch what was collected.

        Args:
            learning_rate: of the last step.
            seconds: spent in the training loop so far.
            highest_rate: the rate to blame if a loss is not a number; by default the last step's.

        Raises:
            DivergedError: a loss is infinite or not a number; with the report of the steps before it, if any.
        """
        losses, hits, num_images = self._fetch()
        num_fine = int(np.isfinite(losses).cumprod().sum())
        if num_fine == len(losses):
            return self._report(losses, hits, num_images, learning_rate, seconds, probes)
        blamed = learning_rate if highest_rate is None else highest_rate
        error = _diverged("The loss is no longer a number", self._tally.step + 1 + num_fine, blamed)
        if num_fine > 0:
            self._keep_first(num_fine)
            error.last = self._report(*self._fetch(), learning_rate, seconds)
        raise error

    def _keep_first(self, num_steps: int) -> None:
        """Forget all that was collected after so many steps."""
        for collected in (self._losses, self._logits, self._labels):
            del collected[num_steps:]
        self._images_waiting = sum(len(labels) for labels in self._labels)

    def _report(
        self,
        losses: npt.NDArray[np.float32],
        hits: int,
        num_images: int,
        learning_rate: float,
        seconds: float,
        probes: Probes | None = None,
    ) -> StepsTaken:
        tally = self._tally
        first_step = tally.step + 1
        tally.step += len(losses)
        tally.num_images += num_images
        tally.epoch_loss += float(losses.sum(dtype=np.float64))
        tally.epoch_hits += hits
        tally.epoch_steps += len(losses)
        tally.epoch_images += num_images
        tally.epoch_is_told = False
        self._losses, self._logits, self._labels = [], [], []
        self._images_waiting = 0
        self._last_report = time.perf_counter()
        self._next_report = min(2 * self._next_report, self._report_every)
        epoch = tally.step / self._steps_per_epoch
        rate = tally.images_per_second(seconds)
        accuracy = hits / num_images
        return StepsTaken(first_step, tally.step, epoch, losses, accuracy, learning_rate, rate, seconds, probes)

    def _fetch(self) -> tuple[npt.NDArray[np.float32], int, int]:
        """What was collected: losses (steps,), how many images were read correctly, and how many there were."""
        losses = torch.stack(self._losses).cpu().numpy()
        hits = int((torch.cat(self._logits).argmax(1) == torch.cat(self._labels)).sum())
        return losses, hits, self._images_waiting

    def epoch_ended(
        self, epoch: int, seconds: float, validation_loss: float | None, validation_accuracy: float | None
    ) -> EpochEnded:
        """Sum up the epoch and begin the next."""
        tally = self._tally
        trained = tally.epoch_images > 0
        event = EpochEnded(
            epoch=epoch,
            step=tally.step,
            train_loss=tally.epoch_loss / tally.epoch_steps if trained else None,
            train_accuracy=tally.epoch_hits / tally.epoch_images if trained else None,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            images_per_second=tally.images_per_second(seconds),
            seconds=seconds,
        )
        tally.begin_epoch()
        return event


def check_weights(model: nn.Module, step: int, learning_rate: float) -> None:
    """Check the weights after the last step, whose effect no loss has shown yet.

    Raises:
        DivergedError: a weight is infinite or not a number.
    """
    if not all(bool(parameter.isfinite().all()) for parameter in model.parameters()):
        raise _diverged("The weights are no longer numbers", step, learning_rate)


def check_reading(loss: float, images: str, step: int, learning_rate: float) -> None:
    """Check the loss on these images, which may overflow although all weights are finite.

    Raises:
        DivergedError: its mean loss is infinite or not a number.
    """
    if not math.isfinite(loss):
        raise _diverged(f"The loss of the {images} images is no longer a number", step, learning_rate)


def _diverged(what: str, step: int, learning_rate: float) -> DivergedError:
    rate = float(f"{learning_rate:.3g}")  # a schedule's has many digits
    return DivergedError(
        f"{what} since step {step:,}: the steps were too large (learning rate {rate:g}). Try a learning rate of "
        f"{float(f'{rate / 10:.3g}'):g} or less."
    )

"""One process's share of each batch, and how its gradients and figures become those of the whole batch.

No communication happens here but through `add_up(tensor)`, provided by `parallel`, which sums a tensor over all
processes in place.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from mnistlab.batches import Batches
from mnistlab.meter import CAPACITY, MAX_IMAGES, Meter

# The number of steps between reports may grow by this factor at a time, because the first steps are slow.
_GROWTH = 4


class Shares:
    """This process's share of each batch: the `rank`-th of `size` pieces."""

    def __init__(self, rank: int, size: int, add_up: Callable[[torch.Tensor], None]) -> None:
        self.rank = rank
        self.size = size
        self.add_up = add_up
        self.weight = 0.0  # this process's share of the current batch's images, 0 to 1

    def of(self, images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cut this process's piece out of a batch; if there is none, one image that counts with weight 0."""
        num_images = len(labels)
        start, stop = (num_images * rank // self.size for rank in (self.rank, self.rank + 1))
        self.weight = (stop - start) / num_images
        start, stop = (start, stop) if stop > start else (0, 1)
        return images[start:stop], labels[start:stop]

    def add_up_gradients(self, optimizer: torch.optim.Optimizer, _args: Any, _kwargs: Any) -> None:
        """Before a step: turn the gradients of this share's mean loss into those of the whole batch's mean loss."""
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients]).mul_(self.weight)
        self.add_up(flat)
        for gradient, piece in zip(gradients, flat.split([each.numel() for each in gradients]), strict=True):
            gradient.copy_(piece.view(gradient.shape))


class SharingBatches(Batches):
    """This process's share of each batch of every epoch.

    Each process gathers and warps whole batches, so that all images are those that a single process would see.
    """

    def __init__(self, shares: Shares, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._shares = shares

    def of_epoch(self, epoch: int, first_batch: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (images (B / size, 28, 28), labels (B / size,)) as `Batches` yields whole batches."""
        for images, labels in super().of_epoch(epoch, first_batch):
            yield self._shares.of(images, labels)


class SharingMeter(Meter):
    """Collects figures of this process's shares and reports those of whole batches: the same in each process.

    All report after the same step. The first process decides by its clock which one is next; until then none waits.
    """

    def __init__(self, shares: Shares, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._shares = shares
        self._steps_to_report = 1

    def add(self, loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Note one step, its loss weighted by this process's share of the batch."""
        num_own = len(labels) if self._shares.weight > 0 else 0
        super().add(loss * self._shares.weight, logits[:num_own], labels[:num_own])

    def is_due(self) -> bool:
        """Whether this is the step after which all report."""
        return len(self._losses) >= self._steps_to_report

    def _fetch(self) -> tuple[npt.NDArray[np.float32], int, int]:
        losses, hits, num_images = super()._fetch()
        decided = self._next_report_after(num_images) if self._shares.rank == 0 else 0
        all_together = torch.tensor([*losses.tolist(), hits, num_images, decided], dtype=torch.float64)
        self._shares.add_up(all_together)
        *summed, hits, num_images, decided = all_together.tolist()
        self._steps_to_report = int(decided)
        return np.array(summed, np.float32), int(hits), int(num_images)

    def _next_report_after(self, num_images: int) -> int:
        """How many steps fill the time between two reports, at the pace since the last one."""
        assert self._last_report is not None
        seconds = time.perf_counter() - self._last_report
        in_time = int(len(self._losses) * self._report_every / seconds)
        in_memory = min(CAPACITY, MAX_IMAGES * len(self._losses) // max(1, num_images))
        return max(1, min(in_time, _GROWTH * self._steps_to_report, in_memory))

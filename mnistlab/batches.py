"""An epoch as batches on the device: order, augmentation, slicing.

The images lie on the device as uint8 and are gathered, converted and warped in chunks of several batches, so that
a step costs one slice. All randomness is a function of (seed, epoch, chunk): training can resume at any step.
"""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from mnistlab.augment import augment
from mnistlab.config import RunConfig
from mnistlab.data import CHUNK_IMAGES, Split

# The purposes of random numbers, so that no two of them share a seed.
_ORDER, _WARP, _WARP_ONCE = range(3)


class Batches:
    """The batches of every epoch of one run, made of all images of a split or of those at `rows` (K,).

    Attributes:
        images_per_epoch: how many images an epoch shows (twice the data set where it is doubled).
        steps_per_epoch: how many batches that makes; the last may be smaller.
    """

    def __init__(
        self, config: RunConfig, split: Split, device: torch.device, rows: npt.NDArray[np.int64] | None = None
    ) -> None:
        self._config = config
        self._device = device
        self._images = shared_tensor(split.images, device)
        self._labels = shared_tensor(split.labels, device)
        # Indices of the training images. `_images` holds the others too: a copy without them would take 43 MB.
        self._rows = shared_tensor(np.arange(len(split)) if rows is None else rows, device)
        self.images_per_epoch = len(self._rows) * config.augment.copies
        if config.augment.effective_use == "once":
            self._append_warped()
        batch_size = config.train.batch_size
        self.steps_per_epoch = -(-self.images_per_epoch // batch_size)
        if self.images_per_epoch % batch_size == 1 and self.steps_per_epoch > 1:
            self.steps_per_epoch -= 1  # batch norm could not normalise over a last batch of a single image
        self._steps_per_chunk = max(1, CHUNK_IMAGES // batch_size)

    def of_epoch(self, epoch: int, first_batch: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (images (B, 28, 28) float32 in [0, 1], labels (B,) int64) of epoch 0, 1, ... from `first_batch` on."""
        batch_size = self._config.train.batch_size
        order = self._order(epoch)
        chunk = first_batch // self._steps_per_chunk
        skip = first_batch % self._steps_per_chunk
        for start in range(chunk * self._steps_per_chunk, self.steps_per_epoch, self._steps_per_chunk):
            stop = min(start + self._steps_per_chunk, self.steps_per_epoch)
            images, labels = self._gather(order[start * batch_size : stop * batch_size], epoch, start)
            yield from list(zip(images.split(batch_size), labels.split(batch_size), strict=True))[skip:]
            skip = 0

    def _order(self, epoch: int) -> torch.Tensor:
        if not self._config.train.shuffle:
            return torch.arange(self.images_per_epoch, device=self._device)
        generator = self._generator(_ORDER, epoch)
        return torch.randperm(self.images_per_epoch, generator=generator, device=self._device)

    def _gather(self, indices: torch.Tensor, epoch: int, start: int) -> tuple[torch.Tensor, torch.Tensor]:
        num_images = len(self._rows)
        originals = self._rows[indices % num_images]
        images = self._images[originals].float().div_(255)
        labels = self._labels[originals]
        use = self._config.augment.effective_use
        if use == "replace":
            images = augment(images, self._config.augment, self._generator(_WARP, epoch, start))
        elif use == "double":
            images = self._warp_first_copy(images, indices < num_images, epoch, start)
        return images, labels

    def _warp_first_copy(self, images: torch.Tensor, is_first: torch.Tensor, epoch: int, start: int) -> torch.Tensor:
        """Warp the first copy of each image of a doubled epoch and leave the second as it is."""
        in_file_order = not self._config.train.shuffle
        first_image = start * self._config.train.batch_size
        if in_file_order and first_image >= len(self._rows):
            return images
        warped = augment(images, self._config.augment, self._generator(_WARP, epoch, start))
        if in_file_order and first_image + len(images) <= len(self._rows):
            return warped
        return torch.where(is_first[:, None, None], warped, images)

    def _append_warped(self) -> None:
        """Warp each image once and append the result: what the Keras variant does before training."""
        generator = self._generator(_WARP_ONCE)
        num_images, labels = len(self._rows), self._labels[self._rows]
        # Filled in place: joining parts would hold all pictures twice for a moment, 90 MB more.
        images = torch.empty(2 * num_images, *self._images.shape[1:], dtype=torch.uint8, device=self._device)
        torch.index_select(self._images, 0, self._rows, out=images[:num_images])
        originals, copies = (half.split(CHUNK_IMAGES) for half in images.split(num_images))
        for chunk, copy in zip(originals, copies, strict=True):
            copy.copy_((augment(chunk.float() / 255, self._config.augment, generator) * 255).round())
        self._images, self._labels = images, torch.cat([labels, labels])
        self._rows = torch.arange(len(self._labels), device=self._device)

    def _generator(self, *purpose: int) -> torch.Generator:
        seed = np.random.SeedSequence([self._config.train.seed, *purpose]).generate_state(1, np.uint64)[0]
        return torch.Generator(self._device).manual_seed(int(seed >> np.uint64(1)))


def shared_tensor(array: npt.NDArray[Any], device: torch.device) -> torch.Tensor:
    """The array as a tensor on the device; on a CPU not copied (47 MB of images), since nothing here writes to it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch warns that a split's arrays must not be written to
        return torch.from_numpy(array).to(device)

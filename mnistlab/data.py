"""Data sets as arrays: the bundled MNIST, and torchvision's others on request.

    dataset = load_dataset()
    dataset.train.images        # (55000, 28, 28) uint8, 0 is background and 255 is ink
    dataset.validation.labels   # (5000,) int64
    dataset.hold_out(0).train   # all 60,000, in file order

Arrays are read-only, so that they can be shared. Batching, augmentation and devices belong to batches.py, augment.py
and device.py.
"""

import struct
from dataclasses import dataclass
from functools import cached_property
from mmap import mmap
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt

from mnistlab.config import DatasetName
from mnistlab.errors import DataError
from mnistlab.paths import BUNDLED_MNIST
from mnistlab.unpacking import unpack

NUM_CLASSES = 10
IMAGE_SIDE = 28
HOLD_OUT_SIZE = 5000
# One hold-out for all runs: a run that is extended or compared must never train on images it was once validated on.
HOLD_OUT_SEED = 20260101
# Images gathered and warped at a time in training. Large enough for the overhead to vanish, small enough for the cache
# (6 MB of float32). The order of the random numbers depends on it.
CHUNK_IMAGES = 2000

DATASET_TITLES: dict[DatasetName, str] = {
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "kmnist": "KMNIST",
    "emnist-digits": "EMNIST digits",
    "qmnist": "QMNIST",
}

# SHA-256 of the unpacked files; source: mnist/SOURCE.md.
_CHECKSUMS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@dataclass(frozen=True, eq=False)
class Split:
    """One part of a data set: `images` (N, 28, 28) uint8 and `labels` (N,) int64 from 0 to 9.

    Both arrays become read-only.

    Raises:
        DataError: they are something else, or not equally many.
    """

    name: str
    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        _check_images(self.images)
        _check_labels(self.labels, len(self.images))
        self.images.setflags(write=False)
        self.labels.setflags(write=False)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: npt.NDArray[np.int64], name: str) -> "Split":
        """The images at `indices` (K,), copied, as a split of another name."""
        return Split(name, self.images[indices], self.labels[indices])


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named data set; `source` is everything there is to learn from, in file order."""

    name: DatasetName
    source: Split
    test: Split
    validation_size: int = HOLD_OUT_SIZE

    def __post_init__(self) -> None:
        is_whole = isinstance(self.validation_size, int | np.integer)
        if not (is_whole and 0 <= self.validation_size < len(self.source)):
            raise DataError(
                f"{self.validation_size} validation images were asked for; "
                f"choose 0 to {len(self.source) - 1} of the {len(self.source)} images in {self.name}."
            )

    @cached_property
    def _shuffled(self) -> npt.NDArray[np.int64]:
        return np.random.default_rng(HOLD_OUT_SEED).permutation(len(self.source))

    @cached_property
    def _held_out(self) -> npt.NDArray[np.int64]:
        return np.sort(self._shuffled[: self.validation_size])

    @cached_property
    def _learned_from(self) -> npt.NDArray[np.int64]:
        return np.setdiff1d(np.arange(len(self.source)), self._held_out, assume_unique=True)

    @cached_property
    def train(self) -> Split:
        """The training images: the source without the held-out images, in file order."""
        if self.validation_size == 0:
            return Split("train", self.source.images, self.source.labels)
        return self.source.take(self.source_indices("train"), "train")

    @property
    def num_train(self) -> int:
        """How many images there are to learn from."""
        return len(self.source) - self.validation_size

    def train_of(self, train_size: int) -> Split:
        """A subset of `train_size` training images in file order, or all for 0; larger subsets contain smaller ones.

        Raises:
            DataError: there are not that many.
        """
        if train_size == 0:
            return self.train
        return self.source.take(self.train_indices(train_size), "train")

    def train_indices(self, train_size: int) -> npt.NDArray[np.int64]:
        """(K,): the source indices of the images in `train_of(train_size)`.

        Raises:
            DataError: there are not that many.
        """
        if train_size == 0:
            return self.source_indices("train")
        if not 0 < train_size <= self.num_train:
            raise DataError(
                f"train_size {train_size:,} was asked for; {self.name} has {self.num_train:,} images to learn from "
                f"besides the {self.validation_size:,} held out. Choose 1 to {self.num_train:,}, or 0 for all."
            )
        return np.sort(self._shuffled[self.validation_size : self.validation_size + train_size])

    @cached_property
    def validation(self) -> Split:
        """The held-out images: the same ones for the same size, on every machine."""
        return self.source.take(self._held_out, "validation")

    def source_indices(self, name: str) -> npt.NDArray[np.int64]:
        """(N,): the source indices of the train or validation images; an image keeps its own at any hold-out size.

        Raises:
            DataError: the split is neither of the two.
        """
        if name == "validation":
            return self._held_out
        if name == "train":
            return self._learned_from
        raise DataError(f"The split {name!r} is not a part of what is learned from. Choose train or validation.")

    def hold_out(self, validation_size: int) -> "Dataset":
        """The same data with another number of images held out for validation.

        Raises:
            DataError: the number is negative or leaves nothing to learn from.
        """
        if validation_size == self.validation_size:
            return self
        return Dataset(self.name, self.source, self.test, validation_size)

    def split(self, name: str) -> Split:
        """The split called train, validation or test.

        Raises:
            DataError: no split has this name.
        """
        if name not in ("train", "validation", "test"):
            raise DataError(f"There is no split {name!r}. Choose train, validation or test.")
        split: Split = getattr(self, name)
        return split


def load_dataset(name: str = "mnist", folder: str | Path | None = None) -> Dataset:
    """Load a data set; MNIST comes with the project, the others through torchvision's downloader.

    Args:
        name: one of mnist, fashion-mnist, kmnist, emnist-digits, qmnist.
        folder: where MNIST's four IDX files lie (default: the bundled ones), or where the others are kept.

    Raises:
        DataError: the name is unknown, a file is missing or damaged, or a download failed.
    """
    if name == "mnist":
        return _load_mnist(BUNDLED_MNIST if folder is None else Path(folder))
    for known in get_args(DatasetName):
        if name == known:
            from mnistlab.downloads import load_downloaded  # torchvision takes 1.4 s to import

            source, test = load_downloaded(known, None if folder is None else Path(folder))
            return Dataset(known, source, test)
    raise DataError(f"There is no data set {name!r}. Choose one of: {', '.join(get_args(DatasetName))}.")


def _check_images(images: npt.NDArray[np.uint8]) -> None:
    is_right = isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.ndim == 3
    if not (is_right and images.shape[1:] == (IMAGE_SIDE, IMAGE_SIDE)):
        raise DataError(
            f"The images of a split are an array (N, 28, 28) of uint8, 0 for background to 255 for ink; got "
            f"{_said(images)}. Of pixels in [0, 1], (255 * images).round().astype(np.uint8) makes one."
        )


def _check_labels(labels: npt.NDArray[np.int64], num_images: int) -> None:
    if not (isinstance(labels, np.ndarray) and labels.dtype == np.int64 and labels.shape == (num_images,)):
        raise DataError(
            f"The labels of {num_images:,} images are an array ({num_images},) of int64; got {_said(labels)}. "
            "np.asarray(labels, np.int64) makes one."
        )
    if num_images and not (labels.min() >= 0 and labels.max() < NUM_CLASSES):
        raise DataError(f"Labels are 0 to {NUM_CLASSES - 1}; got {labels.min()} to {labels.max()}.")


def _said(given: object) -> str:
    return f"shape {given.shape} of {given.dtype}" if isinstance(given, np.ndarray) else f"a {type(given).__name__}"


def _load_mnist(folder: Path) -> Dataset:
    source = Split("source", _read(folder, "train-images-idx3-ubyte"), _read_labels(folder, "train-labels-idx1-ubyte"))
    test = Split("test", _read(folder, "t10k-images-idx3-ubyte"), _read_labels(folder, "t10k-labels-idx1-ubyte"))
    return Dataset("mnist", source, test)


def _read_labels(folder: Path, name: str) -> npt.NDArray[np.int64]:
    return _read(folder, name).astype(np.int64)


def _read(folder: Path, name: str) -> npt.NDArray[np.uint8]:
    return parse_idx(unpack(folder / f"{name}.gz", _CHECKSUMS[name]))


def parse_idx(content: bytes | mmap) -> npt.NDArray[np.uint8]:
    """Parse an IDX file of unsigned bytes into an array of the shape its header gives.

    Raises:
        DataError: the header is not that of an IDX file of bytes, or the length does not fit it.
    Source: the IDX format as described with MNIST: two zero bytes, type 8, number of dimensions, sizes.
    """
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise DataError(f"Not an IDX file of bytes: it starts with {content[:4]!r}, expected 00 00 08 and a rank.")
    rank = content[3]
    start = 4 + 4 * rank
    if len(content) < start:
        raise DataError(f"An IDX file of {len(content)} bytes ends inside its header of {start} bytes.")
    shape = struct.unpack(f">{rank}I", content[4:start])
    if len(content) - start != int(np.prod(shape)):
        raise DataError(f"An IDX file announces {shape} values but holds {len(content) - start} bytes.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def batch_indices(
    num_images: int, batch_size: int, batch: int, shuffle_seed: int | None = None
) -> npt.NDArray[np.int64]:
    """Which images make up a batch of one pass over the data.

    Args:
        num_images: how many there are.
        batch_size: images per batch; the last batch of the pass may have fewer.
        batch: 0, 1, ...
        shuffle_seed: None for file order, as in the tutorial; else the seed of the shuffle.

    Returns:
        (B,) int64 indices into the split; empty past the last batch.
    """
    if shuffle_seed is None:
        order = np.arange(num_images)
    else:
        order = np.random.default_rng(shuffle_seed).permutation(num_images)
    return order[batch * batch_size : (batch + 1) * batch_size]


def class_counts(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(10,): how many images there are of each class."""
    return np.bincount(labels, minlength=NUM_CLASSES)

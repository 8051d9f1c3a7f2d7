"""The data sets that torchvision fetches on request; MNIST itself never needs this file.

download("kmnist", progress=print)    # megabytes so far, twice a second
load_downloaded("kmnist")
"""

import contextlib
import io
import threading
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mnistlab.config import DatasetName
from mnistlab.data import DATASET_TITLES, Split
from mnistlab.errors import DataError
from mnistlab.paths import lab_folder, lab_place

# What is fetched, in MB, rounded; source: the sizes of the published archives.
DOWNLOAD_MB: dict[DatasetName, int] = {"fashion-mnist": 31, "kmnist": 21, "emnist-digits": 562, "qmnist": 40}
# What torchvision raises without a network, and on an incomplete file, where its checks are asserts and look-ups.
_FETCH_ERRORS = (OSError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error)
_READ_ERRORS = (ValueError, TypeError, LookupError, AssertionError)
# Where torchvision keeps each of them.
_FOLDERS = {"fashion-mnist": "FashionMNIST", "kmnist": "KMNIST", "emnist-digits": "EMNIST", "qmnist": "QMNIST"}


def load_downloaded(name: DatasetName, folder: Path | None = None) -> tuple[Split, Split]:
    """Fetch the data set if it is not there yet and return (everything to learn from, test).

    Raises:
        DataError: there is no network, or the files are damaged.
    """
    root = folder or lab_folder() / "datasets"
    try:
        # torchvision prints a progress bar per file; the page has one of its own.
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            train, test = (_open(name, root, train=part) for part in (True, False))
        splits = _as_split(name, train, "source"), _as_split(name, test, "test")
        _done_file(name, root).touch()
    except (*_FETCH_ERRORS, *_READ_ERRORS) as error:
        raise DataError(
            f"{DATASET_TITLES[name]} could not be fetched or read ({_first_line(error)}). Connect to the internet and "
            f"try again; if it fails again, first delete the folder {root / _FOLDERS[name]}, which may hold half a "
            "download. MNIST is included and needs no network."
        ) from error
    return splits


def is_downloaded(name: DatasetName, folder: Path | None = None) -> bool:
    """Whether the data set is on this computer: MNIST always is, others once they were fetched completely."""
    return name == "mnist" or _done_file(name, folder or lab_place() / "datasets").exists()


def download(name: DatasetName, progress: Callable[[float], None], folder: Path | None = None) -> None:
    """Fetch a data set, calling `progress` twice a second with the megabytes that have arrived.

    Raises:
        DataError: as load_downloaded.
    """
    root = folder or lab_folder() / "datasets"
    failed: list[DataError] = []
    worker = threading.Thread(target=_collect, args=(name, root, failed), daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(0.5)
        progress(_megabytes(root))
    if failed:
        raise failed[0]


def _done_file(name: DatasetName, root: Path) -> Path:
    """An empty file that marks a complete download: torchvision leaves half of one behind when it fails."""
    return root / f"{name}.complete"


def _collect(name: DatasetName, root: Path, failed: list[DataError]) -> None:
    try:
        load_downloaded(name, root)
    except DataError as error:
        failed.append(error)


def _megabytes(folder: Path) -> float:
    sizes = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # a file may be renamed while we look
            sizes += path.stat().st_size
    return sizes / 1e6


def _open(name: DatasetName, root: Path, *, train: bool) -> Any:
    from torchvision import datasets

    if name == "fashion-mnist":
        return datasets.FashionMNIST(str(root), train=train, download=True)
    if name == "kmnist":
        return datasets.KMNIST(str(root), train=train, download=True)
    if name == "emnist-digits":
        return datasets.EMNIST(str(root), split="digits", train=train, download=True)
    return datasets.QMNIST(str(root), what="train" if train else "test10k", download=True)


def _as_split(name: DatasetName, opened: Any, split_name: str) -> Split:
    images: npt.NDArray[np.uint8] = opened.data.numpy()
    labels = opened.targets.numpy()
    if name == "emnist-digits":
        images = images.transpose(0, 2, 1)  # EMNIST's files hold each picture mirrored along its diagonal
    if name == "qmnist":
        labels = labels[:, 0]  # the other seven columns say who wrote it and where
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images but {len(labels)} labels")
    return Split(split_name, np.ascontiguousarray(images), labels.astype(np.int64))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(":")

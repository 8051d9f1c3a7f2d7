"""The data sets that torchvision reads: their layouts, and what is said without a network or with half a file."""

import sys
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torchvision

from mnistlab.data import load_dataset
from mnistlab.downloads import download, is_downloaded, load_downloaded
from mnistlab.errors import DataError
from tests.idx_files import write_idx
from tests.tiny import numbered

NUM_TRAIN, NUM_TEST = 12, 5
TRAIN, TEST = numbered(NUM_TRAIN), numbered(NUM_TEST, seed=1)


def lay_out(name: str, root: Path) -> None:
    """Write tiny raw files where torchvision keeps those of this data set."""
    if name in ("fashion-mnist", "kmnist"):
        raw = root / {"fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}[name] / "raw"
        files = {"train": "train-{}-idx{}-ubyte", "test": "t10k-{}-idx{}-ubyte"}
    elif name == "emnist-digits":
        raw = root / "EMNIST" / "raw"
        files = {"train": "emnist-digits-train-{}-idx{}-ubyte", "test": "emnist-digits-test-{}-idx{}-ubyte"}
    else:
        raw = root / "QMNIST" / "raw"
        files = {"train": "qmnist-train-{}-idx{}-ubyte", "test": "qmnist-test-{}-idx{}-ubyte"}
    for part, split in (("train", TRAIN), ("test", TEST)):
        images = split.images.transpose(0, 2, 1) if name == "emnist-digits" else split.images
        write_idx(raw / files[part].format("images", 3), images)
        if name == "qmnist":
            # Class, then series, writer, digit's index in the hand, and so on: never the label.
            rows = np.column_stack([split.labels, *(np.full(len(split), 70_000 + column) for column in range(7))])
            write_idx(raw / f"qmnist-{part}-labels-idx2-int", rows, "int32")
        else:
            write_idx(raw / files[part].format("labels", 1), split.labels)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every fetch fail as it does without a network; the addresses that were asked for."""
    asked: list[str] = []

    def fail(url: str, *_: Any, **__: Any) -> None:
        asked.append(url)
        raise URLError("[Errno -3] Temporary failure in name resolution")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", fail)
    return asked


OTHERS = ["fashion-mnist", "kmnist", "emnist-digits", "qmnist"]


@pytest.mark.parametrize("name", OTHERS)
def test_files_on_the_disk_are_read_without_a_network(name: str, tmp_path: Path, no_network: list[str]) -> None:
    lay_out(name, tmp_path)
    source, test = load_downloaded(name, tmp_path)  # type: ignore[arg-type]
    for split, laid_out in ((source, TRAIN), (test, TEST)):
        np.testing.assert_array_equal(split.images, laid_out.images)
        np.testing.assert_array_equal(split.labels, laid_out.labels)
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
    assert (source.name, test.name) == ("source", "test")
    assert no_network == []


def test_load_dataset_names_the_data_set_it_read(tmp_path: Path) -> None:
    root = tmp_path / "datasets"
    raw = root / "KMNIST" / "raw"
    big = numbered(6000)  # more than the 5,000 that are held out
    for part in ("train", "t10k"):
        write_idx(raw / f"{part}-images-idx3-ubyte", big.images)
        write_idx(raw / f"{part}-labels-idx1-ubyte", big.labels)
    dataset = load_dataset("kmnist", root)
    assert (dataset.name, len(dataset.train), len(dataset.validation)) == ("kmnist", 1000, 5000)


@pytest.mark.parametrize("name", OTHERS)
def test_no_network_is_told_in_one_sentence_with_the_cure(name: str, tmp_path: Path, no_network: list[str]) -> None:
    with pytest.raises(DataError, match="Connect to the internet and try again") as caught:
        load_dataset(name, tmp_path)
    assert "\n" not in str(caught.value)
    assert "MNIST is included" in str(caught.value)
    assert len(no_network) > 0
    assert not is_downloaded(name, tmp_path)  # type: ignore[arg-type]


def test_a_complete_download_is_remembered(tmp_path: Path) -> None:
    lay_out("kmnist", tmp_path)
    assert not is_downloaded("kmnist", tmp_path)
    load_downloaded("kmnist", tmp_path)
    assert is_downloaded("kmnist", tmp_path)
    assert not is_downloaded("fashion-mnist", tmp_path)


def test_data_sets_lie_in_the_lab(lab: Path) -> None:
    lay_out("kmnist", lab / "datasets")
    source, _ = load_downloaded("kmnist")
    assert len(source) == NUM_TRAIN
    assert is_downloaded("kmnist")


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("kept", [0, 3, 10, 400])
def test_half_a_file_is_a_data_error_that_says_what_to_delete(name: str, kept: int, tmp_path: Path) -> None:
    """torchvision takes the half that an interrupted download left behind for the whole."""
    lay_out(name, tmp_path)
    path = next(tmp_path.rglob("*train-images*"))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match="delete") as caught:
        load_downloaded(name, tmp_path)  # type: ignore[arg-type]
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_images_without_their_labels_are_a_data_error(tmp_path: Path) -> None:
    lay_out("kmnist", tmp_path)
    write_idx(tmp_path / "KMNIST" / "raw" / "train-labels-idx1-ubyte", TRAIN.labels[:-1])
    with pytest.raises(DataError, match="KMNIST"):
        load_downloaded("kmnist", tmp_path)


def test_torchvision_does_not_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    lay_out("kmnist", tmp_path)
    read = torchvision.datasets.mnist.read_image_file

    def chatty(path: str) -> Any:
        sys.stdout.write("100%|##########|")
        sys.stderr.write("100%|##########|")
        return read(path)

    monkeypatch.setattr("torchvision.datasets.mnist.read_image_file", chatty)
    load_downloaded("kmnist", tmp_path)
    assert capfd.readouterr() == ("", "")


def test_download_tells_its_progress_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(url: str, download_root: str, **_: Any) -> None:
        lay_out("kmnist", tmp_path)

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", fetch)
    arrived: list[float] = []
    download("kmnist", arrived.append, tmp_path)
    on_disk = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) / 1e6
    assert arrived[-1] == pytest.approx(on_disk, abs=0.1)  # folders count a little
    assert is_downloaded("kmnist", tmp_path)


def test_download_without_a_network_raises_in_the_caller(tmp_path: Path, no_network: list[str]) -> None:
    with pytest.raises(DataError, match="Connect to the internet"):
        download("qmnist", lambda megabytes: None, tmp_path)
    assert no_network

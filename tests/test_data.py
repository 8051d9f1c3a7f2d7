"""The bundled MNIST: what it holds, how it is split, and what is said when a file of it is broken."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from mnistlab.data import Dataset, Split, batch_indices, class_counts, load_dataset, parse_idx
from mnistlab.errors import DataError
from mnistlab.paths import BUNDLED_MNIST
from tests.idx_files import idx, repack
from tests.tiny import numbered

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
# Labels of the first held-out images, as the first version of this project drew them.
HELD_OUT_LABELS = [0, 0, 9, 6, 0, 0, 4, 7, 3, 7, 9, 7, 1, 2, 1, 2, 0, 7, 2, 3]


def tiny_noise(num_images: int = 100, validation_size: int = 20) -> Dataset:
    return Dataset("mnist", numbered(num_images), numbered(10, seed=1), validation_size)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of MNIST's four files that a test may break."""
    copy = tmp_path / "mnist"
    copy.mkdir()
    for name in FILES:
        shutil.copy(BUNDLED_MNIST / name, copy / name)
    return copy


def test_mnist_has_55000_5000_and_10000_images(dataset: Dataset) -> None:
    assert [len(split) for split in (dataset.train, dataset.validation, dataset.test)] == [55_000, 5_000, 10_000]
    assert len(dataset.source) == 60_000


@pytest.mark.parametrize("name", ["train", "validation", "test"])
def test_splits_hold_28x28_bytes_and_integer_labels(dataset: Dataset, name: str) -> None:
    split = dataset.split(name)
    assert split.name == name
    assert split.images.shape == (len(split), 28, 28)
    assert split.labels.shape == (len(split),)
    assert split.images.dtype == np.uint8
    assert split.labels.dtype == np.int64


def test_source_begins_as_published(dataset: Dataset) -> None:
    assert dataset.source.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


def test_source_class_counts_are_those_published(dataset: Dataset) -> None:
    # Source: counts of the training labels, as given in many descriptions of MNIST.
    published = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert class_counts(dataset.source.labels).tolist() == published


def test_background_is_0_and_ink_is_255(dataset: Dataset) -> None:
    rim = np.concatenate([dataset.test.images[:, 0].ravel(), dataset.test.images[:, :, 0].ravel()])
    assert rim.mean() < 1
    assert dataset.test.images.max() == 255


@pytest.mark.parametrize("name", ["train", "validation", "test"])
def test_arrays_are_read_only(dataset: Dataset, name: str) -> None:
    split = dataset.split(name)
    with pytest.raises(ValueError, match="read-only"):
        split.images[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        split.labels[0] = 1


def test_held_out_images_are_never_learned_from(tiny_dataset: Dataset) -> None:
    learned = {image.tobytes() for image in tiny_dataset.train.images}
    held_out = {image.tobytes() for image in tiny_dataset.validation.images}
    everything = {image.tobytes() for image in tiny_dataset.source.images}
    assert learned.isdisjoint(held_out)
    assert learned | held_out == everything


def test_images_keep_their_labels_in_both_parts() -> None:
    dataset = tiny_noise()
    source = dataset.source
    label_of = {image.tobytes(): label for image, label in zip(source.images, source.labels, strict=True)}
    for split in (dataset.train, dataset.validation):
        assert [label_of[image.tobytes()] for image in split.images] == split.labels.tolist()


def test_the_same_images_are_held_out_every_time() -> None:
    np.testing.assert_array_equal(tiny_noise().validation.images, tiny_noise().validation.images)


def test_the_hold_out_is_fixed_for_ever(dataset: Dataset) -> None:
    """With another draw, networks of older runs would be judged by images that they have learned from."""
    assert dataset.validation.labels[:20].tolist() == HELD_OUT_LABELS


def test_the_hold_out_is_drawn_not_cut_off() -> None:
    dataset = tiny_noise(1000, 100)
    place = {image.tobytes(): index for index, image in enumerate(dataset.source.images)}
    places = [place[image.tobytes()] for image in dataset.validation.images]
    assert places[0] < 100
    assert places[-1] >= 900


def test_learning_images_keep_the_file_order() -> None:
    dataset = tiny_noise()
    place = {image.tobytes(): index for index, image in enumerate(dataset.source.images)}
    places = [place[image.tobytes()] for image in dataset.train.images]
    assert places == sorted(places)


def test_holding_out_nothing_learns_from_all_in_file_order() -> None:
    dataset = tiny_noise().hold_out(0)
    np.testing.assert_array_equal(dataset.train.images, dataset.source.images)
    np.testing.assert_array_equal(dataset.train.labels, dataset.source.labels)
    assert len(dataset.validation) == 0
    assert dataset.validation.images.shape == (0, 28, 28)


def test_hold_out_leaves_the_original_as_it_was() -> None:
    dataset = tiny_noise()
    assert len(dataset.hold_out(50).validation) == 50
    assert len(dataset.validation) == 20


@pytest.mark.parametrize("size", [-1, 100, 5000])
def test_holding_out_too_many_is_refused(size: int) -> None:
    with pytest.raises(DataError, match=rf"{size} validation images.*choose 0 to 99"):
        tiny_noise().hold_out(size)


def test_unknown_split_is_refused() -> None:
    with pytest.raises(DataError, match=r"'valid'.*train, validation or test"):
        tiny_noise().split("valid")


def test_unknown_data_set_lists_those_there_are() -> None:
    with pytest.raises(DataError, match=r"'mnsit'.*mnist, fashion-mnist, kmnist, emnist-digits, qmnist"):
        load_dataset("mnsit")


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_named_with_the_cure(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing.*git checkout") as caught:
        load_dataset(folder=folder)
    assert str(folder / name) in str(caught.value)


@pytest.mark.parametrize("kept", [0, 5, 1000, -1])
def test_truncated_file_is_named_with_the_cure(folder: Path, kept: int) -> None:
    path = folder / FILES[1]
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte\.gz.*git checkout"):
        load_dataset(folder=folder)


@pytest.mark.parametrize("position", [0, 200, 3000, -6])
def test_flipped_byte_in_the_gzip_is_noticed(folder: Path, position: int) -> None:
    path = folder / FILES[3]
    content = bytearray(path.read_bytes())
    content[position] ^= 0x40
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz.*git checkout"):
        load_dataset(folder=folder)


def test_changed_label_in_a_sound_gzip_is_noticed(folder: Path) -> None:
    path = folder / FILES[3]
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[-1] ^= 1
    repack(path, bytes(content))
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz is damaged.*SHA-256.*git checkout"):
        load_dataset(folder=folder)


def test_wrong_header_in_a_sound_gzip_is_named_with_the_cure(folder: Path) -> None:
    path = folder / FILES[2]
    repack(path, b"\x00\x00\x0d" + gzip.decompress(path.read_bytes())[3:])
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz is damaged.*git checkout"):
        load_dataset(folder=folder)


def test_a_folder_in_place_of_a_file_is_a_data_error(folder: Path) -> None:
    (folder / FILES[0]).unlink()
    (folder / FILES[0]).mkdir()
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz"):
        load_dataset(folder=folder)


def test_idx_values_come_back() -> None:
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    np.testing.assert_array_equal(parse_idx(idx(values)), values)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Not an IDX file"),
        (b"\x00\x00", "Not an IDX file"),
        (b"GIF89a....", "starts with b'GIF8'"),
        (idx(np.zeros(3, np.int32), "int32"), "Not an IDX file of bytes"),
        (b"\x00\x00\x08\x03\x00\x00\x00\x02", "ends inside its header of 16 bytes"),
        (idx(np.zeros((2, 3), np.uint8))[:-1], r"announces \(2, 3\) values but holds 5 bytes"),
        (idx(np.zeros((2, 3), np.uint8)) + b"\x00", r"announces \(2, 3\) values but holds 7 bytes"),
    ],
)
def test_wrong_idx_content_is_told(content: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        parse_idx(content)


def test_take_copies_the_named_images() -> None:
    split = numbered(10)
    taken = split.take(np.array([7, 2]), "some")
    np.testing.assert_array_equal(taken.images, split.images[[7, 2]])
    assert taken.labels.tolist() == [7, 2]
    assert taken.name == "some"


def test_class_counts_has_a_place_for_each_digit() -> None:
    assert class_counts(np.array([3, 3, 0])).tolist() == [1, 0, 0, 2, 0, 0, 0, 0, 0, 0]


def test_batches_in_file_order_follow_each_other() -> None:
    assert [batch_indices(7, 3, batch).tolist() for batch in range(4)] == [[0, 1, 2], [3, 4, 5], [6], []]


def test_shuffled_batches_show_each_image_once() -> None:
    shown = np.concatenate([batch_indices(100, 30, batch, shuffle_seed=4) for batch in range(4)])
    assert shown.tolist() != sorted(shown)
    assert sorted(shown) == list(range(100))


def test_shuffling_is_decided_by_its_seed() -> None:
    first = batch_indices(100, 30, 0, shuffle_seed=4)
    np.testing.assert_array_equal(first, batch_indices(100, 30, 0, shuffle_seed=4))
    assert first.tolist() != batch_indices(100, 30, 0, shuffle_seed=5).tolist()


def test_a_split_freezes_the_arrays_it_is_given() -> None:
    split = Split("any", np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.int64))
    assert not split.images.flags.writeable
    assert not split.labels.flags.writeable


@pytest.mark.parametrize("name", ["train", "validation"])
@pytest.mark.parametrize("size", [0, 100, 5000])
def test_source_indices_lead_back_to_the_same_images(dataset: Dataset, name: str, size: int) -> None:
    held = dataset.hold_out(size)
    split, places = held.split(name), held.source_indices(name)
    assert len(places) == len(split)
    np.testing.assert_array_equal(dataset.source.images[places[:50]], split.images[:50])
    np.testing.assert_array_equal(dataset.source.labels[places], split.labels)


def test_test_images_are_no_part_of_the_source(dataset: Dataset) -> None:
    with pytest.raises(DataError, match="'test' is not a part"):
        dataset.source_indices("test")

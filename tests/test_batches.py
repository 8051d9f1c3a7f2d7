"""Epochs as batches: their order, their warps, and going on from the middle."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from mnistlab import batches as batches_module
from mnistlab.batches import Batches
from mnistlab.data import Split
from tests import tiny
from tests.tiny import numbered

NUM_IMAGES = 50
SPLIT = numbered(NUM_IMAGES)
PIXELS = torch.tensor(SPLIT.images).float() / 255
TURN = {"rotation": 30}
CPU = torch.device("cpu")
Batch = tuple[torch.Tensor, torch.Tensor]


def batches(split: Split = SPLIT, augment: dict[str, Any] | None = None, **train: Any) -> Batches:
    return Batches(tiny.config(augment=augment, **{"batch_size": 8, "shuffle": False} | train), split, CPU)


def joined(epoch: Iterator[Batch]) -> Batch:
    images, labels = zip(*epoch, strict=True)
    return torch.cat(images), torch.cat(labels)


def same(some: list[Batch], others: list[Batch]) -> bool:
    return len(some) == len(others) and all(
        torch.equal(ours, theirs) for a, b in zip(some, others, strict=True) for ours, theirs in zip(a, b, strict=True)
    )


@pytest.fixture(params=[6000, 16], ids=["one chunk", "chunks of two batches"])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Gather an epoch at once, and in many pieces."""
    monkeypatch.setattr(batches_module, "CHUNK_IMAGES", request.param)
    return int(request.param)


@pytest.mark.usefixtures("chunk")
def test_file_order_is_the_order_of_the_file() -> None:
    images, labels = joined(batches().of_epoch(0))
    assert torch.equal(images, PIXELS)
    assert labels.tolist() == SPLIT.labels.tolist()


def test_batches_are_float_pixels_and_integer_labels() -> None:
    images, labels = next(batches().of_epoch(0))
    assert images.shape == (8, 28, 28)
    assert images.dtype == torch.float32
    assert images.max() <= 1
    assert labels.shape == (8,)
    assert labels.dtype == torch.int64


@pytest.mark.usefixtures("chunk")
def test_the_last_batch_is_smaller() -> None:
    whole = batches()
    assert [len(labels) for _, labels in whole.of_epoch(0)] == [8, 8, 8, 8, 8, 8, 2]
    assert whole.steps_per_epoch == 7


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_last_batch_of_one_image_is_left_out(shuffle: bool) -> None:
    whole = batches(batch_size=7, shuffle=shuffle)
    assert [len(labels) for _, labels in whole.of_epoch(0)] == [7] * 7
    assert whole.steps_per_epoch == 7
    assert [len(labels) for _, labels in batches(numbered(8), batch_size=7, shuffle=shuffle).of_epoch(0)] == [7]


def test_batches_of_one_image_are_all_shown() -> None:
    assert [len(labels) for _, labels in batches(batch_size=1).of_epoch(0)] == [1] * NUM_IMAGES


def test_a_single_image_is_shown() -> None:
    assert [len(labels) for _, labels in batches(numbered(1)).of_epoch(0)] == [1]


def test_a_batch_may_be_larger_than_the_split() -> None:
    assert [len(labels) for _, labels in batches(batch_size=4096).of_epoch(0)] == [NUM_IMAGES]


@pytest.mark.usefixtures("chunk")
def test_shuffling_shows_every_image_once_with_its_label() -> None:
    images, labels = joined(batches(shuffle=True).of_epoch(0))
    label_of = {image.tobytes(): label for image, label in zip(PIXELS.numpy(), SPLIT.labels, strict=True)}
    assert {image.tobytes() for image in images.numpy()} == set(label_of)
    assert [label_of[image.tobytes()] for image in images.numpy()] == labels.tolist()
    assert labels.tolist() != SPLIT.labels.tolist()


def test_each_epoch_is_shuffled_anew() -> None:
    shuffled = batches(shuffle=True)
    assert not same(list(shuffled.of_epoch(0)), list(shuffled.of_epoch(1)))


def test_same_seed_gives_the_same_order() -> None:
    assert same(list(batches(shuffle=True, seed=7).of_epoch(3)), list(batches(shuffle=True, seed=7).of_epoch(3)))


def test_another_seed_gives_another_order() -> None:
    assert not same(list(batches(shuffle=True, seed=7).of_epoch(3)), list(batches(shuffle=True, seed=8).of_epoch(3)))


def test_a_seed_means_the_same_numbers_in_every_version_of_the_lab() -> None:
    purposes = [(0, 3), (1, 3, 16), (2,)]  # the order of an epoch, the warps of a chunk, those made once
    seeds = [batches(seed=7)._generator(*purpose).initial_seed() for purpose in purposes]
    assert seeds == [5093101976529578930, 1739334773355675204, 9139555415570476218]


def test_epochs_may_be_asked_for_in_any_order() -> None:
    some, other = batches(shuffle=True), batches(shuffle=True)
    list(other.of_epoch(0))
    assert same(list(some.of_epoch(5)), list(other.of_epoch(5)))


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("use", ["replace", "double", "once"])
def test_going_on_from_a_batch_equals_skipping_those_before(use: str, shuffle: bool) -> None:
    whole = batches(augment=TURN | {"use": use}, shuffle=shuffle)
    every = list(whole.of_epoch(2))
    for first_batch in range(len(every) + 1):
        assert same(list(whole.of_epoch(2, first_batch)), every[first_batch:])


@pytest.mark.usefixtures("chunk")
def test_doubling_shows_warped_copies_and_then_the_originals() -> None:
    images, labels = joined(batches(augment=TURN | {"use": "double"}).of_epoch(0))
    assert torch.equal(images[NUM_IMAGES:], PIXELS)
    assert all(not torch.equal(warped, image) for warped, image in zip(images[:NUM_IMAGES], PIXELS, strict=True))
    assert labels.tolist() == SPLIT.labels.tolist() * 2


def test_doubling_doubles_the_steps() -> None:
    doubled = batches(augment=TURN | {"use": "double"})
    assert doubled.images_per_epoch == 2 * NUM_IMAGES
    assert doubled.steps_per_epoch == 13 == len(list(doubled.of_epoch(0)))


@pytest.mark.usefixtures("chunk")
def test_doubling_warps_afresh_in_each_epoch() -> None:
    doubled = batches(augment=TURN | {"use": "double"})
    first, second = (joined(doubled.of_epoch(epoch))[0][:NUM_IMAGES] for epoch in (0, 1))
    assert all(not torch.equal(one, other) for one, other in zip(first, second, strict=True))


@pytest.mark.usefixtures("chunk")
def test_doubling_and_shuffling_show_each_image_once_as_it_is_and_once_warped() -> None:
    images, labels = joined(batches(augment=TURN | {"use": "double"}, shuffle=True).of_epoch(0))
    originals = {image.tobytes() for image in PIXELS.numpy()}
    is_original = np.array([image.tobytes() in originals for image in images.numpy()])
    assert {image.tobytes() for image in images.numpy()[is_original]} == originals
    assert is_original.sum() == NUM_IMAGES
    assert sorted(labels[~is_original].tolist()) == sorted(SPLIT.labels.tolist())
    assert not is_original[NUM_IMAGES:].all()


@pytest.mark.usefixtures("chunk")
def test_replacing_warps_every_image_afresh_in_each_epoch() -> None:
    replaced = batches(augment=TURN)
    first, second = (joined(replaced.of_epoch(epoch))[0] for epoch in (0, 1))
    assert len(first) == NUM_IMAGES
    for one, other, image in zip(first, second, PIXELS, strict=True):
        assert not torch.equal(one, image)
        assert not torch.equal(one, other)


@pytest.mark.usefixtures("chunk")
def test_once_appends_the_same_warped_copies_in_every_epoch() -> None:
    appended = batches(augment=TURN | {"use": "once"})
    (first, labels), (second, _) = (joined(appended.of_epoch(epoch)) for epoch in (0, 1))
    assert torch.equal(first[:NUM_IMAGES], PIXELS)
    assert torch.equal(first, second)
    assert all(not torch.equal(warped, image) for warped, image in zip(first[NUM_IMAGES:], PIXELS, strict=True))
    assert labels.tolist() == SPLIT.labels.tolist() * 2


def test_once_a_picture_that_hardly_turns_is_appended_as_it_is() -> None:
    images, _ = joined(batches(augment={"rotation": 1e-4, "use": "once"}).of_epoch(0))
    assert torch.equal(images[NUM_IMAGES:], PIXELS)


@pytest.mark.parametrize("use", ["replace", "double", "once"])
def test_chunks_of_one_epoch_are_warped_differently(use: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_module, "CHUNK_IMAGES", 8)
    alike = Split("source", np.repeat(SPLIT.images[:1], 16, axis=0), np.zeros(16, np.int64))
    images, _ = joined(batches(alike, augment=TURN | {"use": use}).of_epoch(0))
    originals = 0 if use == "replace" else 1
    assert len({image.tobytes() for image in images.numpy()}) == 16 + originals


@pytest.mark.parametrize("use", ["replace", "double", "once"])
def test_inactive_augmentation_changes_nothing(use: str) -> None:
    images, _ = joined(batches(augment={"use": use}).of_epoch(0))
    assert torch.equal(images, PIXELS)


def test_batches_leave_torchs_global_generator_alone() -> None:
    before = torch.get_rng_state()
    list(batches(augment=TURN | {"use": "double"}, shuffle=True).of_epoch(0))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("use", ["replace", "double", "once"])
def test_rows_of_a_split_are_learned_from_as_a_split_of_their_own_would_be(use: str) -> None:
    rows = np.arange(3, NUM_IMAGES, 2)
    config = tiny.config(augment=TURN | {"use": use}, batch_size=8)
    of_rows, of_copy = Batches(config, SPLIT, CPU, rows), Batches(config, SPLIT.take(rows, "train"), CPU)
    assert of_rows.images_per_epoch == of_copy.images_per_epoch
    assert same(list(of_rows.of_epoch(1)), list(of_copy.of_epoch(1)))

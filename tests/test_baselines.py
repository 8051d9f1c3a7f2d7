"""The ladder's simple readers, and that the table which is shown is what they reach."""

import json

import numpy as np
import pytest

from mnistlab.baselines import (
    RECORDS,
    load_baselines,
    measure,
    read_by_commonest,
    read_by_logistic_regression,
    read_by_mean,
    read_by_neighbours,
)
from mnistlab.data import Dataset
from mnistlab.device import describe_machine
from mnistlab.intervals import wilson_interval
from mnistlab.paths import BASELINE_TABLE


def test_commonest_is_the_one_and_always_the_same(dataset: Dataset) -> None:
    read = read_by_commonest(dataset.source, dataset.test.images)
    assert set(read.tolist()) == {1}
    assert len(read) == 10_000


def test_mean_reader_compares_with_every_average(dataset: Dataset) -> None:
    train, images = dataset.source, dataset.test.images[:40]
    averages = [train.images[train.labels == digit].mean(axis=0) / 255 for digit in range(10)]
    expected = [int(np.argmin([((image / 255 - mean) ** 2).sum() for mean in averages])) for image in images]
    assert read_by_mean(train, images).tolist() == expected


def test_neighbours_remember_what_they_have_seen(dataset: Dataset) -> None:
    few = dataset.source.take(np.arange(300), "train")
    np.testing.assert_array_equal(read_by_neighbours(few, few.images, num=1), few.labels)


def test_logistic_regression_beats_the_averages(dataset: Dataset) -> None:
    source = dataset.source.take(np.arange(6000), "source")
    images, labels = dataset.test.images, dataset.test.labels
    learned = (read_by_logistic_regression(Dataset("mnist", source, dataset.test), images) == labels).mean()
    assert learned > (read_by_mean(source, images) == labels).mean()


def test_table_fits_what_a_part_of_the_test_set_gives(dataset: Dataset) -> None:
    """Each figure lies in the 99.9 % interval of 400 test digits drawn at random."""
    chosen = np.random.default_rng(0).permutation(len(dataset.test))[:400]
    part = dataset.test.take(chosen, "test")
    readers = [read_by_commonest, read_by_mean, None, read_by_neighbours]
    for reader, baseline in zip(readers, load_baselines(), strict=True):
        if reader is not None:
            num_correct = int((reader(dataset.source, part.images) == part.labels).sum())
            low, high = wilson_interval(num_correct, len(part), 0.999)
            assert low <= baseline.num_correct / baseline.num_images <= high, baseline.name


@pytest.mark.slow
def test_table_is_what_the_command_measures(dataset: Dataset) -> None:
    kept = json.loads(BASELINE_TABLE.read_text(encoding="utf-8"))
    # Another torch or another number of threads trains to slightly other weights; all else is arithmetic.
    tolerance = 0 if kept["machine"] == describe_machine() else 15
    for again, shown in zip(measure(dataset), load_baselines(), strict=True):
        assert (again.name, again.num_images) == (shown.name, shown.num_images)
        trained = again.name == "logistic regression"
        assert abs(again.num_correct - shown.num_correct) <= (tolerance if trained else 1)


def test_ladder_rises_and_every_record_has_its_source() -> None:
    rungs = [baseline.num_correct / baseline.num_images for baseline in load_baselines()]
    rungs += [record.accuracy for record in RECORDS]
    assert rungs == sorted(rungs)
    assert all(record.source and record.link.startswith("https://") for record in RECORDS)

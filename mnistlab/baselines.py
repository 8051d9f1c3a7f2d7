"""The ladder below and above a network: the accuracy of the simplest ways to read digits, and published records.

    python -m mnistlab.baselines     # measures the simple ways on MNIST's test set again, and writes baselines.json

Each reads all 10,000 test digits after looking at all 60,000 training digits. It takes some 20 s.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from mnistlab.config import parse_config
from mnistlab.data import Dataset, Split, class_counts, load_dataset
from mnistlab.neighbours import nearest, vote
from mnistlab.paths import BASELINE_TABLE
from mnistlab.pixels import mean_pictures, scale_values

NUM_NEIGHBOURS = 3
_QUERIES = 500  # at a time

Predictions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Baseline:
    """A simple way to read digits, and how many of the test digits it reads correctly."""

    name: str
    about: str
    num_correct: int
    num_images: int


@dataclass(frozen=True)
class Record:
    """A published test accuracy on MNIST, 0 to 1, with where it was published."""

    name: str
    accuracy: float
    source: str
    link: str


# Error rates in the papers: 0.95, 0.35, 0.23, 0.13 and 0.09 %.
RECORDS = (
    Record(
        "LeNet-5, a CNN of 1998",
        0.9905,
        "LeCun, Bottou, Bengio and Haffner, Proceedings of the IEEE, 1998",
        "https://doi.org/10.1109/5.726791",
    ),
    Record(
        "MLP with five hidden layers",
        0.9965,
        "Ciresan, Meier, Gambardella and Schmidhuber, Neural Computation, 2010",
        "https://arxiv.org/abs/1003.0358",
    ),
    Record(
        "35 CNNs together",
        0.9977,
        "Ciresan, Meier and Schmidhuber, CVPR, 2012",
        "https://arxiv.org/abs/1202.2745",
    ),
    Record(
        "3 CNNs, by majority",
        0.9987,
        "An, Lee, Park, Yang and So, arXiv, 2020",
        "https://arxiv.org/abs/2008.10400",
    ),
    Record(
        "9 CNNs in two layers of votes",
        0.9991,
        "An, Lee, Park, Yang and So, arXiv, 2020",
        "https://arxiv.org/abs/2008.10400",
    ),
)


def read_by_commonest(train: Split, images: npt.NDArray[np.uint8]) -> Predictions:
    """Always say the digit that is commonest in `train`, whatever the picture shows: (N,)."""
    return np.full(len(images), class_counts(train.labels).argmax())


def read_by_mean(train: Split, images: npt.NDArray[np.uint8]) -> Predictions:
    """Say the digit whose average picture in `train` is nearest: (N,)."""
    averages = mean_pictures(train.images, train.labels)
    return nearest(scale_values(images), averages, 1).indices[:, 0]


def read_by_neighbours(train: Split, images: npt.NDArray[np.uint8], num: int = NUM_NEIGHBOURS) -> Predictions:
    """Say what most of the nearest pictures in `train` are: (N,). Nothing is learned, everything is remembered."""
    parts = np.split(images, range(_QUERIES, len(images), _QUERIES))
    return np.concatenate([vote(train.labels[nearest(part, train.images, num).indices]) for part in parts])


def read_by_logistic_regression(dataset: Dataset, images: npt.NDArray[np.uint8]) -> Predictions:
    """Train ten neurons that see the pixels directly, a network without a hidden layer: (N,)."""
    from mnistlab.events import TrainingStarted
    from mnistlab.predict import Predictor
    from mnistlab.training import train

    settings = {"optimizer": "adam", "learning_rate": 1e-3, "batch_size": 128, "epochs": 20, "schedule": "cosine"}
    settings |= {"validation_size": 0, "device": "cpu"}
    config = parse_config({"dataset": dataset.name, "model": {"hidden": ()}, "train": settings})
    started, *_ = train(config, dataset)
    assert isinstance(started, TrainingStarted)
    reader = Predictor("logistic regression", config, started.state.model.eval())
    predictions: Predictions = reader.probabilities(images).argmax(axis=1)
    return predictions


def measure(dataset: Dataset) -> list[Baseline]:
    """Measure each baseline on the test set, given everything there is to learn from; the worst first."""
    ways: list[tuple[str, str, Callable[[], Predictions]]] = [
        (
            "always the commonest digit",
            "does not even look at the picture",
            lambda: read_by_commonest(dataset.source, dataset.test.images),
        ),
        (
            "nearest average digit",
            "compares with ten averages",
            lambda: read_by_mean(dataset.source, dataset.test.images),
        ),
        (
            "logistic regression",
            "ten neurons, no hidden layer",
            lambda: read_by_logistic_regression(dataset, dataset.test.images),
        ),
        (
            f"{NUM_NEIGHBOURS} nearest neighbours",
            f"compares with all {len(dataset.source):,} training digits",
            lambda: read_by_neighbours(dataset.source, dataset.test.images),
        ),
    ]
    labels = dataset.test.labels
    return [Baseline(name, about, int((read() == labels).sum()), len(labels)) for name, about, read in ways]


def load_baselines() -> list[Baseline]:
    """The results of `measure` on MNIST, as kept in baselines.json."""
    return [Baseline(**row) for row in json.loads(BASELINE_TABLE.read_text(encoding="utf-8"))["baselines"]]


def _write() -> None:
    from mnistlab.device import describe_machine

    rows = [asdict(baseline) for baseline in measure(load_dataset())]
    table = {"command": "python -m mnistlab.baselines", "machine": describe_machine(), "baselines": rows}
    BASELINE_TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    sys.stderr.write(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    _write()

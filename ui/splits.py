"""What a model can be scored on. To add a split, add an entry to SPLITS: Evaluate then offers it everywhere.

    split = splits.load("validation", predictor.config)
    picture_name, index = splits.origin("validation", 17, predictor.config)    # ("training", its place in the file)

A picture has one name, whatever the model held out: its index in the test file, in the training file, or in a split
of its own. URLs use this name.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from mnistlab.config import RunConfig
from mnistlab.data import Split
from mnistlab.drawings import SPLIT_NAME
from mnistlab.errors import DataError
from mnistlab.figures import count_of
from ui import resources

TEST, VALIDATION, TRAINING = "test", "validation", "training"
DRAWINGS = SPLIT_NAME


@dataclass(frozen=True)
class Scored:
    """A split that models are scored on.

    `load` returns it for a model of this config and raises a DataError if there is none; `version` changes whenever
    its images do, so that answers to earlier images are not shown.
    """

    about: str
    load: Callable[[RunConfig], Split]
    version: Callable[[], Hashable] = lambda: None


def _test(config: RunConfig) -> Split:
    return resources.dataset(config.dataset).test


def _validation(config: RunConfig) -> Split:
    if config.train.validation_size == 0:
        raise DataError(
            "This model was trained on all training images, as in the tutorial: there is no validation split to "
            "look at. Choose test."
        )
    return resources.dataset(config.dataset, config.train.validation_size).validation


def _drawings(_config: RunConfig) -> Split:
    return resources.drawings().split()


SPLITS: dict[str, Scored] = {
    TEST: Scored("the digits for the final verdict", _test),
    VALIDATION: Scored("training digits that the model was not shown, held out for tuning", _validation),
    DRAWINGS: Scored("digits drawn in this lab and kept on Draw", _drawings, lambda: resources.drawings().version()),
}


def load(name: str, config: RunConfig) -> Split:
    """The split of this name for a model of this config.

    Raises:
        DataError: the model has none.
    """
    return SPLITS[name].load(config)


def taken(name: str, config: RunConfig) -> tuple[Split, Hashable]:
    """The split of this name for a model of this config, and its version, read consistently.

    Raises:
        DataError: the model has none.
    """
    scored = SPLITS[name]
    while True:
        version = scored.version()
        split = scored.load(config)
        if scored.version() == version:  # else somebody has kept a drawing in between
            return split, version


def digits(number: int, name: str) -> str:
    """A number of a split's digits in words: "10,000 test digits", "1 drawn digit"."""
    return count_of(number, "drawn digit" if name == DRAWINGS else f"{name} digit")


def pictures() -> list[str]:
    """Where a single picture may come from: the test file, the training file, and every other split."""
    own = [name for name in SPLITS if name not in (TEST, VALIDATION)]
    return [TEST, TRAINING, *own]


def picture_source(name: str, config: RunConfig) -> Split:
    """All pictures of one of `pictures()`, in the order in which they are numbered."""
    if name == TRAINING:
        return resources.dataset(config.dataset).source
    return load(name, config)


def origin(name: str, index: int, config: RunConfig) -> tuple[str, int]:
    """The name, one of `pictures()`, and the index there of an image of a scored split."""
    if name != VALIDATION:
        return name, index
    dataset = resources.dataset(config.dataset, config.train.validation_size)
    return TRAINING, int(dataset.source_indices(VALIDATION)[index])

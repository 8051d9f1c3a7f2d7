"""A finished run's answers on the test set, kept with it so that it can be evaluated or compared without rereading.

They are safetensors bytes, like weights; 450 KB for 10,000 images. They are used only if they still fit: the step of
the weights and the labels of the split must be those they were made with.
"""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from mnistlab.checkpoint import read_header
from mnistlab.data import NUM_CLASSES, Split
from mnistlab.errors import DataError, RunNotFoundError
from mnistlab.evaluation import Evaluation
from mnistlab.runs import Run
from mnistlab.store import Store

# The kind under which a store keeps them with a run's weights.
ANSWERS = "answers"


def pack_answers(evaluation: Evaluation, version: int | str) -> bytes:
    """A model's probabilities on a split as safetensors bytes; `version` identifies its weights: their step."""
    tensors: dict[str, npt.NDArray[Any]] = {
        "probabilities": np.ascontiguousarray(evaluation.probabilities),
        "labels": evaluation.labels.astype(np.uint8),
    }
    about = {"split": evaluation.split, "loss": evaluation.loss, "version": version}
    return save(tensors, {"mnistlab": "1", "answers": json.dumps(about)})


def unpack_answers(content: bytes) -> tuple[Evaluation, int | str]:
    """The evaluation and the version that `pack_answers` was given.

    Raises:
        DataError: the bytes are damaged, or are not those of answers.
    """
    try:
        about = json.loads(read_header(content)["answers"])
        tensors = load(content)
        labels, probabilities = tensors["labels"].astype(np.int64), tensors["probabilities"]
        if probabilities.shape != (len(labels), NUM_CLASSES):
            raise ValueError(f"{len(labels)} labels and probabilities of shape {probabilities.shape}")
        return Evaluation(about["split"], about["loss"], probabilities, labels), about["version"]
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise DataError(f"These are not the answers of a run, or they are damaged: {error!r}.") from error


def stored_evaluation(store: Store, run_id: str, step: int, split: Split) -> Evaluation | None:
    """A run's answers on a split, if they were kept after this step; None if they must be computed."""
    try:
        content = store.weights(run_id, ANSWERS)
    except RunNotFoundError:
        return None
    return fitting(content, step, split)


def kept_answers(store: Store, run: Run) -> Evaluation | None:
    """A run's answers on the test set when it was last tested; None if none were kept or it has trained since."""
    try:
        evaluation, version = unpack_answers(store.weights(run.id, ANSWERS))
    except (RunNotFoundError, DataError):
        return None
    return evaluation if (evaluation.split, version) == ("test", run.step) else None


def fitting(content: bytes, version: int | str, split: Split) -> Evaluation | None:
    """The packed evaluation if it was made with weights of this version on these labels, else None.

    Damaged answers do not fit either: they only save time, and can always be computed again.
    """
    try:
        evaluation, kept_version = unpack_answers(content)
    except DataError:
        return None
    fits = (evaluation.split, kept_version) == (split.name, version)
    return evaluation if fits and np.array_equal(evaluation.labels, split.labels) else None

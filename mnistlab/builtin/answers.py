"""The built-in models' answers on the test set, kept beside them so that a first look at one need not compute them.

    python -m mnistlab.builtin.answers     # reads the test set with every built-in model, and writes NAME.answers

Answers of any other weights than the current ones are not used.
"""

import sys

from mnistlab.builtin import builtin_names, weights_digest
from mnistlab.data import Split, load_dataset
from mnistlab.evaluation import Evaluation, evaluate
from mnistlab.figures import percent
from mnistlab.paths import BUILTIN_MODELS
from mnistlab.predict import load_predictor
from mnistlab.predictions import fitting, pack_answers


def builtin_evaluation(name: str, split: Split) -> Evaluation | None:
    """A built-in model's answers on a split, if they were kept; None if they must be computed."""
    path = BUILTIN_MODELS / f"{name}.answers"
    return fitting(path.read_bytes(), weights_digest(name, BUILTIN_MODELS), split) if path.exists() else None


def keep(name: str) -> None:
    """Read the test set with a built-in model and write its answers beside it."""
    predictor = load_predictor(name)
    evaluation = evaluate(predictor.model, load_dataset(predictor.config.dataset).test)
    (BUILTIN_MODELS / f"{name}.answers").write_bytes(pack_answers(evaluation, weights_digest(name, BUILTIN_MODELS)))
    sys.stderr.write(f"{name}: test accuracy {percent(evaluation.accuracy)}\n")


if __name__ == "__main__":
    for model in builtin_names():
        keep(model)

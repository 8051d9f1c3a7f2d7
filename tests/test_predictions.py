"""Answers kept with a run: the same bits come back, and only where they still fit."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from mnistlab import execution
from mnistlab.builtin import DEFAULT_MODEL, builtin_names, builtin_record
from mnistlab.builtin import answers as answers_of_builtin
from mnistlab.builtin.answers import builtin_evaluation
from mnistlab.checkpoint import pack_weights, unpack_weights
from mnistlab.data import Dataset, Split
from mnistlab.errors import DataError
from mnistlab.evaluation import evaluate
from mnistlab.models import build_model
from mnistlab.paths import BUILTIN_MODELS
from mnistlab.predict import load_predictor
from mnistlab.predictions import ANSWERS, pack_answers, stored_evaluation, unpack_answers
from mnistlab.store import Store
from tests import tiny
from tests.test_scores import answers


def test_answers_come_back_bit_for_bit() -> None:
    evaluation = answers([1, 2, 3], [1, 2, 7], [0.5, 0.6, 0.7])
    read, version = unpack_answers(pack_answers(evaluation, 42))
    assert (read.split, read.loss, version) == (evaluation.split, evaluation.loss, 42)
    np.testing.assert_array_equal(read.probabilities, evaluation.probabilities)
    np.testing.assert_array_equal(read.labels, evaluation.labels)
    assert read.labels.dtype == np.int64


def test_ten_thousand_answers_take_less_than_half_a_megabyte() -> None:
    assert len(pack_answers(answers([3] * 10_000, [3] * 10_000), 1)) < 500_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        pack_answers(answers([1], [1]), 1)[:-3],
        save({"labels": np.zeros(3, np.uint8)}, {"mnistlab": "1", "answers": "{}"}),
        save({"labels": np.zeros(3, np.uint8)}, {"mnistlab": "1", "answers": "[1]"}),
        save(
            {"labels": np.zeros(3, np.uint8), "probabilities": np.zeros((2, 10), np.float32)},
            {"mnistlab": "1", "answers": '{"split": "test", "loss": 0, "version": 1}'},
        ),
        pack_weights(build_model(tiny.config().model), tiny.config()),
    ],
)
def test_damaged_answers_are_told(content: bytes) -> None:
    with pytest.raises(DataError):
        unpack_answers(content)


@pytest.fixture
def finished(store: Store, tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(execution, "load_dataset", lambda name: tiny_dataset)
    run_id = store.create(tiny.config())
    execution.execute(store, run_id)
    return run_id


def test_a_finished_run_has_kept_what_its_weights_answer(store: Store, finished: str, tiny_dataset: Dataset) -> None:
    kept = stored_evaluation(store, finished, store.run(finished).step, tiny_dataset.test)
    assert kept is not None
    model, _ = unpack_weights(store.weights(finished))
    again = evaluate(model, tiny_dataset.test)
    np.testing.assert_allclose(kept.probabilities, again.probabilities, atol=1e-6)
    assert kept.loss == pytest.approx(again.loss)
    assert store.run(finished).result["test_accuracy"] == kept.accuracy


def test_answers_of_other_weights_or_other_images_are_not_taken(
    store: Store, finished: str, tiny_dataset: Dataset
) -> None:
    step = store.run(finished).step
    assert stored_evaluation(store, finished, step + 1, tiny_dataset.test) is None
    assert stored_evaluation(store, finished, step, tiny_dataset.validation) is None
    other = Split("test", tiny_dataset.test.images[:50], tiny_dataset.test.labels[:50])
    assert stored_evaluation(store, finished, step, other) is None


def test_damaged_answers_of_a_run_are_computed_again(store: Store, tiny_dataset: Dataset) -> None:
    run_id = store.create(tiny.config())
    attempt = store.claim(run_id, "test")
    assert attempt is not None
    store.log(run_id, attempt, weights={ANSWERS: b"damaged"})
    assert stored_evaluation(store, run_id, 0, tiny_dataset.test) is None


def test_a_run_without_answers_has_none(store: Store, tiny_dataset: Dataset) -> None:
    assert stored_evaluation(store, store.create(tiny.config()), 1, tiny_dataset.test) is None


@pytest.mark.parametrize("name", builtin_names())
def test_each_built_in_model_has_kept_its_answers(name: str, dataset: Dataset) -> None:
    """`python -m mnistlab.builtin.answers` makes them after a model was made again."""
    kept = builtin_evaluation(name, dataset.test)
    assert kept is not None
    assert kept.accuracy == builtin_record(name)["test_accuracy"]
    few = np.arange(0, 10_000, 97)
    again = load_predictor(name).probabilities(dataset.test.images[few])
    np.testing.assert_allclose(kept.probabilities[few], again, atol=1e-4)
    assert builtin_evaluation(name, dataset.validation) is None


def test_answers_of_a_model_made_again_since_are_not_taken(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for suffix in ("safetensors", "answers"):
        shutil.copy(BUILTIN_MODELS / f"{DEFAULT_MODEL}.{suffix}", tmp_path)
    monkeypatch.setattr(answers_of_builtin, "BUILTIN_MODELS", tmp_path)
    assert builtin_evaluation(DEFAULT_MODEL, dataset.test) is not None
    with (tmp_path / f"{DEFAULT_MODEL}.safetensors").open("ab") as file:
        file.write(b" ")
    assert builtin_evaluation(DEFAULT_MODEL, dataset.test) is None
    (tmp_path / f"{DEFAULT_MODEL}.answers").unlink()
    assert builtin_evaluation(DEFAULT_MODEL, dataset.test) is None

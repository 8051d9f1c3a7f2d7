"""Reading pictures and drawings with a trained network, built in or from a run."""

import json

import numpy as np
import pytest
import torch

from mnistlab.builtin import DEFAULT_MODEL, builtin_names, builtin_record
from mnistlab.checkpoint import pack_weights
from mnistlab.config import parse_config
from mnistlab.data import Dataset
from mnistlab.errors import EmptyDrawingError, ImageError, ModelNotFoundError, RunNotFoundError
from mnistlab.evaluation import evaluate
from mnistlab.models import build_model, count_parameters
from mnistlab.predict import Predictor, load_predictor, recognise
from mnistlab.store import Store
from tests import tiny
from tests.drawings import CANVASES, GLYPHS, SEVEN, SIDE, draw, enlarge, put_on


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return load_predictor()


@pytest.fixture
def trained_run(store: Store) -> str:
    """A run that has kept the weights of a 784-8-10 network."""
    config = tiny.config()
    run_id = store.create(config)
    attempt = store.claim(run_id, "test")
    assert attempt is not None
    torch.manual_seed(0)
    store.log(run_id, attempt, weights={"last": pack_weights(build_model(config.model), config)})
    return run_id


def test_rows_are_probabilities(predictor: Predictor, dataset: Dataset) -> None:
    probabilities = predictor.probabilities(dataset.test.images[:1500])
    assert probabilities.shape == (1500, 10)
    assert probabilities.dtype == np.float32
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bytes_and_floats_are_read_alike(predictor: Predictor, dataset: Dataset, dtype: type) -> None:
    images = dataset.test.images[:20]
    floats = images.astype(dtype) / 255
    np.testing.assert_allclose(predictor.probabilities(floats), predictor.probabilities(images), atol=1e-6)


def test_an_image_is_read_alike_alone_and_among_others(predictor: Predictor, dataset: Dataset) -> None:
    images = dataset.test.images[:5]
    alone = np.concatenate([predictor.probabilities(image[None]) for image in images])
    np.testing.assert_allclose(alone, predictor.probabilities(images), atol=1e-5)


def test_read_only_and_strided_pictures_are_read(predictor: Predictor, dataset: Dataset) -> None:
    floats = dataset.test.images[:6].astype(np.float32) / np.float32(255)
    floats.setflags(write=False)
    every = predictor.probabilities(floats)
    np.testing.assert_allclose(predictor.probabilities(floats[::2]), every[::2], atol=1e-6)


def test_nested_lists_are_read(predictor: Predictor) -> None:
    assert predictor.probabilities([[[0.0] * 28] * 28]).shape == (1, 10)


def test_no_pictures_give_no_rows(predictor: Predictor) -> None:
    assert predictor.probabilities(np.zeros((0, 28, 28), np.uint8)).shape == (0, 10)


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        (np.zeros((28, 28), np.uint8), r"\(N, 28, 28\); got an array of shape \(28, 28\)"),
        (np.zeros((1, 784), np.uint8), r"\(N, 28, 28\); got an array of shape \(1, 784\)"),
        (np.zeros((1, 1, 28, 28), np.uint8), r"\(N, 28, 28\)"),
        (np.zeros((1, 32, 32), np.uint8), r"\(N, 28, 28\)"),
        (np.zeros((1, 28, 28), np.int64), "uint8 in 0 to 255 or floats.*got int64"),
        (np.zeros((1, 28, 28), bool), "uint8 in 0 to 255 or floats.*got bool"),
        (np.full((1, 28, 28), 255.0), "got 255 to 255"),
        (np.full((1, 28, 28), -0.1), "got -0.1 to -0.1"),
        (np.full((1, 28, 28), np.nan), "got nan to nan"),
    ],
    ids=["square", "flat", "channel", "size", "int64", "bool", "bytes as floats", "negative", "nan"],
)
def test_wrong_pictures_are_told(predictor: Predictor, images: np.ndarray, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        predictor.probabilities(images)


def test_the_default_is_the_built_in_model(predictor: Predictor) -> None:
    assert predictor.name == DEFAULT_MODEL == builtin_names()[0]
    assert not predictor.model.training


def test_an_unknown_name_lists_the_built_in_models() -> None:
    with pytest.raises(ModelNotFoundError, match=r"'big-cnn'.*a run's id.*small-cnn"):
        load_predictor("big-cnn")


@pytest.mark.parametrize("name", ["../builtin/small-cnn", "small-cnn.safetensors", "/etc/passwd", "small-cnn\0"])
def test_a_path_is_no_model(name: str) -> None:
    with pytest.raises(ModelNotFoundError):
        load_predictor(name)


def test_an_unknown_run_is_told(store: Store) -> None:
    with pytest.raises(RunNotFoundError, match="'abcdefgh'"):
        load_predictor("abcdefgh", store)


def test_a_run_without_weights_is_told(store: Store) -> None:
    run_id = store.create(tiny.config())
    with pytest.raises(RunNotFoundError, match=f"'{run_id}' has not kept any weights yet"):
        load_predictor(run_id, store)
    store.finish(run_id, store.claim(run_id, "somebody") or 0, "failed", error="The loss is no longer a number.")
    with pytest.raises(RunNotFoundError, match=f"'{run_id}' has no weights: it failed before the end of its first"):
        load_predictor(run_id, store)


def test_a_runs_weights_are_loaded_from_its_store(store: Store, trained_run: str) -> None:
    by_store, by_default = load_predictor(trained_run, store), load_predictor(trained_run)
    pictures = np.random.default_rng(0).random((3, 28, 28))
    np.testing.assert_array_equal(by_store.probabilities(pictures), by_default.probabilities(pictures))
    assert by_store.name == trained_run
    assert by_store.config == tiny.config()


def test_recognise_reads_enlarged_digits(dataset: Dataset) -> None:
    digits = np.array([recognise(enlarge(image)).digit for image in dataset.test.images[:30]])
    assert (digits == dataset.test.labels[:30]).sum() >= 29


@pytest.mark.parametrize("canvas", CANVASES)
def test_recognise_reads_a_drawn_seven_on_every_canvas(canvas: str) -> None:
    assert recognise(put_on(canvas, draw(SEVEN))).digit == 7


@pytest.mark.parametrize(("glyph", "digit"), [("four", 4), ("two", 2), ("one", 1)])
def test_recognise_reads_drawings(glyph: str, digit: int) -> None:
    assert recognise(put_on("white on black", draw(GLYPHS[glyph]))).digit == digit


def test_recognition_tells_what_the_network_saw(predictor: Predictor) -> None:
    recognition = recognise(put_on("white on black", draw(SEVEN)))
    np.testing.assert_array_equal(
        recognition.probabilities, predictor.probabilities(recognition.framing.image[None])[0]
    )
    assert recognition.model == DEFAULT_MODEL
    assert recognition.probabilities.shape == (10,)
    assert recognition.confidence == pytest.approx(recognition.probabilities[recognition.digit])


def test_recognise_uses_the_run_that_is_asked_for(trained_run: str) -> None:
    assert recognise(put_on("white on black", draw(SEVEN)), trained_run).model == trained_run


def test_an_empty_drawing_is_not_read() -> None:
    with pytest.raises(EmptyDrawingError):
        recognise(np.zeros((SIDE, SIDE, 4), np.uint8))


@pytest.mark.parametrize("name", builtin_names())
def test_a_built_in_model_is_as_good_as_its_record_says(name: str, dataset: Dataset) -> None:
    record, predictor = builtin_record(name), load_predictor(name)
    evaluation = evaluate(predictor.model, dataset.test)
    # Another machine may round otherwise: two of 10,000 images.
    assert evaluation.accuracy == pytest.approx(record["test_accuracy"], abs=2e-4)
    assert predictor.config == parse_config(json.dumps(record["config"]))
    assert count_parameters(predictor.model) == record["num_parameters"]

"""What a user of the library may give wrongly: it is told with what was given, what is allowed and what to do."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import mnistlab
from mnistlab.data import Dataset, Split
from mnistlab.errors import ConfigError, DataError, ImageError, ModelError
from mnistlab.explain import find_flip, input_gradient, integrated_gradients
from mnistlab.robustness import robustness

IMAGES, LABELS = np.zeros((3, 28, 28), np.uint8), np.array([3, 1, 4], np.int64)


def linear(num_outputs: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, num_outputs))


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (IMAGES / 255, r"shape \(3, 28, 28\) of float64\. Of pixels in \[0, 1\], \(255 \* images\)"),
        (IMAGES.reshape(3, 784), r"an array \(N, 28, 28\) of uint8, .*; got shape \(3, 784\) of uint8"),
        (torch.zeros(3, 28, 28, dtype=torch.uint8), "got a Tensor"),
        (IMAGES.tolist(), "got a list"),
    ],
    ids=["floats", "flat", "tensor", "lists"],
)
def test_images_of_a_split_that_would_be_misread_are_refused(images: np.ndarray, told: str) -> None:
    with pytest.raises(DataError, match=told):
        Split("mine", images, LABELS)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (LABELS.astype(np.int32), r"int64; got shape \(3,\) of int32\. np\.asarray\(labels, np\.int64\) makes one"),
        (LABELS[:2], r"labels of 3 images .*got shape \(2,\)"),
        (np.eye(10)[LABELS], r"got shape \(3, 10\) of float64"),
        ([3, 1, 4], "got a list"),
        (LABELS + 6, "Labels are 0 to 9; got 7 to 10"),
        (LABELS - 2, "Labels are 0 to 9; got -1 to 2"),
    ],
    ids=["int32", "too few", "one-hot", "list", "ten", "negative"],
)
def test_labels_of_a_split_that_are_no_labels_are_refused(labels: np.ndarray, told: str) -> None:
    with pytest.raises(DataError, match=told):
        Split("mine", IMAGES, labels)


@pytest.mark.parametrize("size", [0.1, 50.0, -1, 600])
def test_only_a_number_of_images_can_be_held_out(tiny_dataset: Dataset, size: float) -> None:
    with pytest.raises(DataError, match=f"{size} validation images were asked for; choose 0 to 599"):
        tiny_dataset.hold_out(size)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (linear(3), r"logits \(N, 10\), a column for each digit; of 2 it made shape \(2, 3\)"),
        (nn.Linear(784, 10), r"cannot read pictures \(N, 28, 28\): .*nn\.Flatten\(\)"),
        (nn.Sequential(nn.Conv2d(1, 2, 3)), r"nn\.Unflatten\(1, \(1, 28\)\)"),
        (nn.Sequential(nn.BatchNorm2d(1)), r"nn\.Unflatten\(1, \(1, 28\)\)"),
        (nn.LSTM(28, 10), "made a tuple"),
        ("best-cnn", r"a torch\.nn\.Module, as load_predictor\(\)\.model is one; got a str"),
    ],
    ids=["three outputs", "rows", "channels", "no channels", "two answers", "name"],
)
def test_a_network_that_is_none_for_digits_is_told(model: nn.Module, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        mnistlab.evaluate(model, Split("mine", IMAGES, LABELS))


def test_a_predictor_is_told_from_its_network() -> None:
    with pytest.raises(ModelError, match=r"load_predictor\(\)\.model is one; got a Predictor"):
        mnistlab.evaluate(mnistlab.load_predictor(), Split("mine", IMAGES, LABELS))  # type: ignore[arg-type]


def test_a_network_without_weights_is_evaluated_and_stays_in_its_mode() -> None:
    model = nn.Sequential(nn.Flatten(), nn.AdaptiveAvgPool1d(10)).train()
    assert mnistlab.evaluate(model, Split("mine", IMAGES, LABELS)).probabilities.shape == (3, 10)
    assert model.training


@pytest.mark.parametrize(
    ("split", "told"),
    [
        (Split("mine", IMAGES[:0], LABELS[:0]), "got a split without images"),
        (IMAGES, r"a Split with images, as dataset\.test is one; got a ndarray"),
        ("test", "got a str"),
    ],
    ids=["empty", "array", "name"],
)
def test_what_cannot_be_evaluated_on_is_told(split: Split, told: str) -> None:
    with pytest.raises(DataError, match=told):
        mnistlab.evaluate(linear(10), split)


@pytest.mark.parametrize("given", [mnistlab.get_preset("quick-mlp"), "quick-mlp", {"train": {"epochs": 1}}])
def test_what_is_no_recipe_is_told(tiny_dataset: Dataset, given: mnistlab.RunConfig) -> None:
    with pytest.raises(ConfigError, match=r"train needs a RunConfig, as get_preset\(.*\)\.config is one; got a "):
        next(mnistlab.train(given, tiny_dataset))


def test_what_is_no_data_set_is_told(tiny_dataset: Dataset) -> None:
    with pytest.raises(DataError, match=r"train needs a Dataset, as load_dataset\(\) gives one; got a Split"):
        next(mnistlab.train(mnistlab.RunConfig(), tiny_dataset.train))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pictures", "cure"),
    [
        (IMAGES[0], r"pictures\.reshape\(-1, 28, 28\)"),
        (IMAGES.reshape(3, 784), r"pictures\.reshape\(-1, 28, 28\)"),
        (IMAGES.astype(np.int64), r"pictures\.astype\(np\.uint8\)"),
        (IMAGES + np.float32(200), "Divide what goes up to 255 by 255"),
    ],
)
def test_pictures_in_another_form_are_told_with_the_way_out(pictures: np.ndarray, cure: str) -> None:
    with pytest.raises(ImageError, match=cure):
        mnistlab.load_predictor().probabilities(pictures)


@pytest.mark.parametrize("digit", [10, -1])
@pytest.mark.parametrize("explained", [input_gradient, integrated_gradients, find_flip])
def test_there_are_ten_digits_to_be_explained(explained: Callable[..., object], digit: int) -> None:
    with pytest.raises(ConfigError, match=f"A digit is 0 to 9; got {digit}"):
        explained(linear(10), IMAGES[0], digit)


def test_a_change_that_is_none_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="no change 'blur'; choose one of rotation, shift, noise"):
        robustness(linear(10), Split("mine", IMAGES, LABELS), "blur")  # type: ignore[arg-type]


@pytest.mark.parametrize("drawing", [Image.fromarray(IMAGES[0]), IMAGES[0], "seven.png"])
def test_a_drawing_that_is_none_is_told_with_the_way_out(drawing: np.ndarray) -> None:
    with pytest.raises(ImageError, match=r'np\.asarray\(picture\.convert\("RGBA"\)\) makes one'):
        mnistlab.recognise(drawing)


@pytest.mark.parametrize("as_given", [str, lambda folder: folder])
def test_a_folder_may_be_text(as_given: Callable[[object], str]) -> None:
    from mnistlab.paths import BUNDLED_MNIST

    assert len(mnistlab.load_dataset("mnist", as_given(BUNDLED_MNIST)).test) == 10_000

"""Figures of a network on a split, against formulas written out in numpy."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from mnistlab.config import ModelConfig
from mnistlab.data import Dataset, Split
from mnistlab.evaluation import Evaluation, digit_line, evaluate
from mnistlab.models import build_model


def answers(labels: list[int], predictions: list[int]) -> Evaluation:
    """An evaluation in which each prediction has all the probability."""
    return Evaluation("test", 0.0, np.eye(10, dtype=np.float32)[predictions], np.array(labels))


@pytest.fixture(scope="module")
def linear() -> nn.Sequential:
    torch.manual_seed(0)
    return build_model(ModelConfig(hidden=()))


@pytest.fixture(scope="module")
def split(dataset: Dataset) -> Split:
    """1,234 images: more than one batch of an evaluation, and not a whole number of them."""
    return Split("test", dataset.test.images[:1234], dataset.test.labels[:1234])


@pytest.fixture(scope="module")
def probabilities(linear: nn.Sequential, split: Split) -> npt.NDArray[np.float64]:
    """(1234, 10): softmax of a linear network, in numpy and double precision."""
    weight, bias = (parameter.detach().numpy().astype(np.float64) for parameter in linear.parameters())
    logits = split.images.reshape(len(split), -1) / 255 @ weight.T + bias
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def test_probabilities_are_the_softmax_of_the_logits(
    linear: nn.Sequential, split: Split, probabilities: npt.NDArray[np.float64]
) -> None:
    evaluation = evaluate(linear, split)
    assert evaluation.probabilities.shape == (1234, 10)
    assert evaluation.probabilities.dtype == np.float32
    np.testing.assert_allclose(evaluation.probabilities, probabilities, atol=1e-6)


def test_loss_is_the_mean_cross_entropy_in_nats(
    linear: nn.Sequential, split: Split, probabilities: npt.NDArray[np.float64]
) -> None:
    expected = -np.log(probabilities[np.arange(len(split)), split.labels]).mean()
    assert evaluate(linear, split).loss == pytest.approx(expected, rel=1e-5)


def test_accuracy_is_the_share_of_images_read_correctly(
    linear: nn.Sequential, split: Split, probabilities: npt.NDArray[np.float64]
) -> None:
    expected = sum(row.argmax() == label for row, label in zip(probabilities, split.labels, strict=True)) / len(split)
    assert evaluate(linear, split).accuracy == pytest.approx(expected)


def test_confusion_counts_true_digits_in_rows(
    linear: nn.Sequential, split: Split, probabilities: npt.NDArray[np.float64]
) -> None:
    expected = np.zeros((10, 10), int)
    for row, label in zip(probabilities, split.labels, strict=True):
        expected[label, row.argmax()] += 1
    np.testing.assert_array_equal(evaluate(linear, split).confusion, expected)


def test_confusion_is_read_true_then_predicted() -> None:
    confusion = answers(labels=[3, 3, 3, 8], predictions=[3, 8, 8, 8]).confusion
    assert (confusion[3, 3], confusion[3, 8], confusion[8, 8], confusion[8, 3]) == (1, 2, 1, 0)
    assert confusion.shape == (10, 10)
    assert confusion.sum() == 4


def test_per_digit_counts_by_the_true_digit() -> None:
    """The tutorial counted by the predicted one, which makes a digit that is never read look perfect."""
    per_digit = answers(labels=[3, 3, 3, 8], predictions=[3, 8, 8, 8]).per_digit
    assert per_digit[3] == (1, 3)
    assert per_digit[8] == (1, 1)
    assert per_digit[0] == (0, 0)
    assert len(per_digit) == 10


def test_per_digit_adds_up_to_accuracy(linear: nn.Sequential, split: Split) -> None:
    evaluation = evaluate(linear, split)
    num_correct, num_images = (sum(column) for column in zip(*evaluation.per_digit, strict=True))
    assert num_images == len(split)
    assert num_correct / num_images == pytest.approx(evaluation.accuracy)


def test_per_digit_can_be_kept_as_json() -> None:
    assert all(type(number) is int for pair in answers([1], [1]).per_digit for number in pair)


@pytest.mark.parametrize("is_training", [True, False])
def test_the_models_mode_is_given_back(linear: nn.Sequential, split: Split, is_training: bool) -> None:
    linear.train(is_training)
    evaluate(linear, split)
    assert linear.training is is_training


def test_dropout_is_off_while_testing(split: Split) -> None:
    model = build_model(ModelConfig(hidden=(64,), dropout=0.9)).train()
    np.testing.assert_array_equal(evaluate(model, split).probabilities, evaluate(model, split).probabilities)


def test_testing_does_not_change_a_batch_norm_network(split: Split) -> None:
    model = build_model(ModelConfig(hidden=(8,), batch_norm=True)).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    evaluate(model, split)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_network_can_learn_on_after_a_test(linear: nn.Sequential, split: Split) -> None:
    """Nothing of inference mode may be left in the parameters."""
    evaluate(linear, split)
    linear(torch.rand(2, 28, 28)).sum().backward()
    assert linear[1].weight.grad is not None


@pytest.mark.parametrize(
    ("num_correct", "num_images", "line"),
    [
        (988, 1010, "3: 97.8 % (988/1010)"),
        (2499, 2500, "3: 100.0 % (2499/2500)"),  # 99.96: rounded, where the tutorial cut it to 99.9
        (9994, 10000, "3: 99.9 % (9994/10000)"),
        (2, 3, "3: 66.7 % (2/3)"),
        (0, 7, "3: 0.0 % (0/7)"),
        (0, 0, "3: none in this split"),
    ],
)
def test_digit_line_rounds_to_a_tenth_of_a_percent(num_correct: int, num_images: int, line: str) -> None:
    assert digit_line(3, num_correct, num_images) == line

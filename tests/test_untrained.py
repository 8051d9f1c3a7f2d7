"""A network before its first step: why its loss is near ln 10, and how sigmoids starve the first layers."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from mnistlab.config import ModelConfig
from mnistlab.data import Dataset
from mnistlab.models import build_model
from mnistlab.untrained import answers, first_weights, gradient_sizes, untrained_model
from tests import tiny

DEEP = ModelConfig(hidden=(32, 32, 32))


def test_an_untrained_network_guesses_and_its_loss_is_near_ln_10(dataset: Dataset) -> None:
    images, labels = dataset.source.images[:500], dataset.source.labels[:500]
    probabilities, loss = answers(untrained_model(ModelConfig()), images, labels)
    assert abs(loss - math.log(10)) < 0.05
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_gradient_sizes_equal_those_of_plain_autograd(dataset: Dataset) -> None:
    images, labels = dataset.source.images[:50], dataset.source.labels[:50]
    sizes = gradient_sizes(DEEP, images, labels, seed=3)
    torch.manual_seed(3)
    model = build_model(DEEP)
    F.cross_entropy(model(torch.tensor(images) / 255), torch.tensor(labels)).backward()
    expected = [float(p.grad.abs().mean()) for name, p in model.named_parameters() if name.endswith("weight")]
    np.testing.assert_allclose([size.mean for size in sizes], expected, rtol=1e-5)
    assert [size.layer for size in sizes] == ["layer 1", "layer 2", "layer 3", "output"]


def test_sigmoids_starve_the_first_layer_and_relu_does_not(dataset: Dataset) -> None:
    images, labels = dataset.source.images[:100], dataset.source.labels[:100]

    def first_to_last(activation: str) -> float:
        config = ModelConfig(hidden=(64,) * 5, activation=activation)
        sizes = gradient_sizes(config, images, labels)
        return sizes[0].mean / sizes[-1].mean

    assert first_to_last("sigmoid") < first_to_last("relu") / 100


def test_the_same_seed_gives_the_weights_that_a_training_begins_with() -> None:
    torch.manual_seed(7)
    begun = build_model(DEEP)
    assert torch.equal(untrained_model(DEEP, 7)[1].weight, begun[1].weight)


def test_torchs_own_random_numbers_are_left_as_they_were() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    untrained_model(DEEP, 7)
    assert torch.equal(torch.rand(3), expected)


def test_first_weights_are_pictures_of_what_each_neuron_looks_at() -> None:
    model = untrained_model(ModelConfig())
    pictures = first_weights(model, 5)
    assert pictures.shape == (5, 28, 28)
    assert np.array_equal(pictures[2].ravel(), model[1].weight[2].detach().numpy())
    assert first_weights(untrained_model(ModelConfig(kind="cnn")), 4).shape == (4, 3, 3)


def test_dropout_changes_neither_the_answers_of_an_untrained_network_nor_its_gradients() -> None:
    split = tiny.numbered(20)
    found = []
    for dropout in (0.0, 0.5):
        config = ModelConfig(hidden=(16,), dropout=dropout)
        loss = answers(untrained_model(config), split.images, split.labels)[1]
        sizes = gradient_sizes(config, split.images, split.labels)
        found.append((loss, [one.mean for one in sizes]))
    assert found[0] == found[1]

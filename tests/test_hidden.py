"""The hidden layer and its map: against plain numpy, and by the properties of principal components."""

import numpy as np
import pytest
import torch

from mnistlab.config import ModelConfig
from mnistlab.data import Dataset
from mnistlab.errors import ImageError
from mnistlab.hidden import Map, has_hidden_layer, hidden_features
from mnistlab.models import build_model


def test_features_are_what_the_last_layer_is_given(dataset: Dataset) -> None:
    torch.manual_seed(0)
    model = build_model(ModelConfig(hidden=(16, 8), dropout=0.5)).eval()
    features = hidden_features(model, dataset.test.images[:1200])
    assert features.shape == (1200, 8)
    weight, bias = (parameter.detach().numpy() for parameter in model[-1].parameters())
    with torch.no_grad():
        logits = model(torch.tensor(dataset.test.images[:1200]).float() / 255).numpy()
    np.testing.assert_allclose(features @ weight.T + bias, logits, atol=1e-5)
    assert has_hidden_layer(model)


def test_a_filter_network_has_a_number_for_each_channel(dataset: Dataset) -> None:
    model = build_model(ModelConfig(kind="cnn", channels=(4, 6), batch_norm=True, dropout=0.1)).eval()
    assert hidden_features(model, dataset.test.images[:3]).shape == (3, 6)


def test_without_a_hidden_layer_the_features_are_the_pixels(dataset: Dataset) -> None:
    model = build_model(ModelConfig(hidden=())).eval()
    pixels = dataset.test.images[:4].reshape(4, -1) / 255
    np.testing.assert_allclose(hidden_features(model, dataset.test.images[:4]), pixels, atol=1e-6)
    assert not has_hidden_layer(model)


def test_a_picture_of_another_shape_is_refused() -> None:
    with pytest.raises(ImageError):
        hidden_features(build_model(ModelConfig(hidden=())), np.zeros((2, 27, 28), np.uint8))


@pytest.mark.parametrize("shape", [(200, 5), (200, 2), (30, 100), (20, 60_000)])
def test_map_is_that_of_the_singular_vectors(shape: tuple[int, int]) -> None:
    vectors = np.random.default_rng(0).normal(size=shape) * np.linspace(3, 0.5, shape[1])
    found = Map.of(vectors.astype(np.float32))
    centred = vectors - vectors.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(found.points), np.abs(centred @ axes[:2].T), atol=1e-3)
    np.testing.assert_allclose(found.shares, sizes[:2] ** 2 / (sizes**2).sum(), rtol=1e-4)


def test_map_axes_are_uncorrelated_and_the_first_is_the_longer() -> None:
    points = Map.of(np.random.default_rng(1).normal(size=(300, 7)).astype(np.float32)).points.astype(np.float64)
    assert points.mean(axis=0) == pytest.approx([0, 0], abs=1e-5)
    assert np.corrcoef(points.T)[0, 1] == pytest.approx(0, abs=1e-4)
    assert points[:, 0].var() >= points[:, 1].var()


def test_same_vectors_give_the_same_map_and_equal_ones_a_single_point() -> None:
    vectors = np.random.default_rng(2).normal(size=(50, 4)).astype(np.float32)
    np.testing.assert_array_equal(Map.of(vectors).points, Map.of(vectors.copy()).points)
    still = Map.of(np.ones((5, 3), np.float32))
    assert not still.points.any()
    assert still.shares == (0, 0)
    line = Map.of(np.arange(6, dtype=np.float32)[:, None])
    assert (line.points.shape, line.shares) == ((6, 2), (1, 0))

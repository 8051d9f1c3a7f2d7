"""Explanations, each against its defining property or a plain difference quotient."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mnistlab.config import ModelConfig
from mnistlab.data import Dataset
from mnistlab.errors import ImageError
from mnistlab.explain import find_flip, input_gradient, integrated_gradients, take_step
from mnistlab.models import build_model
from mnistlab.predict import load_predictor
from mnistlab.units import loudest_units

CONFIGS = [
    ModelConfig(hidden=()),
    ModelConfig(hidden=(32,)),
    ModelConfig(hidden=(24,), deslant=True, normalise=True),
    ModelConfig(hidden=(32, 16), activation="sigmoid", dropout=0.5, batch_norm=True, normalise=True),
    ModelConfig(kind="cnn", channels=(4, 4, 8), batch_norm=True),
]


@pytest.fixture(params=CONFIGS, ids=lambda config: f"{config.kind}-{config.activation}-{config.hidden}")
def model(request: pytest.FixtureRequest) -> nn.Sequential:
    torch.manual_seed(0)
    return build_model(request.param).eval()


@pytest.fixture(scope="module")
def trained() -> nn.Sequential:
    return load_predictor().network


@pytest.fixture(scope="module")
def image(dataset: Dataset) -> np.ndarray:
    return dataset.test.images[0].astype(np.float32) / 255


def score(model: nn.Module, image: np.ndarray, digit: int) -> float:
    with torch.no_grad():
        return float(copy.deepcopy(model).double()(torch.tensor(image, dtype=torch.float64)[None])[0, digit])


def test_gradient_is_the_difference_quotient(model: nn.Sequential) -> None:
    """On noise, for where neighbouring pixels are equal, max pooling has a kink and no one slope."""
    image = np.random.default_rng(0).random((28, 28)).astype(np.float32)
    gradient = input_gradient(model, image, 3)
    assert gradient.shape == (28, 28)
    step = 1e-6
    for row, column in ((7, 9), (14, 14), (20, 12)):
        more, less = image.astype(np.float64), image.astype(np.float64)
        more[row, column] += step
        less[row, column] -= step
        slope = (score(model, more, 3) - score(model, less, 3)) / (2 * step)
        assert gradient[row, column] == pytest.approx(slope, rel=1e-3, abs=1e-6)


def test_integrated_gradients_add_up_to_the_difference_of_scores(model: nn.Sequential, image: np.ndarray) -> None:
    found = integrated_gradients(model, image, 7)
    assert found.score == pytest.approx(score(model, image, 7), abs=1e-4)
    assert found.empty_score == pytest.approx(score(model, image * 0, 7), abs=1e-4)
    difference = found.score - found.empty_score
    assert found.values.sum() == pytest.approx(difference, abs=0.02 * max(abs(difference), 0.05))


def test_integrated_gradients_are_those_of_the_whole_way_from_black(image: np.ndarray) -> None:
    """Of the sum of the squares of all pixels, each pixel did its own square, exactly, for the steps are midpoints."""

    class Squares(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.flatten(1).square().sum(1, keepdim=True)

    np.testing.assert_allclose(integrated_gradients(Squares(), image, 0).values, image**2, atol=1e-5)


def test_integrated_gradients_of_the_built_in_network_add_up(trained: nn.Sequential, image: np.ndarray) -> None:
    found = integrated_gradients(trained, image, 7)
    assert found.values.sum() == pytest.approx(found.score - found.empty_score, rel=0.02)


def test_without_a_hidden_layer_each_pixel_gives_its_weight_times_its_ink(image: np.ndarray) -> None:
    torch.manual_seed(0)
    linear = build_model(ModelConfig(hidden=())).eval()
    weight = linear[-1].weight.detach().numpy()[4].reshape(28, 28)
    np.testing.assert_allclose(input_gradient(linear, image, 4), weight, atol=1e-7)
    np.testing.assert_allclose(integrated_gradients(linear, image, 4).values, weight * image, atol=1e-6)


def test_black_pixels_get_nothing(model: nn.Sequential, image: np.ndarray) -> None:
    assert not integrated_gradients(model, image, 7).values[image == 0].any()


def test_the_flip_changes_the_answer_and_a_shorter_step_does_not(trained: nn.Sequential, dataset: Dataset) -> None:
    for image in dataset.test.images[:10].astype(np.float32) / 255:
        flip = find_flip(trained, image)
        assert flip is not None
        assert np.linalg.norm(flip.direction) == pytest.approx(1, abs=1e-5)
        read = [
            int(trained(torch.tensor(take_step(image, flip, flip.size * share))[None]).argmax())
            for share in (0, 0.5, 0.99, 1)
        ]
        assert read == [flip.before, flip.before, flip.before, flip.after]
        assert flip.after != flip.before
        assert np.linalg.norm(take_step(image, flip, flip.size) - image) <= flip.size * (1 + 1e-5)


def test_without_a_hidden_layer_the_flip_is_as_far_as_the_formula_says() -> None:
    """On a grey picture nothing is cut, and the border between two linear scores is a plane."""
    torch.manual_seed(0)
    linear = build_model(ModelConfig(hidden=())).eval()
    grey = np.full((28, 28), 0.5, np.float32)
    with torch.no_grad():
        logits = linear(torch.tensor(grey)[None])[0]
    first, second = logits.topk(2).indices.tolist()
    apart = linear[-1].weight[second] - linear[-1].weight[first]
    flip = find_flip(linear, grey)
    assert flip is not None
    assert (flip.before, flip.after) == (first, second)
    assert flip.size == pytest.approx(float((logits[first] - logits[second]) / apart.detach().norm()), abs=1e-3)


def test_where_no_step_helps_there_is_no_flip(image: np.ndarray) -> None:
    deaf = build_model(ModelConfig(hidden=()))
    with torch.no_grad():
        deaf[-1].weight.zero_()
    assert find_flip(deaf.eval(), image) is None


def test_explaining_leaves_no_trace_in_the_network(model: nn.Sequential, image: np.ndarray) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    input_gradient(model, image, 1)
    integrated_gradients(model, image, 1)
    find_flip(model, image)
    loudest_units(model, image, 1)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_loudest_units_are_those_of_a_plain_loop(image: np.ndarray) -> None:
    torch.manual_seed(0)
    model = build_model(ModelConfig(hidden=(32,))).eval()
    weight, bias = (parameter.detach().numpy() for parameter in model[1].parameters())
    said = [max(0.0, float(weight[unit] @ image.ravel() + bias[unit])) for unit in range(32)]
    units = loudest_units(model, image, 5, num=6)
    assert [unit.number for unit in units] == sorted(range(32), key=lambda unit: -said[unit])[:6]
    out = model[-1].weight.detach().numpy()
    for unit in units:
        assert unit.activation == pytest.approx(said[unit.number], rel=1e-4)
        assert unit.effect == pytest.approx(said[unit.number] * out[5, unit.number], rel=1e-3)
        np.testing.assert_allclose(unit.weights, weight[unit.number].reshape(28, 28))
        assert unit.response is None


def test_effects_and_bias_make_the_score_with_one_hidden_layer(image: np.ndarray) -> None:
    torch.manual_seed(0)
    model = build_model(ModelConfig(hidden=(32,))).eval()
    units = loudest_units(model, image, 5, num=32)
    bias = float(model[-1].bias.detach()[5])
    assert sum(unit.effect for unit in units) + bias == pytest.approx(score(model, image, 5), rel=1e-4)


def test_filters_are_three_by_three_and_answer_with_a_picture(trained: nn.Sequential, image: np.ndarray) -> None:
    units = loudest_units(trained, image, 7)
    assert len(units) == 10
    for unit in units:
        assert unit.weights.shape == (3, 3)
        assert unit.response is not None
        assert unit.response.shape == (28, 28)
        assert unit.activation == pytest.approx(np.abs(unit.response).max())


@pytest.mark.parametrize("shape", [{"pools": ()}, {"pools": (1,)}, {"pools": (1,), "batch_norm": True, "dropout": 0.2}])
def test_a_filter_is_one_unit_whatever_follows_it(shape: dict[str, Any], image: np.ndarray) -> None:
    torch.manual_seed(0)
    model = build_model(ModelConfig(kind="cnn", channels=(8,), head="places", activation="tanh", **shape)).eval()
    units = loudest_units(model, image, 3)
    assert sorted(unit.number for unit in units) == list(range(8))
    assert {unit.response.shape if unit.response is not None else None for unit in units} == {(28, 28)}


def test_without_a_hidden_layer_the_units_are_the_digits(image: np.ndarray) -> None:
    torch.manual_seed(0)
    model = build_model(ModelConfig(hidden=())).eval()
    units = loudest_units(model, image, 2)
    assert sorted(unit.number for unit in units) == list(range(10))
    assert all(unit.effect == pytest.approx(unit.activation if unit.number == 2 else 0) for unit in units)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((27, 28), np.float32),
        np.zeros((1, 28, 28), np.float32),
        np.full((28, 28), np.nan),
        np.full((28, 28), 2.0),
    ],
)
def test_what_is_no_picture_is_refused(trained: nn.Sequential, image: np.ndarray) -> None:
    for ask in (lambda: input_gradient(trained, image, 1), lambda: integrated_gradients(trained, image, 1)):
        with pytest.raises(ImageError):
            ask()
    with pytest.raises(ImageError):
        find_flip(trained, image)
    with pytest.raises(ImageError):
        loudest_units(trained, image, 1)


def test_bytes_and_floats_are_explained_alike(trained: nn.Sequential, dataset: Dataset) -> None:
    picture = dataset.test.images[3]
    np.testing.assert_allclose(
        integrated_gradients(trained, picture, 0).values,
        integrated_gradients(trained, picture.astype(np.float32) / np.float32(255), 0).values,
        atol=1e-6,
    )


def test_several_pictures_are_told_from_one(trained: nn.Sequential, dataset: Dataset) -> None:
    with pytest.raises(ImageError, match=r"One image is \(28, 28\); got an array of shape \(1, 28, 28\).*images\[0\]"):
        input_gradient(trained, dataset.test.images[:1], 1)

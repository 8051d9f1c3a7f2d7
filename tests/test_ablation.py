"""Neurons switched off: so many of each layer, others for each picture, and nothing else of the network changed."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from mnistlab.ablation import PERCENT_OFF, ablation, dropout_left_on, kept
from mnistlab.config import ModelConfig
from mnistlab.data import Dataset, Split
from mnistlab.evaluation import evaluate
from mnistlab.models import build_model
from mnistlab.predict import load_predictor
from mnistlab.robustness import sample

KINDS = [
    ModelConfig(hidden=(16,)),
    ModelConfig(hidden=(16, 8), activation="none", batch_norm=True, dropout=0.5, normalise=True, deslant=True),
    ModelConfig(hidden=(8,), activation="gelu"),
    ModelConfig(kind="cnn", channels=(4, 8), batch_norm=True, dropout=0.2),
    ModelConfig(kind="cnn", channels=(4, 8), head="places", activation="tanh"),
]


def evaluate_as_it_is(model: nn.Module, split: Split) -> int:
    """How many are read by a model that is not put into eval mode first."""
    with torch.inference_mode():
        read = model(torch.tensor(split.images) / 255).argmax(1)
    return int((read == torch.tensor(split.labels)).sum())


def chance() -> torch.Generator:
    return torch.Generator().manual_seed(1)


@pytest.mark.parametrize("shape", [(7, 20), (7, 20, 3, 3)])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.33, 0.9, 1.0])
def test_each_picture_loses_that_many_units_of_its_own(shape: tuple[int, ...], share: float) -> None:
    ones = kept(torch.zeros(shape), share, chance())
    assert ones.shape == (*shape[:2], *[1] * (len(shape) - 2))
    assert set(ones.unique().tolist()) <= {0.0, 1.0}
    assert ones.flatten(1).sum(1).tolist() == [20 - round(share * 20)] * 7
    if 0 < share < 1:
        assert len({tuple(row.flatten().tolist()) for row in ones}) > 1


def test_every_unit_is_lost_as_often_as_any_other() -> None:
    lost = 1 - kept(torch.zeros(20_000, 10), 0.3, chance()).mean(0)
    torch.testing.assert_close(lost, torch.full((10,), 0.3), atol=0.02, rtol=0)


@pytest.mark.parametrize("config", KINDS)
def test_with_none_off_it_is_the_network_and_with_all_off_a_single_answer(
    config: ModelConfig, dataset: Dataset
) -> None:
    torch.manual_seed(0)
    model, split = build_model(config).eval(), sample(dataset.test, 60)
    none, all_off = ablation(model, split, [0, 100])
    assert (none.num_correct, none.num_images) == (int(evaluate(model, split).correct.sum()), 60)
    answer = int(model[-1].bias.argmax())  # nothing of the picture is left
    assert all_off.num_correct == int((split.labels == answer).sum())


def test_a_network_without_hidden_neurons_is_read_as_it_is(dataset: Dataset) -> None:
    model, split = build_model(ModelConfig(hidden=())).eval(), sample(dataset.test, 30)
    none, most = ablation(model, split, [0, 90])
    assert none.num_correct == most.num_correct


def test_what_is_switched_off_is_what_the_layer_passes_on(dataset: Dataset) -> None:
    """Against a network that has lost a neuron's weights for good, where every picture loses the same one."""
    torch.manual_seed(0)
    single = nn.Sequential(nn.Flatten(), nn.Linear(784, 1), nn.ReLU(), nn.Linear(1, 10)).eval()
    without = nn.Sequential(nn.Flatten(), nn.Linear(784, 1), nn.ReLU(), nn.Linear(1, 10)).eval()
    without.load_state_dict(single.state_dict())
    nn.init.zeros_(without[3].weight)
    split = sample(dataset.test, 60)
    (point,) = ablation(single, split, [100])
    assert point.num_correct == int(evaluate(without, split).correct.sum())


def test_a_trained_network_falls_the_more_the_more_is_off_and_is_left_as_it_was(dataset: Dataset) -> None:
    model, split = load_predictor("fast-cnn").network, sample(dataset.test, 200)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    curve = [point.num_correct for point in ablation(model, split)]
    assert len(curve) == len(PERCENT_OFF)
    assert curve[0] > 190 > curve[3] > curve[6] > 0
    assert curve == [point.num_correct for point in ablation(model, split)]
    torch.testing.assert_close(dict(model.state_dict()), before, atol=0, rtol=0)


@pytest.mark.parametrize("config", KINDS)
def test_dropout_that_is_left_on_is_that_of_the_config(config: ModelConfig, dataset: Dataset) -> None:
    torch.manual_seed(0)
    model, split = build_model(config).eval(), sample(dataset.test, 60)
    point = dropout_left_on(model, split)
    assert (point.amount, point.num_images) == (100 * config.dropout, 60)
    if not config.dropout:
        assert point.num_correct == int(evaluate(model, split).correct.sum())


def test_dropout_that_is_left_on_makes_up_for_what_it_silences() -> None:
    """As torch's does: of white pixels the quarter that is left is four times as bright."""

    class Brightest(nn.Module):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return -(pixels.amax(1, keepdim=True) - torch.arange(10)).square()

    white = Split("test", np.full((5, 28, 28), 255, np.uint8), np.full(5, 4))
    point = dropout_left_on(nn.Sequential(nn.Flatten(), nn.Dropout(0.75), Brightest()), white)
    assert (point.amount, point.num_correct) == (75, 5)


def test_dropout_that_is_left_on_costs_what_torchs_costs(dataset: Dataset) -> None:
    """As of the tutorial's F.dropout, which draws other random numbers."""
    model, split = copy.deepcopy(load_predictor("small-cnn").network), sample(dataset.test, 500)
    dropout = next(layer for layer in model if isinstance(layer, nn.Dropout))
    dropout.p = 0.9
    left_on = dropout_left_on(model, split)
    assert left_on == dropout_left_on(model, split)
    assert not model.training
    off = int(evaluate(model, split).correct.sum())
    torch.manual_seed(0)
    dropout.train()
    theirs = evaluate_as_it_is(model, split)
    assert off - 15 > left_on.num_correct
    assert abs(left_on.num_correct - theirs) < 30

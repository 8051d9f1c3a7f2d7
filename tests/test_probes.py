"""Probes: what is told of a network's inside is true, and telling it changes nothing."""

import time

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mnistlab import probes
from mnistlab.config import ModelConfig
from mnistlab.data import Dataset
from mnistlab.events import StepsTaken
from mnistlab.models import build_model
from mnistlab.probes import Probe, mean_gradients, share_of_dead_relus, weight_layers
from mnistlab.training import train
from tests import tiny

CPU = torch.device("cpu")


def network(*biases: float) -> nn.Sequential:
    """A ReLU for each bias, which alone decides whether it speaks."""
    layer = nn.Linear(784, len(biases))
    nn.init.zeros_(layer.weight)
    layer.bias.data = torch.tensor(biases)
    return nn.Sequential(nn.Flatten(), layer, nn.ReLU(), nn.Linear(len(biases), 10))


@pytest.mark.parametrize(("biases", "share"), [((1, 1), 0), ((-1, 1), 0.5), ((-1, -2), 1), ((-1, 0, 1, 1), 0.5)])
def test_a_relu_that_is_silent_for_every_image_is_dead(biases: tuple[float, ...], share: float) -> None:
    assert share_of_dead_relus(network(*map(float, biases)), torch.rand(5, 28, 28)) == share


def test_a_relu_that_speaks_for_one_image_is_alive() -> None:
    model = network(-0.5)
    model[1].weight.data[0, 0] = 1
    images = torch.zeros(5, 28, 28)
    assert share_of_dead_relus(model, images) == 1
    images[3, 0, 0] = 1
    assert share_of_dead_relus(model, images) == 0


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "gelu", "none"])
def test_other_neurons_cannot_be_dead(activation: str) -> None:
    model = build_model(ModelConfig(hidden=(8,), activation=activation))
    assert share_of_dead_relus(model, torch.rand(5, 28, 28)) is None


def test_a_channel_counts_as_one_relu() -> None:
    model = build_model(ModelConfig(kind="cnn", channels=(4,)))
    convolution = next(layer for layer in model if isinstance(layer, nn.Conv2d))
    nn.init.zeros_(convolution.weight)
    assert convolution.bias is not None
    convolution.bias.data = torch.tensor([-1.0, -1.0, -1.0, 1.0])
    assert share_of_dead_relus(model, torch.rand(5, 28, 28)) == 0.75


def test_gradients_are_means_of_absolute_values_by_layer() -> None:
    torch.manual_seed(0)
    model = build_model(ModelConfig(hidden=(8, 6)))
    F.cross_entropy(model(torch.rand(4, 28, 28)), torch.arange(4)).backward()
    layers = weight_layers(model)
    assert list(layers) == ["layer 1", "layer 2", "output"]
    gradients = [layer.weight.grad for layer in layers.values() if layer.weight.grad is not None]
    expected = [float(gradient.double().abs().mean()) for gradient in gradients]
    assert mean_gradients(layers.values()) == pytest.approx(expected)


def test_probing_leaves_gradients_mode_and_random_numbers_alone(tiny_dataset: Dataset) -> None:
    torch.manual_seed(0)
    model = build_model(ModelConfig(hidden=(8,), dropout=0.5, batch_norm=True)).train()
    F.cross_entropy(model(torch.rand(4, 28, 28)), torch.arange(4)).backward()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    gradients = gradients_of(model)
    position = torch.get_rng_state()
    Probe(tiny_dataset, CPU).measure(model)
    assert model.training
    assert tiny.same_weights(before, model.state_dict())
    assert all(map(torch.equal, gradients, gradients_of(model)))
    assert torch.equal(position, torch.get_rng_state())


def gradients_of(model: nn.Module) -> list[torch.Tensor]:
    return [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]


def test_every_report_carries_probes(tiny_dataset: Dataset) -> None:
    reports = [event for event in train(tiny.config(), tiny_dataset, report_every=0) if isinstance(event, StepsTaken)]
    for report in reports:
        assert report.probes is not None
        assert report.probes.layers == ["layer 1", "output"]
        assert all(size > 0 for size in report.probes.gradients)
        assert report.probes.dead is not None
        assert 0 <= report.probes.dead <= 1


def test_a_look_that_takes_long_is_taken_now_and_then(tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    model, images = build_model(ModelConfig(kind="cnn", channels=(4,))), []
    F.cross_entropy(model(torch.rand(4, 28, 28)), torch.arange(4)).backward()

    def look(model: nn.Module, pictures: torch.Tensor) -> float:
        images.append(len(pictures))
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
        return 0.5

    monkeypatch.setattr(probes, "share_of_dead_relus", look)
    monkeypatch.setattr(probes, "_REST", 10)
    probe = Probe(tiny_dataset, CPU, "cnn")
    found = [probe.measure(model) for _ in range(5)]
    assert [one.dead for one in found] == [0.5, None, None, None, None]
    assert all(len(one.gradients) == 2 for one in found)
    time.sleep(0.5)
    assert probe.measure(model).dead == 0.5
    assert images == [50, 50]

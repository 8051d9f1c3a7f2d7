"""Backpropagation by hand finds what autograd finds, and is used where it may be."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.utils.prune import random_unstructured

from mnistlab import training
from mnistlab.backprop import backpropagate, is_plain
from mnistlab.config import ModelConfig, TrainConfig
from mnistlab.linear import Linear
from mnistlab.models import build_model
from mnistlab.optimizers import build_optimizer
from mnistlab.training import train_step

PLAIN = {
    "no hidden layer": ModelConfig(hidden=()),
    "one": ModelConfig(hidden=(32,)),
    "wide": ModelConfig(hidden=(512,)),
    "deep": ModelConfig(hidden=(40, 30, 20), dropout=0.3),
    "narrow": ModelConfig(hidden=(1, 1)),
    "prepared": ModelConfig(hidden=(16,), deslant=True, normalise=True, dropout=0.9),
}
OTHERS = {
    "sigmoid": ModelConfig(hidden=(8,), activation="sigmoid"),
    "linear": ModelConfig(hidden=(8,), activation="none"),
    "batch norm": ModelConfig(hidden=(8,), batch_norm=True),
    "cnn": ModelConfig(kind="cnn", channels=(4, 4)),
}


def a_batch(num_images: int = 20) -> tuple[torch.Tensor, torch.Tensor]:
    """Random strokes and labels."""
    ink = torch.rand(num_images, 28, 28)
    return ink * (ink > 0.7), torch.randint(0, 10, (num_images,))


def by_autograd(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, smoothing: float) -> list[torch.Tensor]:
    """Loss, logits and gradients."""
    logits = model(images)
    loss = F.cross_entropy(logits, labels, label_smoothing=smoothing)
    loss.backward()
    return [loss.detach(), logits.detach(), *gradients(model)]


def gradients(model: nn.Module) -> list[torch.Tensor]:
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


@pytest.mark.parametrize("smoothing", [0, 0.3])
@pytest.mark.parametrize("num_images", [1, 20, 128])
@pytest.mark.parametrize("config", PLAIN.values(), ids=PLAIN)
def test_loss_logits_and_gradients_are_autograds(config: ModelConfig, num_images: int, smoothing: float) -> None:
    torch.manual_seed(0)
    ours = build_model(config)
    theirs = copy.deepcopy(ours)
    images, labels = a_batch(num_images)
    assert is_plain(ours, images)
    torch.manual_seed(1)  # the same neurons are silenced
    found = [*backpropagate(ours, images, labels, smoothing), *gradients(ours)]
    torch.manual_seed(1)
    expected = by_autograd(theirs, images, labels, smoothing)
    assert len(found) == len(expected) == 2 + len(list(ours.parameters()))
    for mine, its in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_step_for_step_it_learns_what_autograd_learns(optimizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    ours = build_model(PLAIN["deep"])
    theirs = copy.deepcopy(ours)
    batch = a_batch()
    losses = []
    for model, may in ((ours, is_plain), (theirs, lambda *_: False)):
        monkeypatch.setattr(training, "is_plain", may)
        steps = build_optimizer(TrainConfig(optimizer=optimizer, learning_rate=1e-2), model)
        torch.manual_seed(1)
        losses.append([train_step(model, steps, *batch)[0].item() for _ in range(60)])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert sum(losses[0][-10:]) < sum(losses[0][:10])


def test_a_step_of_a_plain_network_leaves_autograd_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "backward", lambda *_: pytest.fail("autograd was asked"))
    model = build_model(PLAIN["deep"])
    loss, logits = train_step(model, torch.optim.SGD(model.parameters(), 0.1), *a_batch())
    assert not loss.requires_grad
    assert not logits.requires_grad


def test_bfloat16_is_left_to_autograd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "backpropagate", lambda *_: pytest.fail("computed by hand"))
    model = build_model(PLAIN["one"])
    train_step(model, torch.optim.SGD(model.parameters(), 0.1), *a_batch(), precision="bfloat16")
    assert len(gradients(model)) == 4


@pytest.mark.parametrize("config", OTHERS.values(), ids=OTHERS)
def test_other_networks_are_left_to_autograd(config: ModelConfig) -> None:
    assert not is_plain(build_model(config), a_batch()[0])


def test_a_network_that_is_asked_or_wrapped_is_left_alone() -> None:
    images = a_batch()[0]
    assert not is_plain(build_model(PLAIN["deep"]).eval(), images)
    assert not is_plain(nn.ModuleList([build_model(PLAIN["one"])]), images)


def frozen(model: nn.Sequential) -> None:
    model[1].requires_grad_(False)


def without_its_dropout(model: nn.Sequential) -> None:
    model[3].eval()


def watched(model: nn.Sequential) -> None:
    model[2].register_forward_hook(lambda *_: None)


def without_a_bias(model: nn.Sequential) -> None:
    model[1] = Linear(784, 40, bias=False)


def with_a_layer_twice(model: nn.Sequential) -> None:
    model[5] = model[2]


def pruned(model: nn.Sequential) -> None:
    random_unstructured(model[1], "weight", amount=0.5)


def with_weights_twice(model: nn.Sequential) -> None:
    model[4], model[7] = nn.Linear(40, 40), nn.Linear(40, 40)
    model[7].weight = model[4].weight


def watched_as_a_whole(model: nn.Sequential) -> None:
    model.register_forward_hook(lambda *_: None)


def watched_backwards(model: nn.Sequential) -> None:
    model[4].register_full_backward_pre_hook(lambda *_: None)


def watched_after_going_backwards(model: nn.Sequential) -> None:
    model[4].register_full_backward_hook(lambda *_: None)


def with_a_weight_watched_once_it_has_its_gradient(model: nn.Sequential) -> None:
    model[4].weight.register_post_accumulate_grad_hook(lambda _: None)


def with_a_watched_weight(model: nn.Sequential) -> None:
    model[4].weight.register_hook(lambda gradient: 2 * gradient)


CHANGES = [frozen, without_its_dropout, watched, without_a_bias, with_a_layer_twice, pruned]
CHANGES += [with_weights_twice, watched_as_a_whole, watched_backwards, with_a_watched_weight]
CHANGES += [watched_after_going_backwards, with_a_weight_watched_once_it_has_its_gradient]


@pytest.mark.parametrize("change", CHANGES)
def test_a_network_that_somebody_has_changed_is_left_to_autograd(change: Callable[[nn.Sequential], None]) -> None:
    model = build_model(PLAIN["deep"])
    images = a_batch()[0]
    assert is_plain(model, images)
    change(model)
    assert not is_plain(model, images)


def test_a_sequence_of_another_kind_is_left_to_autograd() -> None:
    class Doubled(nn.Sequential):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(input)

    assert not is_plain(Doubled(*build_model(PLAIN["one"])), a_batch()[0])


def test_where_others_compute_in_bfloat16_it_is_left_to_autograd() -> None:
    model, images = build_model(PLAIN["one"]), a_batch()[0]
    with torch.autocast("cpu", torch.bfloat16):
        assert not is_plain(model, images)
    assert not is_plain(model.bfloat16(), images.bfloat16())


def test_images_that_are_not_on_the_cpu_are_left_to_autograd() -> None:
    model = build_model(PLAIN["one"])
    assert not is_plain(model, torch.empty(4, 28, 28, device="meta"))
    with FakeTensorMode():
        assert not is_plain(model, torch.empty(4, 28, 28))


def test_what_is_no_number_stays_none() -> None:
    """Or a training that diverges would not be noticed."""
    model = build_model(PLAIN["one"])
    images, labels = a_batch()
    images[0, 0, 0] = torch.nan
    loss, _ = backpropagate(model, images, labels)
    assert loss.isnan()
    assert all(gradient.isnan().any() for gradient in gradients(model))

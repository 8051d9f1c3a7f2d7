"""Our dropout is torch's: the same share silenced, the rest enlarged, nothing done while testing."""

import numpy as np
import pytest
import torch
from torch import nn

from mnistlab.data import Dataset
from mnistlab.dropout import Dropout
from mnistlab.events import TrainingStarted
from mnistlab.training import train
from tests import tiny


@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
def test_the_share_that_is_silenced_and_what_is_left_are_torchs(share: float) -> None:
    torch.manual_seed(0)
    ours, theirs = Dropout(share)(torch.ones(400, 512)), nn.Dropout(share)(torch.ones(400, 512))
    for answers in (ours, theirs):
        assert (answers == 0).float().mean().item() == pytest.approx(share, abs=0.005)
    assert ours.unique().tolist() == pytest.approx(theirs.unique().tolist())


def test_neurons_are_silenced_each_on_its_own() -> None:
    torch.manual_seed(0)
    silenced = Dropout(0.5)(torch.ones(5000, 8)) == 0
    assert (torch.corrcoef(silenced.float().T) - torch.eye(8)).abs().max() < 0.06


def test_a_silenced_neuron_learns_nothing() -> None:
    torch.manual_seed(0)
    features = torch.ones(4, 100, requires_grad=True)
    answers = Dropout(0.3)(features)
    answers.sum().backward()
    assert features.grad is not None
    torch.testing.assert_close(features.grad, answers.detach())  # of ones: 0 or 1 / 0.7


def test_nothing_is_silenced_while_testing() -> None:
    features = torch.rand(3, 5)
    assert Dropout(0.5).eval()(features) is features


def test_the_same_seed_silences_the_same_neurons() -> None:
    masks = []
    for _ in range(2):
        torch.manual_seed(7)
        masks.append(Dropout(0.5)(torch.ones(20, 30)))
    assert torch.equal(*masks)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_keeps_the_features_device_and_type(dtype: torch.dtype) -> None:
    answers = Dropout(0.3)(torch.empty(20, 512, device="meta", dtype=dtype))
    assert (answers.device.type, answers.dtype, answers.shape) == ("meta", dtype, (20, 512))


def test_a_network_that_has_been_trained_reads_without_dropout(tiny_dataset: Dataset) -> None:
    """Whoever takes it from the training's first event has not put it in eval mode."""
    started, *_ = train(tiny.config({"dropout": 0.5, "batch_norm": True}, epochs=1), tiny_dataset)
    assert isinstance(started, TrainingStarted)
    images = torch.from_numpy(tiny_dataset.test.images[:20] / np.float32(255))
    first, again = started.state.model(images), started.state.model(images)
    assert torch.equal(first, again)


def test_a_network_whose_training_was_left_early_reads_without_dropout(tiny_dataset: Dataset) -> None:
    events = train(tiny.config({"dropout": 0.5}, epochs=3), tiny_dataset, report_every=0)
    started = next(events)
    assert isinstance(started, TrainingStarted)
    next(events)
    assert started.state.model.training
    events.close()
    assert not started.state.model.training

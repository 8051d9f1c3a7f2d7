"""A training goes on from any event, bit for bit."""

import itertools

import pytest
import torch

from mnistlab.config import RunConfig
from mnistlab.data import Dataset
from mnistlab.errors import ConfigError
from mnistlab.events import StepsTaken, TrainingEnded, TrainingStarted
from mnistlab.training import train
from tests import tiny
from tests.tiny import same_weights, weights_of
from tests.varied import EACH_STEP, each_varied, figures


@each_varied
def test_a_training_goes_on_from_any_event_bit_for_bit(tiny_dataset: Dataset, varied: RunConfig) -> None:
    whole, checkpoints = [], []
    for event in train(varied, tiny_dataset, report_every=EACH_STEP):
        whole.append(event)
        assert isinstance(whole[0], TrainingStarted)
        checkpoints.append(whole[0].state.checkpoint())
    told = [figures(event) for event in whole]
    weights = weights_of(whole)
    for index, checkpoint in enumerate(checkpoints[:-1]):
        torch.manual_seed(index)  # whatever else happens in the process that goes on
        resumed = list(train(varied, tiny_dataset, checkpoint, report_every=EACH_STEP))
        assert [figures(event) for event in resumed[1:]] == told[index + 1 :], f"after event {index}, {told[index]}"
        assert same_weights(weights_of(resumed), weights)


def test_a_training_goes_on_in_the_middle_of_a_chunk(tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistlab.batches.CHUNK_IMAGES", 90)
    config = tiny.config({"dropout": 0.3}, {"rotation": 20, "use": "double"}, optimizer="adam", batch_size=30, epochs=1)
    whole, checkpoints = [], []
    for event in train(config, tiny_dataset, report_every=EACH_STEP):
        whole.append(event)
        assert isinstance(whole[0], TrainingStarted)
        checkpoints.append(whole[0].state.checkpoint())
    for checkpoint in checkpoints[6:11]:
        assert same_weights(weights_of(train(config, tiny_dataset, checkpoint)), weights_of(whole))


def test_a_finished_training_has_nothing_left_to_do(tiny_dataset: Dataset) -> None:
    events = list(train(tiny.config(), tiny_dataset))
    assert isinstance(events[0], TrainingStarted)
    resumed = list(train(tiny.config(), tiny_dataset, events[0].state.checkpoint()))
    assert [type(event) for event in resumed] == [TrainingStarted, TrainingEnded]


def test_a_resumed_training_adds_to_its_seconds(tiny_dataset: Dataset) -> None:
    events = train(tiny.config(), tiny_dataset, report_every=EACH_STEP)
    started, *_, stopped = itertools.islice(events, 6)
    assert isinstance(started, TrainingStarted)
    assert isinstance(stopped, StepsTaken)
    *_, ended = train(tiny.config(), tiny_dataset, started.state.checkpoint())
    assert isinstance(ended, TrainingEnded)
    assert ended.seconds > stopped.seconds > 0


def test_a_checkpoint_of_another_network_is_refused(tiny_dataset: Dataset) -> None:
    started = next(train(tiny.config({"hidden": (8,)}), tiny_dataset))
    assert isinstance(started, TrainingStarted)
    with pytest.raises(ConfigError, match="belongs to another network"):
        next(train(tiny.config({"hidden": (9,)}), tiny_dataset, started.state.checkpoint()))

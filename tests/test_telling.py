"""What a training tells: every step once, every epoch with true figures."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mnistlab.data import Dataset
from mnistlab.events import EpochEnded, StepsTaken, TrainingStarted
from mnistlab.training import train
from tests import tiny
from tests.tiny import epochs_of
from tests.varied import EACH_STEP, NEVER, VARIED


def test_events_come_in_their_order(tiny_dataset: Dataset) -> None:
    events = list(train(tiny.config(), tiny_dataset, report_every=NEVER))
    assert [type(event).__name__ for event in events] == [
        "TrainingStarted",
        "EpochEnded",
        *("StepsTaken", "EpochEnded") * 2,
        "TrainingEnded",
    ]


def test_start_tells_the_length_and_the_size(tiny_dataset: Dataset) -> None:
    started = next(train(tiny.config({"hidden": ()}, batch_size=64, epochs=3), tiny_dataset))
    assert isinstance(started, TrainingStarted)
    assert (started.steps_per_epoch, started.num_steps, started.num_parameters) == (8, 24, 7850)
    assert started.device.startswith("CPU")


@pytest.mark.parametrize("report_every", [EACH_STEP, 0.002, NEVER])
def test_every_step_is_reported_once(tiny_dataset: Dataset, report_every: float) -> None:
    events = list(train(tiny.config(batch_size=7, epochs=3), tiny_dataset, report_every=report_every))
    reports = [event for event in events if isinstance(event, StepsTaken)]
    steps = [step for report in reports for step in range(report.first_step, report.step + 1)]
    assert steps == list(range(1, 72 * 3 + 1))  # 500 images are 71 batches of 7 and one of 3
    assert [len(report.losses) for report in reports] == [report.step - report.first_step + 1 for report in reports]


def test_epochs_are_told_with_the_step_that_ended_them(tiny_dataset: Dataset) -> None:
    ended = epochs_of(train(tiny.config(epochs=3), tiny_dataset))
    assert [(event.epoch, event.step) for event in ended] == [(0, 0), (1, 5), (2, 10), (3, 15)]


def test_epochs_figures_sum_up_their_steps(tiny_dataset: Dataset) -> None:
    events = list(train(tiny.config(epochs=2), tiny_dataset, report_every=EACH_STEP))
    reports = [event for event in events if isinstance(event, StepsTaken)]
    for ended in epochs_of(events)[1:]:
        within = reports[(ended.epoch - 1) * 5 : ended.epoch * 5]
        assert ended.train_loss == pytest.approx(np.mean([report.losses[0] for report in within]))
        assert ended.train_accuracy == pytest.approx(np.mean([report.accuracy for report in within]))


def test_epochs_validate_the_network_as_it_is_then(tiny_dataset: Dataset) -> None:
    for event in train(VARIED["adam"], tiny_dataset):
        if isinstance(event, TrainingStarted):
            model = event.state.model
        if isinstance(event, EpochEnded):
            images = torch.tensor(tiny_dataset.validation.images) / 255
            labels = torch.tensor(tiny_dataset.validation.labels)
            with torch.no_grad():
                logits = model.eval()(images)
            model.train()
            assert event.validation_loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
            assert event.validation_accuracy == pytest.approx((logits.argmax(1) == labels).float().mean().item())


def test_the_untrained_network_is_told_only_where_something_is_held_out(tiny_dataset: Dataset) -> None:
    with_validation, without = (epochs_of(train(tiny.config(validation_size=size), tiny_dataset)) for size in (50, 0))
    assert [event.epoch for event in with_validation] == [0, 1, 2]
    assert [event.epoch for event in without] == [1, 2]
    assert (with_validation[0].train_loss, with_validation[0].train_accuracy) == (None, None)
    assert (without[0].validation_loss, without[0].validation_accuracy) == (None, None)

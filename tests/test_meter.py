"""The meter: every step is told once, and an epoch's figures are those of its steps."""

import re

import numpy as np
import pytest
import torch

from mnistlab import meter as meter_module
from mnistlab.errors import DivergedError
from mnistlab.meter import Meter, Tally

FAR = 1e9  # seconds: never due by time


def one_step(meter: Meter, loss: float, num_hits: int = 1, num_images: int = 2) -> None:
    """A step over images of digit 1, of which `num_hits` are read as 1 and the rest as 0."""
    logits = torch.zeros(num_images, 10)
    logits[:num_hits, 1] = 1
    meter.add(torch.tensor(loss), logits, torch.ones(num_images, dtype=torch.int64))


def test_a_report_holds_the_steps_since_the_last() -> None:
    meter = Meter(Tally(), steps_per_epoch=4, report_every=FAR)
    one_step(meter, 3.0)
    one_step(meter, 2.0)
    first = meter.report(0.1, seconds=2)
    one_step(meter, 1.0)
    second = meter.report(0.05, seconds=3)
    assert (first.first_step, first.step, first.losses.tolist()) == (1, 2, [3.0, 2.0])
    assert (second.first_step, second.step, second.losses.tolist()) == (3, 3, [1.0])
    assert (first.epoch, second.epoch) == (0.5, 0.75)
    assert (first.learning_rate, second.learning_rate) == (0.1, 0.05)
    assert first.losses.dtype == np.float32


def test_a_reports_losses_are_not_overwritten_by_later_steps() -> None:
    meter = Meter(Tally(), 4, FAR)
    one_step(meter, 3.0)
    report = meter.report(0.1, 1)
    one_step(meter, 9.0)
    assert report.losses.tolist() == [3.0]


def test_accuracy_counts_images_not_steps() -> None:
    meter = Meter(Tally(), 4, FAR)
    one_step(meter, 1.0, num_hits=1, num_images=1)
    one_step(meter, 1.0, num_hits=0, num_images=9)
    assert meter.report(0.1, 1).accuracy == pytest.approx(0.1)


def test_speed_is_images_over_seconds_of_the_whole_run() -> None:
    meter = Meter(Tally(), 4, FAR)
    one_step(meter, 1.0, num_images=10)
    assert meter.report(0.1, seconds=2).images_per_second == 5
    one_step(meter, 1.0, num_images=20)
    assert meter.report(0.1, seconds=4).images_per_second == 7.5


def test_an_epoch_sums_up_its_own_steps_only() -> None:
    tally, ended = Tally(), None
    meter = Meter(tally, 2, FAR)
    for loss, num_hits in ((8.0, 0), (6.0, 0), (3.0, 2), (1.0, 1)):
        one_step(meter, loss, num_hits)
        meter.report(0.1, 1)
        assert not tally.epoch_is_told
        if meter.step % 2 == 0:
            before, ended = ended, meter.epoch_ended(meter.step // 2, 1, 0.5, 0.9)
    assert tally.epoch_is_told
    assert before is not None
    assert (before.train_loss, before.train_accuracy) == (7.0, 0.0)
    assert (ended.epoch, ended.step) == (2, 4)
    assert (ended.train_loss, ended.train_accuracy) == (2.0, 0.75)
    assert (ended.validation_loss, ended.validation_accuracy) == (0.5, 0.9)


def test_an_epoch_without_steps_has_no_training_figures() -> None:
    ended = Meter(Tally(), 2, FAR).epoch_ended(0, 0.0, 2.3, 0.1)
    assert (ended.train_loss, ended.train_accuracy, ended.images_per_second) == (None, None, 0)


def test_a_meter_is_due_after_its_time() -> None:
    for report_every, is_due in ((0, True), (FAR, False)):
        meter = Meter(Tally(), 4, report_every)
        one_step(meter, 1.0)
        assert meter.is_due() == is_due


def test_a_meter_without_steps_is_never_due() -> None:
    assert not Meter(Tally(), 4, report_every=0).is_due()


def test_first_reports_come_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    meter, pauses = Meter(Tally(), 1000, report_every=8), []
    now += 50  # the epoch 0 is being validated
    for _ in range(5):
        begun = now
        one_step(meter, 1.0)
        while not meter.is_due():
            now += 0.5
            one_step(meter, 1.0)
        meter.report(0.1, 1)
        pauses.append(now - begun)
    assert pauses == [1, 2, 4, 8, 8]


def test_a_full_meter_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter_module, "CAPACITY", 3)
    meter = Meter(Tally(), 100, FAR)
    for _ in range(3):
        assert not meter.is_due()
        one_step(meter, 1.0)
    assert meter.is_due()
    assert len(meter.report(0.1, 1).losses) == 3
    assert not meter.is_due()
    assert not meter.has_news()


def test_a_meter_is_full_of_images_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter_module, "MAX_IMAGES", 30)
    meter = Meter(Tally(), 100, FAR)
    one_step(meter, 1.0, num_images=29)
    assert not meter.is_due()
    one_step(meter, 1.0, num_images=1)
    assert meter.is_due()
    meter.report(0.1, 1)
    assert not meter.is_due()


def test_steps_are_counted_before_they_are_reported() -> None:
    meter = Meter(Tally(step=40), 4, FAR)
    one_step(meter, 1.0)
    assert meter.step == 41
    assert meter.has_news()


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), float("-inf")])
def test_a_loss_that_is_no_number_names_its_step_and_a_cure(loss: float) -> None:
    meter = Meter(Tally(step=1200), 4, FAR)
    for value in (1.0, loss, float("nan")):
        one_step(meter, value)
    with pytest.raises(DivergedError, match=re.escape("since step 1,202")) as caught:
        meter.report(0.5, 1)
    assert "learning rate 0.5" in str(caught.value)
    assert "0.05 or less" in str(caught.value)


def test_the_steps_before_a_loss_that_is_no_number_are_told_with_it() -> None:
    meter = Meter(Tally(), 10, FAR)
    for loss, num_hits in ((3.0, 2), (5.0, 1), (float("nan"), 2), (1.0, 2)):
        one_step(meter, loss, num_hits)
    with pytest.raises(DivergedError, match="since step 3") as caught:
        meter.report(0.5, 1)
    told = caught.value.last
    assert told is not None
    assert (told.first_step, told.step, told.losses.tolist(), told.accuracy) == (1, 2, [3.0, 5.0], 0.75)


def test_nothing_is_told_with_a_first_loss_that_is_no_number() -> None:
    meter = Meter(Tally(), 10, FAR)
    one_step(meter, float("inf"))
    with pytest.raises(DivergedError, match="since step 1") as caught:
        meter.report(0.5, 1)
    assert caught.value.last is None

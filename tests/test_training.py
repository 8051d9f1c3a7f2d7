"""Training: deterministic, equal to a loop written by hand, and interruptible at any event without a trace."""

import functools
import itertools
import re
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mnistlab import training
from mnistlab.batches import Batches
from mnistlab.config import ModelConfig, RunConfig, TrainConfig
from mnistlab.data import Dataset, Split
from mnistlab.errors import ConfigError, DataError, DivergedError
from mnistlab.events import Event, StepsTaken, TrainingEnded, TrainingStarted
from mnistlab.models import build_model
from mnistlab.optimizers import build_optimizer
from mnistlab.training import train, train_step
from tests import tiny
from tests.tiny import epochs_of, losses_of, same_weights, weights_of
from tests.varied import EACH_STEP, NEVER, VARIED, each_varied, watch_steps

CPU = torch.device("cpu")


@each_varied
def test_same_seed_gives_same_weights(tiny_dataset: Dataset, varied: RunConfig) -> None:
    first, second = (list(train(varied, tiny_dataset)) for _ in range(2))
    assert same_weights(weights_of(first), weights_of(second))
    assert losses_of(first) == losses_of(second)


def test_another_seed_gives_other_weights(tiny_dataset: Dataset) -> None:
    first, second = (weights_of(train(tiny.config(seed=seed), tiny_dataset)) for seed in (0, 1))
    assert not same_weights(first, second)


@each_varied
def test_reporting_more_often_changes_nothing(tiny_dataset: Dataset, varied: RunConfig) -> None:
    often, rarely = (list(train(varied, tiny_dataset, report_every=every)) for every in (EACH_STEP, NEVER))
    assert same_weights(weights_of(often), weights_of(rarely))
    assert losses_of(often) == losses_of(rarely)


@each_varied
def test_random_numbers_drawn_by_the_consumer_change_nothing(tiny_dataset: Dataset, varied: RunConfig) -> None:
    undisturbed = list(train(varied, tiny_dataset, report_every=EACH_STEP))
    disturbed: list[Event] = []
    for event in train(varied, tiny_dataset, report_every=EACH_STEP):
        torch.manual_seed(len(disturbed))
        torch.rand(1000)
        disturbed.append(event)
    assert same_weights(weights_of(disturbed), weights_of(undisturbed))


def test_training_does_not_disturb_the_consumers_random_numbers(tiny_dataset: Dataset) -> None:
    torch.manual_seed(1)
    expected = torch.rand(20)
    torch.manual_seed(1)
    events = train(VARIED["adam"], tiny_dataset, report_every=EACH_STEP)
    drawn = [torch.rand(1) for _ in itertools.islice(events, 10)]
    events.close()  # type: ignore[attr-defined]  # it is a generator
    assert torch.equal(torch.cat([*drawn, torch.rand(10)]), expected)


def test_events_leave_gradients_switched_on(tiny_dataset: Dataset) -> None:
    for _ in train(VARIED["sgd"], tiny_dataset, report_every=EACH_STEP):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def test_losses_equal_a_loop_written_by_hand(tiny_dataset: Dataset) -> None:
    config = tiny.config({"hidden": (16,)}, shuffle=False, validation_size=0, batch_size=50, learning_rate=0.1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))
    by_hand = []
    for _ in range(2):
        for start in range(0, 600, 50):
            images = torch.tensor(tiny_dataset.source.images[start : start + 50]).float() / 255
            labels = torch.tensor(tiny_dataset.source.labels[start : start + 50])
            loss = F.cross_entropy(model(images), labels)
            gradients = torch.autograd.grad(loss, list(model.parameters()))
            with torch.no_grad():
                for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                    parameter.sub_(0.1 * gradient)
            by_hand.append(loss.item())
    np.testing.assert_allclose(losses_of(train(config, tiny_dataset)), by_hand, rtol=1e-4)


def test_accuracy_is_measured_before_the_step(tiny_dataset: Dataset) -> None:
    config = tiny.config(shuffle=False, epochs=1)
    _, *events = train(config, tiny_dataset, report_every=EACH_STEP)
    torch.manual_seed(config.train.seed)
    untrained = build_model(config.model)
    first = next(event for event in events if isinstance(event, StepsTaken))
    images, labels = tiny_dataset.train.images[:100], tiny_dataset.train.labels[:100]
    predictions = untrained(torch.tensor(images) / 255).argmax(1).numpy()
    assert first.accuracy == pytest.approx((predictions == labels).mean())


def test_label_smoothing_is_in_the_loss(tiny_dataset: Dataset) -> None:
    """0.3 of certainty over ten digits: 0.7 of the plain loss and 0.3 of the mean over all digits."""
    model = build_model(ModelConfig(hidden=()))
    images, labels = torch.tensor(tiny_dataset.test.images) / 255, torch.tensor(tiny_dataset.test.labels)
    log_probabilities = model(images).log_softmax(1)
    expected = 0.7 * F.nll_loss(log_probabilities, labels) - 0.3 * log_probabilities.mean()
    loss, _ = train_step(model, torch.optim.SGD(model.parameters(), 0.1), images, labels, label_smoothing=0.3)
    torch.testing.assert_close(loss, expected.detach())


@pytest.mark.parametrize(
    "model", [{"hidden": (32,)}, {"kind": "cnn", "channels": (8, 16, 32, 64), "batch_norm": True}], ids=["mlp", "cnn"]
)
def test_64_digits_are_learned_by_heart(tiny_dataset: Dataset, model: dict[str, Any]) -> None:
    split = Split("source", tiny_dataset.source.images[:64].copy(), tiny_dataset.source.labels[:64].copy())
    digits = Dataset("mnist", split, tiny_dataset.test, 0)
    config = tiny.config(model, optimizer="adam", learning_rate=1e-2, batch_size=16, epochs=30, validation_size=0)
    last = epochs_of(train(config, digits))[-1]
    assert last.train_accuracy == 1
    assert last.train_loss is not None
    assert last.train_loss < 0.2


def test_validation_images_are_never_in_a_batch(tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watch_steps(monkeypatch)
    list(train(tiny.config(epochs=2), tiny_dataset))
    learned = {image.tobytes() for images, _ in seen for image in (images * 255).round().to(torch.uint8).numpy()}
    assert learned == {image.tobytes() for image in tiny_dataset.train.images}
    assert learned.isdisjoint(image.tobytes() for image in tiny_dataset.validation.images)


def test_the_config_decides_how_many_are_held_out(tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watch_steps(monkeypatch)
    list(train(tiny.config(epochs=1, validation_size=0), tiny_dataset))
    assert sum(len(labels) for _, labels in seen) == 600


def test_holding_out_more_than_there_is_raises(tiny_dataset: Dataset) -> None:
    with pytest.raises(DataError, match="600 validation images"):
        next(train(tiny.config(validation_size=600), tiny_dataset))


def test_another_data_set_than_the_configs_raises(tiny_dataset: Dataset) -> None:
    config = tiny.config().model_copy(update={"dataset": "kmnist"})
    with pytest.raises(DataError, match="learns from kmnist, but it was given mnist"):
        next(train(config, tiny_dataset))


def test_learning_rate_follows_its_schedule(tiny_dataset: Dataset) -> None:
    config = tiny.config(schedule="cosine", learning_rate=0.2)
    events = train(config, tiny_dataset, report_every=EACH_STEP)
    rates = [event.learning_rate for event in events if isinstance(event, StepsTaken)]
    assert rates == pytest.approx([0.1 * (1 + np.cos(np.pi * step / 10)) for step in range(10)])


def test_stopping_to_iterate_stops_the_training(tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watch_steps(monkeypatch)
    events = train(tiny.config(epochs=100), tiny_dataset, report_every=EACH_STEP)
    for event in events:
        if isinstance(event, StepsTaken) and event.step == 7:
            break
    events.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(seen) == 7


def test_no_step_is_taken_before_it_is_asked_for(tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watch_steps(monkeypatch)
    events = train(tiny.config(validation_size=0), tiny_dataset, report_every=EACH_STEP)
    started = next(events)
    assert isinstance(started, TrainingStarted)
    assert (len(seen), started.state.step) == (0, 0)
    next(events)
    assert (len(seen), started.state.step) == (1, 1)


def test_time_spent_by_the_consumer_is_not_counted(tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    ended = None
    for event in train(tiny.config(epochs=1), tiny_dataset, report_every=NEVER):
        for _ in range(1000):
            next(clock)  # a second each
        ended = event
    assert isinstance(ended, TrainingEnded)
    assert 0 < ended.seconds < 1000


def test_a_diverging_run_names_its_first_bad_step(tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    losses: list[float] = []
    really_step = training.train_step

    def step(*arguments: Any) -> Any:
        loss, logits = really_step(*arguments)
        losses.append(loss.item())
        return loss, logits

    monkeypatch.setattr(training, "train_step", step)
    config = tiny.config({"hidden": (64, 64), "activation": "none"}, learning_rate=100, epochs=20)
    with pytest.raises(DivergedError, match="learning rate 100") as caught:
        list(train(config, tiny_dataset, report_every=NEVER))
    first_bad = 1 + int(np.flatnonzero(~np.isfinite(losses))[0])
    assert re.search(rf"since step {first_bad}\b", str(caught.value))


def test_under_a_schedule_the_highest_rate_so_far_is_to_blame(tiny_dataset: Dataset) -> None:
    shape = {"hidden": (64, 64), "activation": "none"}
    config = tiny.config(shape, learning_rate=100, schedule="cosine", epochs=20)
    with pytest.raises(DivergedError, match=r"\(learning rate 100\)\. Try a learning rate of 10 or less"):
        list(train(config, tiny_dataset, report_every=NEVER))


def test_a_rate_that_was_set_on_the_way_is_to_blame(tiny_dataset: Dataset) -> None:
    started, *_ = train(tiny.config(epochs=1, learning_rate=0.1), tiny_dataset, rate_changes=[(2, 0.5)])
    assert isinstance(started, TrainingStarted)
    assert started.state.highest_rate == 0.5


def test_a_diverging_run_has_told_all_steps_before(tiny_dataset: Dataset) -> None:
    config = tiny.config({"hidden": (64, 64), "activation": "none"}, learning_rate=100, epochs=20)
    told: list[Event] = []
    with pytest.raises(DivergedError) as caught:
        told.extend(train(config, tiny_dataset, report_every=EACH_STEP))
    # extend keeps what came before the error
    assert np.isfinite(losses_of(told)).all()
    assert f"since step {len(losses_of(told)) + 1}" in str(caught.value)


def test_a_missing_device_is_told_before_anything_is_built(
    tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: None)
    with pytest.raises(ConfigError, match="'cuda' is not on this machine"):
        next(train(tiny.config(device="cuda"), tiny_dataset))


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_a_step_stays_on_its_device(optimizer: Any, kind: Any) -> None:
    """The meta device has no numbers and no GPU behind it; a tensor left on the CPU raises."""
    config = ModelConfig(kind=kind, hidden=(8,), channels=(4, 4), dropout=0.2, batch_norm=True, normalise=True)
    model = build_model(config).to("meta")
    settings = TrainConfig(optimizer=optimizer, momentum=0.9 if optimizer in ("sgd", "rmsprop") else 0)
    images, labels = torch.empty(4, 28, 28, device="meta"), torch.empty(4, dtype=torch.int64, device="meta")
    loss, logits = train_step(model, build_optimizer(settings, model), images, labels)
    assert (loss.device.type, logits.device.type) == ("meta", "meta")


def test_a_run_learns_from_the_batches_of_its_config(tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watch_steps(monkeypatch)
    config = VARIED["adam"]
    list(train(config, tiny_dataset))
    split = tiny_dataset.hold_out(config.train.validation_size).train
    expected: Iterator[tuple[torch.Tensor, torch.Tensor]] = itertools.chain.from_iterable(
        Batches(config, split, CPU).of_epoch(epoch) for epoch in range(2)
    )
    for (images, labels), (expected_images, expected_labels) in zip(seen, expected, strict=True):
        assert torch.equal(images, expected_images)
        assert torch.equal(labels, expected_labels)


def test_a_last_step_that_leaves_no_numbers_is_told(tiny_dataset: Dataset) -> None:
    """Its loss was measured before it, and no step follows whose loss would show."""
    events = train(tiny.config(epochs=1, batch_size=500, learning_rate=0.1), tiny_dataset, report_every=0)
    started = next(events)
    assert isinstance(started, TrainingStarted)
    next(events)
    assert isinstance(next(events), StepsTaken)
    next(started.state.model.parameters()).data.fill_(float("nan"))
    with pytest.raises(DivergedError, match=r"weights are no longer numbers since step 1: .*learning rate of 0\.01"):
        next(events)


@pytest.mark.parametrize(
    ("num_threads", "passed", "computed", "counted"),
    [(1, 3600, 0.5, 0.5), (7, 60, 1.75, 0.25), (1, 3600, 120, 3600), (7, 15, 1.75, 15)],
    ids=["asleep", "asleep for a minute", "on a busy computer", "asleep for too short"],
)
def test_time_in_which_a_training_slept_is_not_counted(
    monkeypatch: pytest.MonkeyPatch, num_threads: int, passed: float, computed: float, counted: float
) -> None:
    """On Windows the clock goes on while a laptop's lid is closed, everywhere while a terminal's Ctrl-Z lasts."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: num_threads)
    now = {"perf_counter": 1000.0, "process_time": 10.0}
    for name in now:
        monkeypatch.setattr(time, name, functools.partial(now.__getitem__, name))
    state = training.TrainingState.start(tiny.config())
    state.enter()
    now["perf_counter"] += passed
    now["process_time"] += computed
    state.leave()
    assert state.seconds == pytest.approx(counted)

"""Each process's share of a batch, and that the shares together are what a single process would learn from."""

import threading
import time
from functools import partial

import pytest
import torch

from mnistlab.batches import Batches
from mnistlab.errors import DivergedError
from mnistlab.meter import Tally
from mnistlab.models import build_model
from mnistlab.optimizers import build_optimizer
from mnistlab.shares import Shares, SharingBatches, SharingMeter
from mnistlab.training import train_step
from tests import tiny
from tests.acting import at_once

CPU = torch.device("cpu")
CONFIG = tiny.config({"hidden": (16,)}, {"rotation": 20}, batch_size=150, shuffle=True)


def nothing(_: torch.Tensor) -> None:
    """What adding up is to a process that is alone."""


class Summing:
    """Adds up over threads, as processes do over a network."""

    def __init__(self, size: int) -> None:
        self._barrier = threading.Barrier(size, timeout=30)
        self._tensors: list[torch.Tensor] = []
        self._lock = threading.Lock()

    def __call__(self, tensor: torch.Tensor) -> None:
        with self._lock:
            self._tensors.append(tensor.clone())
        self._barrier.wait()
        total = torch.stack(self._tensors).sum(0)
        self._barrier.wait()
        tensor.copy_(total)
        with self._lock:
            self._tensors.clear()
        self._barrier.wait()


@pytest.mark.parametrize(("num_images", "size"), [(20, 2), (7, 3), (2, 4), (1, 2)])
def test_the_shares_of_a_batch_are_the_batch_and_their_weights_make_one(num_images: int, size: int) -> None:
    images, labels = torch.rand(num_images, 28, 28), torch.arange(num_images)
    seen: list[int] = []
    total = 0.0
    for rank in range(size):
        shares = Shares(rank, size, nothing)
        own_images, own_labels = shares.of(images, labels)
        assert len(own_images) == len(own_labels) >= 1  # no network learns from an empty batch
        seen += own_labels.tolist() if shares.weight else []
        total += shares.weight
    assert seen == labels.tolist()
    assert total == pytest.approx(1)


@pytest.mark.parametrize(("num_images", "size"), [(20, 2), (7, 3), (1, 2)])
def test_shares_of_any_size_make_the_step_of_the_whole_batch(num_images: int, size: int) -> None:
    """Also where they differ in size: the mean of means would not be the mean."""
    images, labels = torch.rand(num_images, 28, 28), torch.arange(num_images) % 10
    torch.manual_seed(1)
    whole = build_model(CONFIG.model)
    models = [build_model(CONFIG.model) for _ in range(size)]
    for model in models:
        model.load_state_dict(whole.state_dict())
    train_step(whole, build_optimizer(CONFIG.train, whole), images, labels)
    summing = Summing(size)

    def learn(rank: int) -> None:
        shares = Shares(rank, size, summing)
        optimizer = build_optimizer(CONFIG.train, models[rank])
        optimizer.register_step_pre_hook(shares.add_up_gradients)
        train_step(models[rank], optimizer, *shares.of(images, labels))

    at_once([partial(learn, rank) for rank in range(size)])
    for model in models:
        for name, tensor in model.state_dict().items():
            torch.testing.assert_close(tensor, whole.state_dict()[name], atol=1e-6, rtol=1e-5)
            assert torch.equal(tensor, models[0].state_dict()[name])  # or they would drift apart


def test_processes_together_see_the_warped_images_that_one_would_see() -> None:
    split = tiny.numbered(400)
    whole = list(Batches(CONFIG, split, CPU).of_epoch(1))
    halves = [list(SharingBatches(Shares(rank, 2, nothing), CONFIG, split, CPU).of_epoch(1)) for rank in range(2)]
    for (images, labels), first, second in zip(whole, *halves, strict=True):
        assert torch.equal(torch.cat([first[0], second[0]]), images)
        assert torch.equal(torch.cat([first[1], second[1]]), labels)


def test_each_process_reports_the_whole_batch_at_the_same_step(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = {0: 0.0}  # only the first process's clock decides
    monkeypatch.setattr(time, "perf_counter", lambda: clocks[0])
    summing = Summing(2)
    reports: dict[int, list[tuple[int, list[float], float]]] = {0: [], 1: []}

    def follow(rank: int) -> None:
        shares = Shares(rank, 2, summing)
        meter = SharingMeter(shares, Tally(), 100, 0.25)
        for step in range(1, 22):
            labels = torch.zeros(5, dtype=torch.int64)
            _, own = shares.of(torch.zeros(5, 28, 28), labels)  # 2 images of 5, and 3
            logits = torch.eye(10)[[rank] * len(own)]  # the first process reads all rightly, the second none
            meter.add(torch.tensor(float(step * (rank + 1))), logits, own)
            if rank == 0:
                clocks[0] += 0.05
            if meter.is_due():
                report = meter.report(0.1, 1.0)
                reports[rank].append((report.step, report.losses.tolist(), report.accuracy))

    at_once([partial(follow, rank) for rank in range(2)])
    assert reports[0] == reports[1]
    steps, losses, accuracies = zip(*reports[0], strict=True)
    assert steps[0] == 1  # somebody waits for the first loss
    assert len(steps) > 2
    told = [loss for some in losses for loss in some]
    assert told == pytest.approx([step * (2 / 5 + 2 * 3 / 5) for step in range(1, steps[-1] + 1)])
    assert accuracies == pytest.approx([2 / 5] * len(steps))


def test_processes_together_tell_the_same_steps_before_a_loss_that_is_no_number() -> None:
    """Also where only one of them has seen it."""
    summing = Summing(2)

    def follow(rank: int) -> tuple[int, list[float], float]:
        shares = Shares(rank, 2, summing)
        meter = SharingMeter(shares, Tally(), 100, 0.25)
        for loss in (3.0, 5.0, float("nan") if rank == 1 else 7.0):
            _, own = shares.of(torch.zeros(4, 28, 28), torch.zeros(4, dtype=torch.int64))
            meter.add(torch.tensor(loss), torch.eye(10)[[rank] * len(own)], own)
        with pytest.raises(DivergedError, match="since step 3") as caught:
            meter.report(0.1, 1.0)
        told = caught.value.last
        assert told is not None
        return told.step, told.losses.tolist(), told.accuracy

    assert at_once([partial(follow, rank) for rank in range(2)]) == [(2, [3.0, 5.0], 0.5)] * 2

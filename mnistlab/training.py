"""Training: one plain loop, a generator of events. To stop it, stop iterating.

    for event in train(get_preset("tutorial-mlp").config, load_dataset()):
        print(event)

Whoever iterates decides what to keep: this file knows no store, no page and no clock but its own.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn

from mnistlab.batches import Batches
from mnistlab.checkpoint import pack, unpack
from mnistlab.closeup import Closeup
from mnistlab.config import RunConfig
from mnistlab.data import Dataset, Split
from mnistlab.device import RandomStream, computes_bfloat16, describe_device, flush_denormals, pick_device
from mnistlab.evaluation import evaluate_tensors
from mnistlab.events import Event, TrainingEnded, TrainingStarted
from mnistlab.meter import Meter, Tally
from mnistlab.models import build_model, count_parameters
from mnistlab.optimizers import LearningRate, build_optimizer, set_learning_rate
from mnistlab.probes import Probe


def train(
    config: RunConfig,
    dataset: Dataset,
    checkpoint: bytes | None = None,
    report_every: float = 0.25,
    rate_changes: Sequence[tuple[int, float]] = (),
) -> Iterator[Event]:
    """Train a network and tell what happens.

    Args:
        config: all that decides what is learned.
        dataset: the data set that `config.dataset` names; held out is what `config.train.validation_size` says.
        checkpoint: bytes from `TrainingState.checkpoint()` of the same config, to go on from that step, bit for bit.
        report_every: seconds between two StepsTaken events.
        rate_changes: [(step, learning rate), ...] that a former attempt has told of, to be made again at those steps.

    Between two events a consumer may steer: `state.change_learning_rate(0.01)`, `state.slow_motion = True`.

    Raises:
        ConfigError: the device is not there, or the checkpoint belongs to another network.
        DivergedError: the loss is no longer a number.
    """
    dataset = dataset.hold_out(config.train.validation_size)
    state = TrainingState.start(config, checkpoint)
    batches = Batches(config, dataset.train, state.device)
    validation = _Validation(dataset.validation, state.device)
    num_steps = batches.steps_per_epoch * config.train.epochs
    state.rate = LearningRate(config.train, num_steps, rate_changes)
    meter = Meter(state.tally, batches.steps_per_epoch, report_every)
    probe = Probe(dataset.train, state.device)
    yield TrainingStarted(
        state, num_steps, batches.steps_per_epoch, count_parameters(state.model), describe_device(config.train.device)
    )
    first_epoch, first_batch = divmod(state.step, batches.steps_per_epoch)
    is_telling = state.step > 0 or len(dataset.validation) > 0  # of an untrained network only validation tells
    if first_batch == 0 and is_telling and not state.tally.epoch_is_told:
        yield meter.epoch_ended(first_epoch, state.seconds, *validation.measure(state.model))

    for epoch in range(first_epoch, config.train.epochs):
        state.enter()
        for images, labels in batches.of_epoch(epoch, first_batch):
            set_learning_rate(state.optimizer, state.rate.at(meter.step))
            if state.slow_motion:
                state.closeup = Closeup.before(state.model, images, labels)
            loss, logits = train_step(
                state.model, state.optimizer, images, labels, config.train.label_smoothing, config.train.precision
            )
            meter.add(loss, logits, labels)
            if meter.is_due() or state.slow_motion:
                state.leave()
                yield meter.report(state.learning_rate, state.seconds, probe.measure(state.model))
                state.enter()
        state.leave()
        first_batch = 0
        if meter.has_news():
            yield meter.report(state.learning_rate, state.seconds, probe.measure(state.model))
        yield meter.epoch_ended(epoch + 1, state.seconds, *validation.measure(state.model))
    yield TrainingEnded(state.step, state.seconds, state.tally.images_per_second(state.seconds))


def train_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: torch.Tensor,
    labels: torch.Tensor,
    label_smoothing: float = 0,
    precision: str = "float32",
) -> tuple[torch.Tensor, torch.Tensor]:
    """Learn from one batch: images (B, 28, 28) float32 in [0, 1], labels (B,); return (loss (), logits (B, 10))."""
    optimizer.zero_grad()
    with _computing_in(precision, images.device):
        logits = model(images)
    loss = F.cross_entropy(logits.float(), labels, label_smoothing=label_smoothing)
    loss.backward()
    optimizer.step()
    return loss.detach(), logits.detach()


def _computing_in(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Let layers compute in fewer bits where a config asks for it and the device has them; weights stay float32."""
    if precision == "bfloat16" and computes_bfloat16(device):
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


@dataclass
class TrainingState:
    """All that changes while a network learns: what a checkpoint must hold."""

    device: torch.device
    model: nn.Module
    optimizer: torch.optim.Optimizer
    random: RandomStream
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0  # spent in the training loop
    rate: LearningRate = field(init=False)
    slow_motion: bool = False  # whether each step is reported, with a close-up
    closeup: Closeup | None = None  # of the last step, in slow motion
    _entered: float = field(default=0, repr=False)

    @classmethod
    def start(cls, config: RunConfig, checkpoint: bytes | None = None) -> "TrainingState":
        """Build an untrained network from the config's seed, or the one that the checkpoint holds."""
        device = pick_device(config.train.device)
        flush_denormals()
        random = RandomStream(config.train.seed, device)
        random.enter()
        # Channels last: a CPU's convolutions need no reordering before and after, a quarter of their time.
        model = build_model(config.model).to(device, memory_format=torch.channels_last)
        random.leave()
        state = cls(device, model, build_optimizer(config.train, model), random)
        if checkpoint is not None:
            unpack(checkpoint, state)
        state.model.train()
        return state

    @property
    def step(self) -> int:
        """Steps taken, as of the last event."""
        return self.tally.step

    @property
    def learning_rate(self) -> float:
        """The rate of the last step."""
        return float(self.optimizer.param_groups[0]["lr"])

    def change_learning_rate(self, rate: float) -> None:
        """Use this rate from the next step on; only between two events."""
        self.rate.change(self.step, rate)

    def enter(self) -> None:
        """Compute from here on: own random numbers, own clock."""
        self.random.enter()
        self._entered = time.perf_counter()

    def leave(self) -> None:
        """Hand over to the consumer: its random numbers are as it left them, its time is not counted."""
        if self.device.type in ("cuda", "xpu", "mps"):
            torch.accelerator.synchronize(self.device)  # steps are queued; without this they would count as the next
        self.seconds += time.perf_counter() - self._entered
        self.random.leave()

    def checkpoint(self) -> bytes:
        """Everything needed to go on from this step, bit for bit. Valid between two events."""
        return pack(self)


class _Validation:
    """The held-out images on the device."""

    def __init__(self, split: Split, device: torch.device) -> None:
        self._images = torch.tensor(split.images, device=device)
        self._labels = torch.tensor(split.labels, device=device)

    def measure(self, model: nn.Module) -> tuple[float | None, float | None]:
        """(loss, accuracy), or (None, None) where nothing is held out."""
        if len(self._labels) == 0:
            return None, None
        evaluation = evaluate_tensors(model, self._images, self._labels, "validation")
        return evaluation.loss, evaluation.accuracy

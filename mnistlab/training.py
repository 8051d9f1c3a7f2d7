"""Training: one plain loop, a generator of events. To stop it, stop iterating.

    for event in train(get_preset("tutorial-mlp").config, load_dataset()):
        print(event)

The consumer decides what to keep: this module knows nothing of the store, of pages or of any clock but its own.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from mnistlab.backprop import backpropagate, is_plain
from mnistlab.batches import Batches, shared_tensor
from mnistlab.checkpoint import pack, unpack
from mnistlab.closeup import Closeup
from mnistlab.config import RunConfig, TrainConfig
from mnistlab.data import Dataset
from mnistlab.device import RandomStream, computes_bfloat16, describe_device, flush_denormals, pick_device
from mnistlab.errors import ConfigError, DataError, DivergedError
from mnistlab.evaluation import evaluate_tensors
from mnistlab.events import EpochEnded, Event, StepsTaken, TrainingEnded, TrainingStarted
from mnistlab.memory import keep_freed_memory
from mnistlab.meter import Meter, Tally, check_reading, check_weights
from mnistlab.models import build_model, count_parameters
from mnistlab.optimizers import LearningRate, build_optimizer, set_learning_rate
from mnistlab.probes import Probe

if TYPE_CHECKING:
    from mnistlab.parallel import Team

# A process that got less than this share of a core per thread, over at least so many seconds between two events, slept.
_LEAST_SHARE, _SLEEPS_FROM = 0.03, 20.0


def train(
    config: RunConfig,
    dataset: Dataset,
    checkpoint: bytes | None = None,
    report_every: float = 0.25,
    rate_changes: Sequence[tuple[int, float]] = (),
    team: "Team | None" = None,
) -> Generator[Event, None, None]:
    """Train a network and yield events on its progress.

    Args:
        config: everything that determines what is learned.
        dataset: the data set named by `config.dataset`; `config.train.validation_size` of its images are held out.
        checkpoint: bytes from `TrainingState.checkpoint()` of the same config, to resume at that step, bit for bit.
        report_every: seconds between two StepsTaken events.
        rate_changes: [(step, learning rate), ...] made during an earlier attempt, to be repeated at those steps.
        team: the processes that train this network together, each from its share of every batch.

    Between two events a consumer may steer: `state.change_learning_rate(0.01)`, `state.slow_motion = True`.

    Raises:
        ConfigError: the device is not available, or the checkpoint belongs to another network or optimizer.
        DataError: the data set is not the one that the config names, or is too small for the hold-out.
        DivergedError: the loss is no longer a number. It carries the steps before that which no event has reported.
    """
    dataset = _dataset_of(config, dataset)
    state = TrainingState.start(config, checkpoint)
    make_batches, make_meter = (Batches, Meter) if team is None else team.join(config, state)
    batches = make_batches(config, dataset.source, state.device, dataset.train_indices(config.train.train_size))
    num_steps = batches.steps_per_epoch * config.train.epochs
    state.rate = LearningRate(config.train, num_steps, rate_changes)
    probe = Probe(dataset, state.device, config.model.kind)
    watch = _Watch(state, dataset, make_meter(state.tally, batches.steps_per_epoch, report_every), probe)
    num_parameters, device = count_parameters(state.model), describe_device(config.train.device)
    yield TrainingStarted(state, num_steps, batches.steps_per_epoch, num_parameters, device)
    try:
        yield from train_epochs(config.train, state, batches, watch)
    finally:
        state.model.eval()  # whoever reads with it from here on wants no dropout, and nothing to move its batch norm
    yield TrainingEnded(state.step, state.seconds, state.tally.images_per_second(state.seconds))


def _dataset_of(config: RunConfig, dataset: Dataset) -> Dataset:
    """The data set with as many images held out as the config asks for."""
    if not isinstance(config, RunConfig):
        raise ConfigError(
            f'train needs a RunConfig, as get_preset("quick-mlp").config is one; got a {type(config).__name__}.'
        )
    if not isinstance(dataset, Dataset):
        raise DataError(f"train needs a Dataset, as load_dataset() gives one; got a {type(dataset).__name__}.")
    if dataset.name != config.dataset:
        raise DataError(
            f"The recipe learns from {config.dataset}, but it was given {dataset.name}: choose "
            f'load_dataset("{config.dataset}"), or dataset="{dataset.name}" for the recipe.'
        )
    return dataset.hold_out(config.train.validation_size)


def train_epochs(config: TrainConfig, state: "TrainingState", batches: Batches, watch: "_Watch") -> Iterator[Event]:
    """Train from the state's current step to the end of the last epoch: the loop itself."""
    first_epoch, first_batch = divmod(state.step, batches.steps_per_epoch)
    if first_batch == 0 and watch.has_an_epoch_to_tell():
        yield watch.epoch_ended(first_epoch)
    for epoch in range(first_epoch, config.epochs):
        state.enter()
        for images, labels in batches.of_epoch(epoch, first_batch):
            set_learning_rate(state.optimizer, state.rate.at(watch.meter.step))
            if state.slow_motion:
                state.closeup = Closeup(state.model, images, labels)
            loss, logits = train_step(
                state.model, state.optimizer, images, labels, config.label_smoothing, config.precision
            )
            watch.meter.add(loss, logits, labels)
            if watch.meter.is_due() or state.slow_motion:
                state.leave()
                yield watch.report()
                state.enter()
        state.leave()
        first_batch = 0
        if watch.meter.has_news():
            yield watch.report()
        check_weights(state.model, state.step, state.highest_rate)
        yield watch.epoch_ended(epoch + 1)


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
    if precision == "float32" and is_plain(model, images):  # the same gradients, without autograd's bookkeeping
        loss, logits = backpropagate(model, images, labels, label_smoothing)
    else:
        with _computing_in(precision, images.device):
            logits = model(images)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=label_smoothing)
        loss.backward()
    optimizer.step()
    return loss.detach(), logits.detach()


def _computing_in(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Run layers in lower precision if the config asks for it and the device supports it; weights stay float32."""
    if precision == "bfloat16" and computes_bfloat16(device):
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


@dataclass
class TrainingState:
    """Everything that changes during training, and so everything that a checkpoint must hold."""

    device: torch.device
    model: nn.Module
    optimizer: torch.optim.Optimizer
    random: RandomStream
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0  # spent in the training loop
    devices: list[str] = field(default_factory=list)  # names of all devices it was trained on, set by the recorder
    rate: LearningRate = field(init=False)
    slow_motion: bool = False  # whether each step is reported, with a close-up
    closeup: Closeup | None = None  # of the last step, in slow motion
    _entered: float = field(default=0, repr=False)
    _computed: float = field(default=0, repr=False)  # processor time in seconds, at the same moment

    @classmethod
    def start(cls, config: RunConfig, checkpoint: bytes | None = None) -> "TrainingState":
        """Build an untrained network from the config's seed, or the one that the checkpoint holds."""
        device = pick_device(config.train.device)
        flush_denormals()
        keep_freed_memory()
        random = RandomStream(config.train.seed, device)
        random.enter()
        # Channels last spares a CPU's convolutions the reordering before and after them, a quarter of their time.
        model = build_model(config.model).to(device).to(memory_format=torch.channels_last)
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

    @property
    def highest_rate(self) -> float:
        """The highest rate since the last change by hand: the one to blame if training diverges."""
        return self.rate.highest(max(0, self.step - 1))

    def change_learning_rate(self, rate: float) -> None:
        """Use this rate from the next step on; call it only between two events."""
        self.rate.change(self.step, rate)

    def enter(self) -> None:
        """Take over from the consumer: use the training's own random numbers and start its clock."""
        self.random.enter()
        self._entered, self._computed = time.perf_counter(), time.process_time()

    def leave(self) -> None:
        """Hand over to the consumer: restore its random numbers and stop the training's clock.

        On a CPU, 20 s or more that this process slept are not counted either: suspended by Ctrl-Z or, on Windows, whose
        clock keeps running, by a closed lid.
        """
        if self.device.type in ("cuda", "xpu", "mps"):
            torch.accelerator.synchronize(self.device)  # steps run asynchronously; else their time counts as the next's
        seconds = time.perf_counter() - self._entered
        if self.device.type == "cpu" and seconds > _SLEEPS_FROM:
            each = (time.process_time() - self._computed) / torch.get_num_threads()
            seconds = each if each < _LEAST_SHARE * seconds else seconds
        self.seconds += seconds
        self.random.leave()

    def checkpoint(self) -> bytes:
        """Everything needed to resume at this step, bit for bit. Valid between two events."""
        return pack(self)


class _Watch:
    """Measures a network while it trains: figures of each step, a look inside, and the held-out images."""

    def __init__(self, state: TrainingState, dataset: Dataset, meter: Meter, probe: Probe) -> None:
        self.meter = meter
        self._state = state
        self._probe = probe
        self._images = shared_tensor(dataset.validation.images, state.device)
        self._labels = shared_tensor(dataset.validation.labels, state.device)

    def has_an_epoch_to_tell(self) -> bool:
        """Whether the epoch that ends at the current step has not been reported yet."""
        is_telling = self._state.step > 0 or len(self._labels) > 0  # an untrained network has no other figures
        return is_telling and not self._state.tally.epoch_is_told

    def report(self) -> StepsTaken:
        """Report the steps taken since the last report."""
        state = self._state
        probes, highest_rate = self._probe.measure(state.model), state.rate.highest(self.meter.step - 1)
        try:
            return self.meter.report(state.learning_rate, state.seconds, probes, highest_rate)
        except DivergedError as error:
            if error.last is not None:  # it ends before the last step, whose rate under a schedule is another one
                error.last = replace(error.last, learning_rate=state.rate.at(error.last.step - 1))
            raise

    def epoch_ended(self, epoch: int) -> EpochEnded:
        """Sum up an epoch, including the held-out images if there are any."""
        loss = accuracy = None
        if len(self._labels) > 0:
            evaluation = evaluate_tensors(self._state.model, self._images, self._labels, "validation")
            loss, accuracy = evaluation.loss, evaluation.accuracy
            check_reading(loss, "validation", self._state.step, self._state.highest_rate)
        return self.meter.epoch_ended(epoch, self._state.seconds, loss, accuracy)

"""Data-parallel training of one model: torchrun starts one process per GPU, each computing its share of every batch.

    torchrun --nproc-per-node 2 -m mnistlab train --preset best-cnn

All run the same loop over the same batches. Before `optimizer.step()` their gradients are added up, so that all take
the same step: the one that a single process would take on the whole batch, up to rounding.
The first process leads. It alone reads and writes the store, and tells the others at each event what was asked of it.
"""

import json
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from mnistlab.config import RunConfig, parse_config
from mnistlab.data import Dataset, load_dataset
from mnistlab.device import RandomStream, pick_device
from mnistlab.errors import ConfigError, DivergedError, EngineError
from mnistlab.events import Event, TrainingStarted
from mnistlab.shares import Shares, SharingBatches, SharingMeter
from mnistlab.training import TrainingState, train

# How long the others wait for the first process, which may be paused; if it dies, torchrun ends them.
_PATIENCE = timedelta(days=30)


class Team:
    """The processes that train one model: this one's rank among them, and their messages."""

    def __init__(self) -> None:
        self.rank = dist.get_rank()
        self.size = dist.get_world_size()

    @property
    def leads(self) -> bool:
        """Whether this is the process that the others follow."""
        return self.rank == 0

    def join(self, config: RunConfig, state: TrainingState) -> tuple[partial[SharingBatches], partial[SharingMeter]]:
        """Let `state` take its steps together with the others; return factories of its batches and its meter.

        Raises:
            ConfigError: batch norm on a CPU, where torch cannot normalise over the batch of all processes.
        """
        if config.model.batch_norm and state.device.type == "cpu":
            raise ConfigError(
                "Batch norm needs the whole batch, and on a CPU several processes cannot normalise over it together. "
                "Train in one process, on GPUs, or without batch norm."
            )
        state.model = nn.SyncBatchNorm.convert_sync_batchnorm(state.model)
        for tensor in state.model.state_dict().values():
            dist.broadcast(tensor, 0)
        if not self.leads:  # else dropout would drop the same neurons in all
            seed = np.random.SeedSequence([config.train.seed, self.rank, state.step]).generate_state(1)[0]
            state.random = RandomStream(int(seed), state.device)
        shares = Shares(self.rank, self.size, add_up)
        state.optimizer.register_step_pre_hook(shares.add_up_gradients)
        return partial(SharingBatches, shares), partial(SharingMeter, shares)

    def tell(self, said: dict[str, Any] | None, content: bytes = b"") -> None:
        """Send a message to the others: JSON and bytes."""
        text = json.dumps(said).encode()
        lengths = torch.tensor([len(text), len(content)])
        with _telling_trouble():
            dist.broadcast(lengths, 0)
            dist.broadcast(torch.frombuffer(bytearray(text + content), dtype=torch.uint8), 0)

    def hear(self) -> tuple[dict[str, Any] | None, bytes]:
        """Wait for the first process's next message."""
        lengths = torch.empty(2, dtype=torch.int64)
        with _telling_trouble():
            dist.broadcast(lengths, 0)
            both = torch.empty(int(lengths.sum()), dtype=torch.uint8)
            dist.broadcast(both, 0)
        content, num_text = both.numpy().tobytes(), int(lengths[0])
        return json.loads(content[:num_text]), content[num_text:]


def are_joined() -> bool:
    """Whether this process has joined the others to train together with them."""
    return dist.is_available() and dist.is_initialized()


@contextmanager
def joined() -> Iterator[Team]:
    """Join the other processes; at the end the first one tells them that it is done, or has failed."""
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, timeout=_PATIENCE)
    team = Team()
    try:
        yield team
    finally:
        if team.leads:
            with suppress(EngineError):
                team.tell(None)
        dist.destroy_process_group()


def lead(
    config: RunConfig,
    dataset: Dataset,
    checkpoint: bytes | None = None,
    rate_changes: Sequence[tuple[int, float]] = (),
) -> Generator[Event, None, None]:
    """Train as `train` does, together with all processes that `follow`; they do whatever the consumer does."""
    team = Team()
    own = _on_own_device(config)
    team.tell({"config": config.model_dump_json(), "rate_changes": list(rate_changes)}, checkpoint or b"")
    state: TrainingState | None = None
    try:
        for event in train(own, dataset, checkpoint, rate_changes=rate_changes, team=team):
            if isinstance(event, TrainingStarted):
                state = event.state
                event = replace(event, device=f"{event.device}, in {team.size} processes")
            yield event
            assert state is not None
            team.tell({"rate_changes": state.rate.changes, "slow_motion": state.slow_motion})
    except GeneratorExit:  # the consumer has stopped iterating
        team.tell({"stop": True})
        raise


def follow(team: Team) -> None:
    """Train along with the first process, until it has nothing more to train.

    Raises:
        EngineError: it has died.
    """
    while True:
        said, checkpoint = team.hear()
        if said is None:
            return
        config = parse_config(said["config"])
        changes = [(step, rate) for step, rate in said["rate_changes"]]
        with suppress(DivergedError):  # the first process reports it
            _train_along(team, config, checkpoint or None, changes)


def _train_along(team: Team, config: RunConfig, checkpoint: bytes | None, changes: list[tuple[int, float]]) -> None:
    state: TrainingState | None = None
    own, dataset = _on_own_device(config), load_dataset(config.dataset)
    for event in train(own, dataset, checkpoint, rate_changes=changes, team=team):
        if isinstance(event, TrainingStarted):
            state = event.state
        said, _ = team.hear()
        if said is None or "stop" in said:
            return
        assert state is not None
        state.rate.changes = [(step, rate) for step, rate in said["rate_changes"]]
        state.slow_motion = said["slow_motion"]


def _on_own_device(config: RunConfig) -> RunConfig:
    """The config with this process's own GPU, or the CPU, as its device.

    Raises:
        ConfigError: there are fewer GPUs than processes on this machine, or the device is of an unsupported kind.
    """
    device = pick_device(config.train.device)
    name = device.type
    if name not in ("cpu", "cuda") or device.index is not None:
        raise ConfigError(f"Several processes cannot train on {device}. Choose the device cuda or cpu.")
    if name == "cuda":
        num_here = int(os.environ["LOCAL_WORLD_SIZE"])
        if torch.cuda.device_count() < num_here:
            raise ConfigError(
                f"{num_here} processes were started, and this machine has {torch.cuda.device_count()} GPU. Start as "
                "many as there are GPUs with --nproc-per-node, or choose the device cpu."
            )
        name = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(name)
    return config.with_training(device=name)


def add_up(tensor: torch.Tensor) -> None:
    """Replace a tensor by the sum of those of all processes."""
    with _telling_trouble():
        dist.all_reduce(tensor)


@contextmanager
def _telling_trouble() -> Iterator[None]:
    """Raise an EngineError if another process is gone."""
    try:
        yield
    except RuntimeError as error:
        message = "Another process of this training has ended. Resume goes on from the last checkpoint."
        raise EngineError(message) from error

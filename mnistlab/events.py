"""The events that a training yields to its consumer, in their order.

TrainingStarted, EpochEnded (epoch 0: before any step), then StepsTaken ... EpochEnded, ..., TrainingEnded
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mnistlab.training import TrainingState


# How many images are sent through a network to find its silent ReLUs. Of 395 neurons that were silent on 200 images, at
# a learning rate of 1, two thirds were silent on all 55,000 as well. A channel needs fewer images: it has hundreds of
# places in each where it may fire.
NUM_PROBED = {"mlp": 200, "cnn": 50}


@dataclass(frozen=True, eq=False)
class TrainingStarted:
    """The network is built (or restored) and the data lie on the device."""

    state: "TrainingState"  # live: its model and checkpoint() may be read between two events
    num_steps: int
    steps_per_epoch: int
    num_parameters: int
    device: str


@dataclass(frozen=True)
class Probes:
    """How a network looks inside, after one step."""

    layers: list[str]  # names of the layers with weights: "layer 1", ..., "output"
    gradients: list[float]  # (len(layers),) mean absolute gradient of a weight, biases left out
    dead: float | None  # share of hidden ReLUs silent on each of NUM_PROBED images; None if not measured


@dataclass(frozen=True, eq=False)
class StepsTaken:
    """Steps since the last report; sent at intervals of time, not of steps."""

    first_step: int  # counted from 1; losses[0] is the loss of this step
    step: int  # the last step taken
    epoch: float  # passes over the data so far, with their fraction
    losses: npt.NDArray[np.float32]  # (step - first_step + 1,) training loss of each step, in nats
    accuracy: float  # share of the images in these steps that were read correctly before the step
    learning_rate: float
    images_per_second: float  # within the training loop, since its start
    seconds: float  # spent in the training loop
    probes: Probes | None = None


@dataclass(frozen=True)
class EpochEnded:
    """A pass over the data is complete. Epoch 0 is the untrained network, with validation figures only."""

    epoch: int
    step: int
    train_loss: float | None  # mean over the epoch's steps, measured while learning
    train_accuracy: float | None
    validation_loss: float | None  # None where nothing is held out
    validation_accuracy: float | None
    images_per_second: float
    seconds: float


@dataclass(frozen=True)
class TrainingEnded:
    """The last step is taken."""

    step: int
    seconds: float
    images_per_second: float


Event = TrainingStarted | StepsTaken | EpochEnded | TrainingEnded

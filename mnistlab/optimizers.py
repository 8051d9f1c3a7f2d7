"""From a gradient to a step: torch's optimizers, and the learning rate over a run."""

import inspect
import math
from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import nn
from torch.optim.adam import adam

from mnistlab.config import TrainConfig

# One fused kernel instead of a Python loop over parameters; torch offers it on these devices.
_FUSED_DEVICES = {"cpu", "cuda", "mps", "xpu"}
# One-cycle: the share of the run in which the rate rises, its start as a share of its peak, its end as a share of that.
# Source: Smith and Topin, "Super-convergence", 2018; the figures are those of torch's OneCycleLR.
_RISE, _START, _END = 0.3, 1 / 25, 1e-4

_Kind = TypeVar("_Kind", bound=torch.optim.Optimizer)


def build_optimizer(config: TrainConfig, model: nn.Module) -> torch.optim.Optimizer:
    """Build torch's optimizer for a model that is already on its device.

    The order matters: an optimizer built before its model, as in the tutorial, would train another network.
    """
    parameters = list(model.parameters())
    fused = parameters[0].device.type in _FUSED_DEVICES
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "sgd":
        return SGD(
            parameters, rate, momentum=config.momentum, nesterov=config.nesterov, weight_decay=decay, fused=fused
        )
    if config.optimizer == "adam":
        return Adam(parameters, rate, weight_decay=decay, fused=fused)
    if config.optimizer == "adamw":
        return AdamW(parameters, rate, weight_decay=decay, fused=fused)
    return RMSprop(parameters, rate, momentum=config.momentum, weight_decay=decay)


def _bare(kind: type[_Kind]) -> type[_Kind]:
    """Strip the wrappers that torch puts around an optimizer's methods for its compiler and profiler, unused here.

    The compiler's wrappers import it when they are first called: 150 MB of memory and 1.6 seconds (torch 2.14). The
    profiler's take a twentieth of a small step. An optimizer's own hooks are still called; torch's global ones are not.
    """
    kept = ("add_param_group", "state_dict", "load_state_dict")
    methods: dict[str, Any] = {name: inspect.unwrap(getattr(kind, name)) for name in kept}
    take_step = torch.no_grad()(inspect.unwrap(kind.step))

    def step(self: torch.optim.Optimizer) -> None:
        for hook in self._optimizer_step_pre_hooks.values():
            hook(self, (), {})
        if not (isinstance(self, torch.optim.Adam) and _take_adams_step(self)):
            take_step(self)
        for hook in self._optimizer_step_post_hooks.values():
            hook(self, (), {})

    def zero_grad(self: torch.optim.Optimizer) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    step.hooked = True  # type: ignore[attr-defined]  # otherwise torch wraps it
    return type(kind.__name__, (kind,), methods | {"step": step, "zero_grad": zero_grad})


@torch.no_grad()
def _take_adams_step(optimizer: torch.optim.Adam) -> bool:
    """Take Adam's step without torch's checks of each parameter, a thirtieth of a small step; return whether it did.

    It does not before each parameter has a gradient and a state, nor with options that `build_optimizer` never sets.
    """
    group = optimizer.param_groups[0]
    parameters = group["params"]
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    states = [state for parameter in parameters if (state := optimizer.state.get(parameter))]
    is_usual = group["fused"] and not group["amsgrad"] and not group["maximize"] and len(optimizer.param_groups) == 1
    if not is_usual or not len(states) == len(gradients) == len(parameters) or hasattr(optimizer, "grad_scale"):
        return False
    adam(
        parameters,
        gradients,
        [state["exp_avg"] for state in states],
        [state["exp_avg_sq"] for state in states],
        [],
        [state["step"] for state in states],
        fused=True,
        decoupled_weight_decay=group["decoupled_weight_decay"],
        amsgrad=False,
        beta1=group["betas"][0],
        beta2=group["betas"][1],
        lr=group["lr"],
        weight_decay=group["weight_decay"],
        eps=group["eps"],
        maximize=False,
    )
    return True


SGD = _bare(torch.optim.SGD)
Adam = _bare(torch.optim.Adam)
AdamW = _bare(torch.optim.AdamW)
RMSprop = _bare(torch.optim.RMSprop)


def learning_rate_at(config: TrainConfig, step: int, num_steps: int, peak: float | None = None) -> float:
    """The learning rate of a step (0, 1, ... num_steps - 1): a pure function, so that a resumed run needs no state.

    peak: the rate that the schedule starts at or rises to, instead of the config's.
    """
    rate = config.learning_rate if peak is None else peak
    done = step / max(1, num_steps - 1)
    if config.schedule == "constant":
        return rate
    if config.schedule == "cosine":
        return rate * _cosine(1, 0, step / num_steps)
    if done < _RISE:
        return rate * _cosine(_START, 1, done / _RISE)
    return rate * _cosine(1, _END * _START, (done - _RISE) / (1 - _RISE))


class LearningRate:
    """The learning rate over a run: its schedule, and changes made by hand along the way."""

    def __init__(self, config: TrainConfig, num_steps: int, changes: Sequence[tuple[int, float]] = ()) -> None:
        """`changes`: [(steps taken before it, rate), ...] in order; with a schedule the rate is its new peak.

        Some may lie ahead of a run that resumes from an older checkpoint.
        """
        self._config = config
        self._num_steps = num_steps
        self.changes = list(changes)

    def chosen(self, step: int) -> float:
        """The rate set by the last change up to a step, else the config's."""
        return self._chosen(step)[-1][1]

    def change(self, step: int, rate: float) -> None:
        """Use this rate once `step` steps are taken, in place of any later changes."""
        self.changes = [*self._chosen(step)[1:], (step, rate)]

    def undo_rise(self, step: int) -> tuple[int, float, float] | None:
        """Undo the last change up to a step, and drop all later ones, if it raised the rate.

        Returns:
            The step after which it was made, its rate, and the rate before it; None if nothing was undone.
        """
        chosen = self._chosen(step)
        if len(chosen) == 1 or chosen[-1][1] <= chosen[-2][1]:
            return None
        self.changes = chosen[1:-1]
        return *chosen[-1], chosen[-2][1]

    def _chosen(self, step: int) -> list[tuple[int, float]]:
        """The config's rate, then each change made up to a step."""
        return [(0, self._config.learning_rate), *(change for change in self.changes if change[0] <= step)]

    def at(self, step: int) -> float:
        """The rate of a step (0, 1, ... num_steps - 1)."""
        return learning_rate_at(self._config, step, self._num_steps, self.chosen(step))

    def highest(self, step: int) -> float:
        """The highest rate from the last change up to this step."""
        start, peak = self._chosen(step)[-1]
        is_past_the_rise = self._config.schedule == "one-cycle" and start <= _RISE * (self._num_steps - 1) <= step
        return peak if is_past_the_rise else max(self.at(start), self.at(step))


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Use this rate from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate


def _cosine(start: float, end: float, done: float) -> float:
    """From start to end along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2

"""Weights and checkpoints as safetensors bytes: nothing is ever unpickled.

A checkpoint holds the model, the optimizer, the state of the random number generators and the tally, so that training
resumes bit for bit. Weights alone are the model's state dict with the config in the header.
"""

import dataclasses
import json
import struct
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from mnistlab.config import RunConfig, parse_config
from mnistlab.errors import ConfigError, DataError
from mnistlab.meter import Tally
from mnistlab.models import build_model

if TYPE_CHECKING:
    from mnistlab.training import TrainingState

_FORMAT = "1"


def pack_weights(model: nn.Module, config: RunConfig) -> bytes:
    """The model's tensors, with its config in the header, readable by any safetensors library."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    return save(tensors, {"format": "pt", "mnistlab": _FORMAT, "config": config.model_dump_json()})


def unpack_weights(content: bytes) -> tuple[nn.Module, RunConfig]:
    """Rebuild a model, in eval mode on the CPU, from `pack_weights` bytes.

    Raises:
        DataError: the bytes are damaged, or are not those of a mnistlab model.
    """
    config = parse_config(read_header(content).get("config", "{}"))
    model = build_model(config.model).to(memory_format=torch.channels_last)  # as in training
    try:
        model.load_state_dict(load(content))
    except (RuntimeError, SafetensorError) as error:
        raise DataError(f"These weights do not fit the network that their own header describes: {error}") from error
    return model.eval(), config


def pack(state: "TrainingState") -> bytes:
    """Everything that changes during training, as safetensors bytes."""
    tensors = {f"model.{name}": tensor for name, tensor in state.model.state_dict().items()}
    for index, values in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in values.items() if value is not None}
    tensors |= {f"random.{index}": numbers for index, numbers in enumerate(state.random.state())}
    header = {
        "mnistlab": _FORMAT,
        "optimizer": _kind(state.optimizer),
        "tally": json.dumps(dataclasses.asdict(state.tally)),
        "seconds": repr(state.seconds),
        "devices": json.dumps(state.devices),
    }
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, header)


def unpack(content: bytes, state: "TrainingState") -> None:
    """Bring a fresh `state` to where the packed one was.

    Raises:
        DataError: the bytes are damaged.
        ConfigError: they belong to a network of another shape, or another optimizer has trained it.
    """
    header = read_header(content)
    own = _kind(state.optimizer)
    if header.get("optimizer", own) != own:  # not told by a mnistlab of before
        raise ConfigError(
            f"The checkpoint is of a training by {header['optimizer']}, and the recipe asks for {own}, which cannot go "
            "on from there. Give the recipe of the checkpoint."
        )
    try:
        tensors = load(content)
        state.model.load_state_dict(_below("model.", tensors))
        _restore_optimizer(state.optimizer, _below("optimizer.", tensors))
    except SafetensorError as error:
        raise DataError(f"The checkpoint is damaged: {error}. Start the run again.") from error
    except (RuntimeError, KeyError) as error:
        raise ConfigError(f"The checkpoint belongs to another network: {error}") from error
    positions = _below("random.", tensors)
    state.random.restore([positions[str(index)] for index in range(len(positions))])
    state.tally = Tally(**json.loads(header["tally"]))
    state.seconds = float(header["seconds"])
    state.devices = json.loads(header.get("devices", "[]"))  # missing in checkpoints of older versions


def _kind(optimizer: torch.optim.Optimizer) -> str:
    """What decides which numbers an optimizer keeps: "RMSprop with momentum"."""
    return type(optimizer).__name__ + (" with momentum" if optimizer.param_groups[0].get("momentum") else "")


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    values: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        values.setdefault(int(index), {})[key] = _laid_out_as(parameters[int(index)], tensor)
    optimizer.load_state_dict({"state": values, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out_as(parameter: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Give a value the memory layout of its parameter (channels last): fused optimizers read both side by side."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value


def _below(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def read_header(content: bytes) -> dict[str, str]:
    """The header of safetensors bytes that mnistlab has written.

    Raises:
        DataError: they are damaged, of another origin, or of another format.
    """
    try:
        metadata = metadata_of(content)
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise DataError(f"These {len(content):,} bytes were not written by mnistlab, or they are damaged.") from error
    if metadata.get("mnistlab") != _FORMAT:
        raise DataError(f"Weights of format {metadata.get('mnistlab')!r}; this mnistlab reads format {_FORMAT!r}.")
    return metadata


def metadata_of(content: bytes) -> dict[str, str]:
    """The text part of a safetensors header: eight bytes of length, then JSON with `__metadata__`."""
    (length,) = struct.unpack("<Q", content[:8])
    return dict(json.loads(content[8 : 8 + length])["__metadata__"])

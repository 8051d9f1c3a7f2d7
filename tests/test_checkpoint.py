"""Weights and checkpoints as bytes: what goes in comes out, and nothing else gets in."""

import itertools
import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load as load_arrays
from safetensors.torch import load

from mnistlab.checkpoint import pack_weights, unpack_weights
from mnistlab.config import RunConfig
from mnistlab.data import Dataset
from mnistlab.errors import ConfigError, DataError, MnistLabError
from mnistlab.events import TrainingStarted
from mnistlab.models import build_model
from mnistlab.training import TrainingState, train
from tests import tiny
from tests.tiny import same_weights

NETWORKS: list[dict[str, Any]] = [
    {"hidden": ()},
    {"hidden": (8, 6), "batch_norm": True, "dropout": 0.2},
    {"kind": "cnn", "channels": (2, 3, 4), "batch_norm": True, "normalise": True},
]


def packed(config: RunConfig) -> bytes:
    torch.manual_seed(0)
    return pack_weights(build_model(config.model), config)


def checkpoint_of(config: RunConfig, dataset: Dataset, num_events: int = 4) -> bytes:
    events = train(config, dataset, report_every=0)
    started, *_ = itertools.islice(events, num_events)
    assert isinstance(started, TrainingStarted)
    return started.state.checkpoint()


def safetensors_with(header: dict[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


def header_of(content: bytes) -> dict[str, str]:
    """The text part of a header, whose order safetensors leaves to chance."""
    (length,) = struct.unpack("<Q", content[:8])
    header: dict[str, str] = json.loads(content[8 : 8 + length])["__metadata__"]
    return header


class Bomb:
    """Unpickling one makes a folder."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self._target,)


@pytest.mark.parametrize("model", NETWORKS, ids=str)
def test_weights_survive_being_packed(model: dict[str, Any]) -> None:
    config = tiny.config(model)
    torch.manual_seed(3)
    original = build_model(config.model)
    original(torch.rand(4, 28, 28))  # so that batch norm has statistics of its own
    restored, restored_config = unpack_weights(pack_weights(original, config))
    assert same_weights(restored.state_dict(), original.state_dict())
    assert restored_config == config


def test_unpacked_model_is_ready_to_read() -> None:
    model, _ = unpack_weights(packed(tiny.config({"dropout": 0.5})))
    assert not model.training
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


def test_weights_are_readable_without_mnistlab(tmp_path: Path) -> None:
    config = tiny.config({"hidden": (8,)})
    path = tmp_path / "model.safetensors"
    path.write_bytes(packed(config))
    shapes = {name: array.shape for name, array in load_arrays(path.read_bytes()).items()}
    assert shapes == {"1.weight": (8, 784), "1.bias": (8,), "3.weight": (10, 8), "3.bias": (10,)}
    with safe_open(path, "numpy") as opened:
        assert json.loads(opened.metadata()["config"])["model"]["hidden"] == [8]


def test_packing_leaves_the_model_as_it_was() -> None:
    model = build_model(tiny.config().model).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    pack_weights(model, tiny.config())
    assert model.training
    assert same_weights(model.state_dict(), before)


def test_unpacked_weights_do_not_follow_the_bytes() -> None:
    content = bytearray(packed(tiny.config()))
    model, _ = unpack_weights(bytes(content))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    content[:] = bytes(len(content))
    assert same_weights(model.state_dict(), before)


@pytest.mark.parametrize("share", np.linspace(0, 0.999, 12))
def test_truncated_weights_are_a_data_error(share: float) -> None:
    content = packed(tiny.config())
    with pytest.raises(DataError):
        unpack_weights(content[: int(share * len(content))])


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 100])
def test_the_first_bytes_alone_are_a_data_error(size: int) -> None:
    with pytest.raises(DataError):
        unpack_weights(packed(tiny.config())[:size])


@pytest.mark.parametrize(
    "content",
    [
        b"not a safetensors file",
        b"\xff" * 100,
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        safetensors_with({}),
        safetensors_with({"__metadata__": {}}),
        safetensors_with({"__metadata__": None}),
        safetensors_with({"__metadata__": "mnistlab"}),
        safetensors_with({"__metadata__": ["mnistlab"]}),
    ],
)
def test_other_files_are_a_data_error(content: bytes) -> None:
    with pytest.raises(DataError):
        unpack_weights(content)


def test_weights_of_another_format_are_told(tmp_path: Path) -> None:
    content = packed(tiny.config()).replace(b'"mnistlab":"1"', b'"mnistlab":"9"')
    with pytest.raises(DataError, match="format '9'; this mnistlab reads format '1'"):
        unpack_weights(content)


def test_weights_that_do_not_fit_their_header_are_a_data_error() -> None:
    config, other = tiny.config({"hidden": (8,)}), tiny.config({"hidden": (9,)})
    content = pack_weights(build_model(config.model), other)
    with pytest.raises(DataError, match="do not fit the network that their own header describes"):
        unpack_weights(content)


def test_a_header_with_a_wrong_config_is_told() -> None:
    content = packed(tiny.config()).replace(b'\\"batch_size\\":100', b'\\"batch_size\\":-10')
    with pytest.raises(MnistLabError, match=r"train\.batch_size: -10"):
        unpack_weights(content)


def test_weights_are_never_unpickled(tmp_path: Path) -> None:
    for content in (pickle.dumps(Bomb(tmp_path / "gone off")), torch_file(Bomb(tmp_path / "gone off"), tmp_path)):
        with pytest.raises(DataError):
            unpack_weights(content)
    assert not (tmp_path / "gone off").exists()


def test_checkpoints_are_never_unpickled(tmp_path: Path) -> None:
    for content in (pickle.dumps(Bomb(tmp_path / "gone off")), torch_file(Bomb(tmp_path / "gone off"), tmp_path)):
        with pytest.raises(DataError):
            TrainingState.start(tiny.config(), content)
    assert not (tmp_path / "gone off").exists()


@pytest.mark.parametrize("train", [{"optimizer": "adam"}, {"momentum": 0.9}, {"optimizer": "rmsprop"}], ids=str)
def test_a_checkpoint_holds_all_that_changes(tiny_dataset: Dataset, train: dict[str, Any]) -> None:
    config = tiny.config({"dropout": 0.3, "batch_norm": True}, **train)
    content = checkpoint_of(config, tiny_dataset)
    state = TrainingState.start(config, content)
    assert state.step == 2
    assert header_of(state.checkpoint()) == header_of(content)
    state.devices.append("another computer's")
    assert TrainingState.start(config, state.checkpoint()).devices == state.devices
    assert same_weights(load(state.checkpoint()), load(content))


def test_a_checkpoint_is_a_copy(tiny_dataset: Dataset) -> None:
    """Steps taken afterwards must not reach into bytes that were packed before."""
    events = train(tiny.config(optimizer="adam"), tiny_dataset, report_every=0)
    started = next(events)
    assert isinstance(started, TrainingStarted)
    first = started.state.checkpoint()
    list(events)
    assert not same_weights(load(started.state.checkpoint()), load(first))
    assert TrainingState.start(tiny.config(optimizer="adam"), first).step == 0


@pytest.mark.parametrize("share", np.linspace(0, 0.999, 12))
def test_a_truncated_checkpoint_is_a_data_error(tiny_dataset: Dataset, share: float) -> None:
    config = tiny.config({"hidden": ()}, optimizer="adam")
    content = checkpoint_of(config, tiny_dataset)
    with pytest.raises(DataError):
        TrainingState.start(config, content[: int(share * len(content))])


@pytest.mark.parametrize(
    "model", [{"hidden": (9,)}, {"hidden": (8, 8)}, {"kind": "cnn"}, {"batch_norm": True}], ids=str
)
def test_a_checkpoint_of_another_shape_is_a_config_error(tiny_dataset: Dataset, model: dict[str, Any]) -> None:
    content = checkpoint_of(tiny.config({"hidden": (8,)}), tiny_dataset)
    with pytest.raises(ConfigError, match="belongs to another network"):
        TrainingState.start(tiny.config(model), content)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({"optimizer": "adam"}, {"optimizer": "rmsprop"}, "by Adam, and the recipe asks for RMSprop"),
        ({"optimizer": "adam"}, {"optimizer": "sgd"}, "by Adam, and the recipe asks for SGD"),
        (
            {"optimizer": "rmsprop"},
            {"optimizer": "rmsprop", "momentum": 0.5},
            "by RMSprop, .* for RMSprop with momentum",
        ),
    ],
)
def test_a_checkpoint_of_another_optimizer_is_a_config_error(
    tiny_dataset: Dataset, before: dict[str, Any], now: dict[str, Any], told: str
) -> None:
    checkpoint = checkpoint_of(tiny.config(**before), tiny_dataset)
    with pytest.raises(ConfigError, match=told):
        next(train(tiny.config(**now), tiny_dataset, checkpoint))


def test_weights_alone_are_no_checkpoint() -> None:
    with pytest.raises(ConfigError):
        TrainingState.start(tiny.config(), packed(tiny.config()))


def torch_file(thing: Any, folder: Path) -> bytes:
    path = folder / "weights.pt"
    torch.save(thing, path)
    return path.read_bytes()

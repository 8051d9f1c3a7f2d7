"""The safetensors files of an exported run: their headers are checked before their bytes are used."""

import json
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mnistlab.config import RunConfig, parse_config
from mnistlab.data import IMAGE_SIDE
from mnistlab.errors import ArchiveError, MnistLabError
from mnistlab.importing.manifest import Result
from mnistlab.importing.zipped import reason_of

if TYPE_CHECKING:
    import torch

_MOST_HEADER = 100_000  # bytes; a network of six convolutions has 4,000
_NUM_NOISE = 6  # pictures of noise that a network must read, besides a black and a white one


def check_weights(content: bytes, config: RunConfig) -> int:
    """Check that these weights fit the config's network, and that it works; return its number of parameters.

    Raises:
        ArchiveError: they are not.
    """
    import torch

    from mnistlab.models import build_model, count_parameters

    tensors = _load(content, "weights.safetensors")
    _check_made_with(config, content)
    with torch.device("meta"):  # shapes alone, without memory
        model = build_model(config.model)
    _check_fit(tensors, model.state_dict(), config.model.shape)
    for name, value in tensors.items():
        _check_finite(value, f"weights.safetensors, {name}")
        if name.endswith("running_var") and value.min() < 0:
            raise ArchiveError(f"weights.safetensors, {name}: a variance is below 0.")
    _check_network(content)
    return count_parameters(model)


def _check_made_with(config: RunConfig, content: bytes) -> None:
    """Check that the config in the header of the weights is this one."""
    from mnistlab.checkpoint import read_header

    try:
        its_own = parse_config(read_header(content).get("config", "{}"))
    except MnistLabError as error:
        raise ArchiveError(f"weights.safetensors has no config that can be read: {error}") from error
    if its_own != config:
        raise ArchiveError("The weights were made with other settings than config.json says.")


def _check_fit(tensors: Mapping[str, npt.NDArray[Any]], learned: Mapping[str, "torch.Tensor"], shape: str) -> None:
    """Check that tensors have the names, shapes and types of a network's state dict."""
    expected = {name: (tuple(one.shape), str(one.dtype).removeprefix("torch.")) for name, one in learned.items()}
    found = {name: (value.shape, str(value.dtype)) for name, value in tensors.items()}
    if found != expected:
        wrong = next(name for name in [*expected, *found] if found.get(name) != expected.get(name))
        raise ArchiveError(
            f"The weights do not fit a network {shape}: {wrong[:60]!r} is {found.get(wrong, 'missing')}, expected "
            f"{expected.get(wrong, 'none')}."
        )


def _check_network(content: bytes) -> None:
    """Check that the network's logits are finite: weights that are finite may still add up to infinity."""
    import torch

    from mnistlab.checkpoint import unpack_weights

    noise = np.random.default_rng(0).random((_NUM_NOISE, IMAGE_SIDE, IMAGE_SIDE), np.float32)
    blank = np.zeros_like(noise[:1])
    with torch.inference_mode():
        logits = unpack_weights(content)[0](torch.from_numpy(np.concatenate([blank, blank + 1, noise])))
    _check_finite(logits.numpy(), "weights.safetensors, what the network answers with them")


def read_losses(content: bytes) -> npt.NDArray[np.float32]:
    """The loss of each step, (N,) float32.

    Raises:
        ArchiveError: they are something else, or not all numbers.
    """
    tensors = _load(content, "losses.safetensors")
    losses = tensors.get("losses")
    if set(tensors) != {"losses"} or losses is None or losses.dtype != np.float32 or losses.ndim != 1:
        raise ArchiveError("losses.safetensors must hold one row of 32-bit numbers called losses.")
    _check_finite(losses, "losses.safetensors")
    return losses


def check_answers(content: bytes, step: int, result: Result) -> None:
    """Check that these are answers on a test set, by the weights of this step and with this result.

    Raises:
        ArchiveError: they are not.
    """
    from mnistlab.predictions import unpack_answers

    tensors = _load(content, "answers.safetensors")
    if set(tensors) != {"probabilities", "labels"}:
        raise ArchiveError("answers.safetensors must hold probabilities and labels, and nothing else.")
    try:
        evaluation, version = unpack_answers(content)
    except (MnistLabError, RecursionError) as error:
        raise ArchiveError(f"answers.safetensors cannot be read: {error}") from error
    probabilities, labels = evaluation.probabilities, evaluation.labels
    if probabilities.dtype != np.float32 or not len(labels) or labels.max() > 9 or tensors["labels"].dtype != np.uint8:
        raise ArchiveError("answers.safetensors must hold ten 32-bit probabilities and a digit for each image.")
    _check_finite(probabilities, "answers.safetensors")
    if probabilities.min() < 0 or not np.allclose(probabilities.sum(1), 1, atol=1e-3):
        raise ArchiveError("The ten probabilities of an answer must be 0 to 1 and add up to 1.")
    if evaluation.split != "test" or version != step or not isinstance(evaluation.loss, float):
        raise ArchiveError("The answers are those of other weights or of another split.")
    if [list(counts) for counts in evaluation.per_digit] != result.per_digit:
        raise ArchiveError("The answers are right for digits other than the manifest says.")


def _load(content: bytes, name: str) -> dict[str, npt.NDArray[Any]]:
    """All tensors of a safetensors file, after checking its header's length; the library checks sizes and offsets."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    length = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else 0
    if not 2 <= length <= min(_MOST_HEADER, len(content) - 8):
        raise ArchiveError(f"{name} is not a safetensors file: its header claims {length:,} bytes.")
    try:
        json.loads(content[8 : 8 + length])
        return load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise ArchiveError(f"{name} is not a safetensors file that can be read: {reason_of(error, 200)}.") from error


def _check_finite(values: npt.NDArray[Any], what: str) -> None:
    if not np.isfinite(values).all():
        raise ArchiveError(f"{what[:100]}: a number is infinite or not a number.")

"""One training step, looked at closely: the batch's digits, what the network answered, and what it changed."""

import json
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import nn

from mnistlab.checkpoint import metadata_of
from mnistlab.errors import DataError
from mnistlab.models import in_eval_mode
from mnistlab.probes import weight_layers

_MOST_IMAGES = 40  # of a batch; more would not fit on a screen


class Closeup:
    """Gathers what is worth seeing of one step: created before it, packed after it."""

    def __init__(self, model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
        """Look at a batch, images (B, 28, 28) float32 and labels (B,), before the step that learns from it."""
        self._model = model
        self._images, self._labels = images[:_MOST_IMAGES].clone(), labels[:_MOST_IMAGES].clone()
        self._weights = [layer.weight.detach().clone() for layer in weight_layers(model).values()]
        self._before = self._answers()

    def _answers(self) -> torch.Tensor:
        with in_eval_mode(self._model), torch.no_grad():
            logits: torch.Tensor = self._model(self._images)
        return logits

    def pack(self) -> bytes:
        """After the step: everything as safetensors bytes, for `SlowStep.unpack`."""
        layers = weight_layers(self._model)
        after = self._answers()
        pairs = list(zip(layers.values(), self._weights, strict=True))
        tensors = {
            "images": (self._images * 255).round().to(torch.uint8),
            "labels": self._labels,
            "before": self._before.softmax(1),
            "after": after.softmax(1),
            "losses": torch.stack([F.cross_entropy(answer, self._labels) for answer in (self._before, after)]),
            "updates": torch.stack([(layer.weight.detach() - old).abs().mean() for layer, old in pairs]),
            "weights": torch.stack([old.abs().mean() for _, old in pairs]),
        }
        arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
        return save(arrays, {"layers": json.dumps(list(layers))})


@dataclass(frozen=True, eq=False)
class SlowStep:
    """A close-up read back: B of the batch's digits and L layers with weights."""

    images: npt.NDArray[np.uint8]  # (B, 28, 28) as the network saw them, warped where the run augments
    labels: npt.NDArray[np.int64]  # (B,)
    before: npt.NDArray[np.float32]  # (B, 10) probabilities before the step
    after: npt.NDArray[np.float32]  # (B, 10) and after it
    losses: npt.NDArray[np.float32]  # (2,) mean loss of these digits before and after, in nats, dropout off
    layers: list[str]  # (L,)
    updates: npt.NDArray[np.float32]  # (L,) mean absolute change of a weight
    weights: npt.NDArray[np.float32]  # (L,) mean absolute weight before

    @classmethod
    def unpack(cls, content: bytes) -> "SlowStep":
        """Read what `Closeup.pack` wrote.

        Raises:
            DataError: the bytes are damaged.
        """
        try:
            arrays = load(content)  # checks the header first
            return cls(layers=json.loads(metadata_of(content)["layers"]), **arrays)
        except (SafetensorError, struct.error, ValueError, KeyError, TypeError) as error:
            raise DataError(f"The close-up of a step is damaged: {error!r}. Take another step.") from error

"""A trained network, built in or from a run, that reads pictures and drawings.

load_predictor().probabilities(images)     # (N, 28, 28) -> (N, 10)
recognise(rgba).digit                      # a drawing, framed and read by the default model
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mnistlab.builtin import DEFAULT_MODEL, builtin_names, no_such_model
from mnistlab.checkpoint import unpack_weights
from mnistlab.config import RunConfig
from mnistlab.data import IMAGE_SIDE
from mnistlab.errors import ImageError
from mnistlab.ids import is_run_id
from mnistlab.ink import Framing, frame_drawing, frame_ink
from mnistlab.models import in_batches
from mnistlab.paths import BUILTIN_MODELS
from mnistlab.photo import read_photo
from mnistlab.store import Store


@dataclass(frozen=True, eq=False)
class Predictor:
    """A trained network in eval mode on the CPU, where reading one digit takes a millisecond."""

    name: str  # a built-in model's name or a run's id
    config: RunConfig
    model: nn.Module

    @property
    def network(self) -> nn.Sequential:
        """The model as its layers, to be looked into."""
        assert isinstance(self.model, nn.Sequential)
        return self.model

    @torch.inference_mode()
    def probabilities(self, images: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Read pictures.

        Args:
            images: (N, 28, 28), uint8 in 0 to 255 or floats in [0, 1]; 0 is background, as in MNIST.

        Returns:
            (N, 10) float32: how probable the network finds each digit; rows sum to 1.

        Raises:
            ImageError: another shape, type or range.
        """
        pictures = torch.from_numpy(as_pictures(np.asarray(images)))
        return in_batches(self.model, pictures).softmax(1).numpy()


@dataclass(frozen=True, eq=False)
class Recognition:
    """How a model read a drawing; `probabilities` is (10,) float32."""

    model: str
    framing: Framing
    probabilities: npt.NDArray[np.float32]

    @property
    def digit(self) -> int:
        """The most probable digit."""
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        """The probability given to that digit, 0 to 1."""
        return float(self.probabilities.max())


def recognise(rgba: npt.NDArray[np.uint8], model: str | None = None) -> Recognition:
    """Read a drawing (H, W, 4) uint8 with a built-in model or a run (default: the built-in one).

    Raises:
        EmptyDrawingError, ImageError: as frame_drawing.
        ModelNotFoundError: no model of this name.
    """
    return _read(frame_drawing(rgba), model)


def recognise_photo(content: bytes, model: str | None = None) -> Recognition:
    """Read a photo or picture of a digit, as PNG, JPEG or WebP bytes, with a model as `recognise` takes it.

    Raises:
        EmptyDrawingError, ImageError: as read_photo.
        ModelNotFoundError: no model of this name.
    """
    return _read(frame_ink(read_photo(content)), model)


def _read(framing: Framing, model: str | None) -> Recognition:
    predictor = load_predictor(model)
    return Recognition(predictor.name, framing, predictor.probabilities(framing.image[None])[0])


def load_predictor(name_or_run: str | None = None, store: Store | None = None) -> Predictor:
    """Load a built-in model by name or a run's weights by id; None gives the default built-in model.

    Raises:
        ModelNotFoundError: no such model; the message lists the built-in ones.
        RunNotFoundError: no such run, or it has kept no weights yet.
        DataError: the weights are damaged.
    """
    name = DEFAULT_MODEL if name_or_run is None else name_or_run
    if name in builtin_names():
        return _load_builtin(name)
    if is_run_id(name):
        model, config = unpack_weights((store or Store()).weights(name))
        return Predictor(name, config, model)
    raise no_such_model(name)


@lru_cache(maxsize=8)
def _load_builtin(name: str) -> Predictor:
    model, config = unpack_weights((BUILTIN_MODELS / f"{name}.safetensors").read_bytes())
    return Predictor(name, config, model)


def as_pictures(images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Pictures as networks get them: (N, 28, 28) float32 in [0, 1].

    Raises:
        ImageError: another shape, type or range.
    """
    if images.ndim != 3 or images.shape[1:] != (IMAGE_SIDE, IMAGE_SIDE):
        raise ImageError(
            f"Pictures are (N, 28, 28); got an array of shape {images.shape}. Single and flat ones, and those with a "
            "channel, take the shape by pictures.reshape(-1, 28, 28)."
        )
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    if not np.issubdtype(images.dtype, np.floating):
        raise ImageError(
            f"Pictures are uint8 in 0 to 255 or floats in [0, 1]; got {images.dtype}. What goes from 0 to 255 becomes "
            "uint8 by pictures.astype(np.uint8)."
        )
    if images.size and not (images.min() >= 0 and images.max() <= 1):
        raise ImageError(
            f"Pictures of floats are in [0, 1]; got {images.min():g} to {images.max():g}. Divide what goes up to 255 "
            "by 255, and leave out a normalisation: a network that needs one does it itself."
        )
    return np.require(images, np.float32, ["C", "W"])  # torch takes no read-only arrays

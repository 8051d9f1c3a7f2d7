"""A network's features of a picture before it decides: its last hidden layer, as vectors and as a map.

features = hidden_features(model, images)        # (N, W): the input of the last linear layer
Map.of(features).points                          # (N, 2): the plane in which they differ most
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mnistlab.models import in_batches
from mnistlab.predict import as_pictures


@torch.inference_mode()
def hidden_features(model: nn.Sequential, images: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """The input of the last linear layer for each picture.

    Args:
        model: in eval mode; without a hidden layer, the pixels themselves come back.
        images: (N, 28, 28), uint8 in 0 to 255 or floats in [0, 1].

    Returns:
        (N, W) float32, W the width of the last hidden layer.

    Raises:
        ImageError: as for a prediction.
    """
    body = model[: _last_linear(model)]
    pictures = torch.from_numpy(as_pictures(np.asarray(images)))
    return in_batches(body, pictures).flatten(1).numpy()


def has_hidden_layer(model: nn.Sequential) -> bool:
    """Whether anything is learned before the last linear layer."""
    return any(True for _ in model[: _last_linear(model)].parameters())


def _last_linear(model: nn.Sequential) -> int:
    return max(place for place, layer in enumerate(model) if isinstance(layer, nn.Linear))


@dataclass(frozen=True, eq=False)
class Map:
    """Principal components of N vectors: `points` (N, 2), and the share of the variance along each axis."""

    points: npt.NDArray[np.float32]
    shares: tuple[float, float]

    @classmethod
    def of(cls, vectors: npt.NDArray[np.float32]) -> "Map":
        """Project (N, W) vectors onto the plane in which they differ most.

        The axes are the eigenvectors of the covariance with the largest eigenvalues, each with the sign that makes its
        largest component positive: the same vectors always give the same map. A single dimension gets a second axis of
        zeros. If W is larger than N, they are computed from the N x N matrix of the vectors' products instead.
        """
        centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
        if centred.shape[1] <= len(centred):
            variances, axes = np.linalg.eigh(centred.T @ centred)  # rising
            axes = axes[:, ::-1][:, :2]
        else:
            variances, along = np.linalg.eigh(centred @ centred.T)
            axes = centred.T @ along[:, ::-1][:, :2]
            axes /= np.maximum(np.linalg.norm(axes, axis=0), np.finfo(np.float64).tiny)
        variances = np.clip(variances[::-1], 0, None)
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
        points = np.zeros((len(vectors), 2))
        points[:, : axes.shape[1]] = centred @ axes
        total = variances.sum() or 1.0
        first, second = (float(share) for share in np.append(variances, 0.0)[:2] / total)
        return cls(points.astype(np.float32), (first, second))

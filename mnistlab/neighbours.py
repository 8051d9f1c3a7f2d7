"""Exact nearest neighbours, found by comparing with all examples.

Squared distances come from one matrix product, |q|^2 - 2 q.c + |c|^2, in chunks of the candidates.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from mnistlab.data import NUM_CLASSES

_CHUNK = 6000  # candidates at a time: 19 MB of float32 where a picture has 784 pixels


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For Q queries, the K nearest candidates: `indices` (Q, K) int64 and `distances` (Q, K) float32, rising."""

    indices: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float32]


@torch.inference_mode()
def nearest(queries: npt.NDArray[np.generic], candidates: npt.NDArray[np.generic], num: int) -> Neighbours:
    """Find the nearest candidates of each query by Euclidean distance.

    Args:
        queries: (Q, ...) numbers; uint8 are pixels and are taken as fractions of 255.
        candidates: (N, ...) of the same shape and kind.
        num: how many; all, where there are fewer.
    """
    asked = _rows(queries)
    num = min(num, len(candidates))
    best = torch.full((len(asked), 0), torch.inf)
    places = torch.zeros((len(asked), 0), dtype=torch.int64)
    for start in range(0, len(candidates), _CHUNK):
        found = _squared_distances(asked, _rows(candidates[start : start + _CHUNK]))
        near, here = found.topk(min(num, found.shape[1]), dim=1, largest=False)
        best, places = torch.cat([best, near], dim=1), torch.cat([places, start + here], dim=1)
        best, order = best.topk(min(num, best.shape[1]), dim=1, largest=False)
        places = places.gather(1, order)
    # Measured again: the matrix product tells near from far, but loses the last digits of a small distance.
    chosen = _rows(candidates[places.flatten().numpy()]).reshape(*places.shape, asked.shape[1])
    distances, order = (chosen - asked[:, None]).norm(dim=2).sort(dim=1, stable=True)
    return Neighbours(places.gather(1, order).numpy(), distances.numpy())


def vote(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The commonest label of each query's neighbours: (Q, K) labels, nearest first -> (Q,); nearer ones break a tie."""
    counts = np.zeros((len(labels), NUM_CLASSES))
    for place in range(labels.shape[1]):
        # A nearer neighbour counts a trifle more, never as much as another vote.
        counts[np.arange(len(labels)), labels[:, place]] += 1 + 2.0 ** -(place + 10)
    winners: npt.NDArray[np.int64] = counts.argmax(axis=1)
    return winners


def _rows(vectors: npt.NDArray[np.generic]) -> torch.Tensor:
    rows = torch.tensor(vectors).flatten(1).float()
    return rows / 255 if vectors.dtype == np.uint8 else rows


def _squared_distances(queries: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
    lengths = candidates.square().sum(1)[None] + queries.square().sum(1)[:, None]
    return torch.addmm(lengths, queries, candidates.T, alpha=-2)

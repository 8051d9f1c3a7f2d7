"""Nearest examples, against measuring every distance by itself."""

import numpy as np
import pytest

from mnistlab import neighbours
from mnistlab.neighbours import nearest, vote


@pytest.mark.parametrize("chunk", [7, 6000])
def test_neighbours_are_those_of_all_distances(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_CHUNK", chunk)
    generator = np.random.default_rng(0)
    queries, candidates = (generator.integers(0, 256, (num, 28, 28), np.uint8) for num in (5, 60))
    found = nearest(queries, candidates, 4)
    for query, indices, distances in zip(queries / 255, found.indices, found.distances, strict=True):
        apart = np.sqrt(((candidates / 255 - query) ** 2).sum(axis=(1, 2)))
        np.testing.assert_array_equal(indices, np.argsort(apart)[:4])
        np.testing.assert_allclose(distances, np.sort(apart)[:4], rtol=1e-4)


def test_an_image_is_its_own_nearest() -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    found = nearest(images, images, 1)
    assert found.indices[:, 0].tolist() == list(range(20))
    assert found.distances == pytest.approx(0, abs=0.01)


def test_fewer_candidates_than_asked_for_are_all_given() -> None:
    assert nearest(np.zeros((2, 3), np.float32), np.eye(3, dtype=np.float32), 12).indices.shape == (2, 3)


def test_most_votes_win_and_the_nearest_breaks_a_tie() -> None:
    votes = np.array([[1, 2, 2], [1, 2, 3], [9, 0, 0], [4, 4, 4]])
    assert vote(votes).tolist() == [2, 1, 0, 4]
    assert vote(np.array([[5, 6, 6, 5]])).tolist() == [5]

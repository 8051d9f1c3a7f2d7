"""What resembles no training digit is not believed, however sure the network is; digits hardly ever meet this doubt."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnistlab.data import Dataset
from mnistlab.doubt import check_shape, unsure
from mnistlab.hidden import hidden_features
from mnistlab.ink import FloatImage, find_ink, frame_ink
from mnistlab.likeness import FAMILIAR, MODEL, Likeness, kept, load_likeness, measure, write
from mnistlab.predict import load_predictor
from tests import shapes
from tests.stroke_digits import fifty
from ui.strokes import paint, stroke_of

NUM = 60
Draw = Callable[[np.random.Generator], FloatImage]


@pytest.fixture(scope="module")
def likeness() -> Likeness:
    return load_likeness()


def believed(likeness: Likeness, inks: list[FloatImage]) -> float:
    """The share of these that is taken for a digit, in spite of everything that is asked."""
    believing = 0
    for ink in inks:
        image = frame_ink(ink).image
        is_sure = not unsure(likeness.predictor.probabilities(image[None])[0])
        believing += check_shape(ink) is None and is_sure and not likeness.is_unlike(image)
    return believing / len(inks)


def test_what_is_kept_was_made_with_the_weights_that_come_along() -> None:
    """If not: `python -m mnistlab.likeness` measures the new ones."""
    found = kept(load_predictor(MODEL))
    assert found is not None
    assert found.examples.dtype == np.float32


@pytest.mark.parametrize(("draw", "most"), [(shapes.scribble, 0.1), (shapes.tangle, 0.3), (shapes.zigzag, 0.4)])
def test_scribbles_are_hardly_ever_believed(likeness: Likeness, draw: Draw, most: float) -> None:
    rng = np.random.default_rng(3)
    assert believed(likeness, [draw(rng) for _ in range(NUM)]) <= most


@pytest.mark.parametrize("name", ["E", "F", "N", "X", "m", "star", "asterisk"])
def test_letters_and_signs_are_hardly_ever_believed(likeness: Likeness, name: str) -> None:
    rng = np.random.default_rng(4)
    assert believed(likeness, [shapes.letter(name, rng) for _ in range(30)]) <= 0.3


def test_the_limit_lets_nearly_all_validation_digits_pass(likeness: Likeness, dataset: Dataset) -> None:
    refused = [likeness.is_unlike(image / np.float32(255)) for image in dataset.validation.images[:400]]
    assert np.mean(refused) < 0.02


@pytest.mark.parametrize("brush", [10, 18, 30])
def test_no_hand_drawn_digit_is_called_unlike(likeness: Likeness, brush: int) -> None:
    for digit, strokes in fifty()[:: 3 if brush != 18 else 1]:
        rgba = paint([stroke_of(points, brush) for points in strokes], 280, brush)
        assert not likeness.is_unlike(frame_ink(find_ink(rgba)).image), digit


def test_distance_is_that_to_the_nearest_example(likeness: Likeness, dataset: Dataset) -> None:
    image = dataset.test.images[18] / np.float32(255)
    features = hidden_features(likeness.predictor.network, image[None])
    slow = min(float(np.linalg.norm(features[0] - example)) for example in likeness.examples)
    assert likeness.distance(image) == pytest.approx(slow, abs=2e-2)


@pytest.fixture(scope="module")
def small(dataset: Dataset) -> tuple[Likeness, Dataset]:
    """Measured with 200 examples and 50 validation digits."""
    few = Dataset(dataset.name, dataset.source.take(np.arange(250), "train"), dataset.test, validation_size=50)
    return measure(load_predictor("fast-cnn"), few), few


def test_limit_is_that_quantile_of_the_validation_digits(small: tuple[Likeness, Dataset]) -> None:
    found, few = small
    distances = [found.distance(image / np.float32(255)) for image in few.validation.images]
    assert len(found.examples) == 200
    assert found.limit == pytest.approx(np.quantile(distances, FAMILIAR), abs=2e-2)


def test_what_was_written_comes_back_for_the_same_weights_alone(
    small: tuple[Likeness, Dataset], tmp_path: Path
) -> None:
    found, _ = small
    write(found, tmp_path)
    again = kept(found.predictor, tmp_path)
    assert again is not None
    assert again.limit == found.limit
    np.testing.assert_array_equal(again.examples, found.examples)
    (tmp_path / "small-cnn.likeness").write_bytes((tmp_path / "fast-cnn.likeness").read_bytes())
    assert kept(load_predictor("small-cnn"), tmp_path) is None

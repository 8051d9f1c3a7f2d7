"""What is not one digit is said to be none, and digits are hardly ever refused."""

from typing import Any

import numpy as np
import pytest

from mnistlab import doubt
from mnistlab.data import Dataset
from mnistlab.doubt import SURE, Measures, Shape, check_shape, measure, unsure
from mnistlab.ink import find_ink, frame_ink
from mnistlab.pieces import holes, label_pieces, pieces
from mnistlab.predict import load_predictor
from tests import shapes
from tests.drawings import white_on_black
from tests.stroke_digits import fifty
from ui.strokes import paint, stroke_of

NUM = 100


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_fewer_than_one_validation_digit_in_500_is_called_none(dataset: Dataset) -> None:
    refused = [check_shape(shapes.enlarged(image)) for image in dataset.validation.images[:1000]]
    assert sum(shape is not None for shape in refused) < 2


def test_no_hand_drawn_digit_is_called_none() -> None:
    for digit, strokes in fifty():
        ink = find_ink(paint([stroke_of(points, 18) for points in strokes], 280, 18))
        assert check_shape(ink) is None, digit


def test_two_digits_are_seen(dataset: Dataset) -> None:
    chosen = rng().integers(0, len(dataset.validation), (NUM, 2))
    images = dataset.validation.images
    found = [check_shape(shapes.pair(images[left], images[right])) for left, right in chosen]
    assert found.count(Shape.TWO_DIGITS) >= 0.97 * NUM


def test_dots_are_seen_whatever_their_size() -> None:
    random = rng()
    assert [check_shape(shapes.dot(random)) for _ in range(NUM)].count(Shape.DOT) >= 0.97 * NUM


def test_blots_are_told_apart_from_dots() -> None:
    random = rng()
    found = [check_shape(shapes.blob(random)) for _ in range(NUM)]
    assert found.count(Shape.BLOB) >= 0.2 * NUM
    assert found.count(Shape.BLOB) + found.count(Shape.DOT) >= 0.6 * NUM  # small ones are dots, thin ones may be digits
    assert Shape.BLOB not in [check_shape(shapes.dot(random)) for _ in range(NUM)]


def test_each_kind_of_no_digit_has_its_own_sentence() -> None:
    assert len({str(shape) for shape in Shape}) == len(Shape) == 7


def test_lying_lines_are_seen() -> None:
    random = rng()
    assert [check_shape(shapes.dash(random)) for _ in range(NUM)].count(Shape.TOO_WIDE) >= 0.97 * NUM


def test_four_scribbles_in_five_are_seen() -> None:
    random = rng()
    found = [check_shape(shapes.scribble(random)) for _ in range(NUM)]
    assert sum(shape is not None for shape in found) >= 0.8 * NUM


def test_many_specks_are_many_pieces() -> None:
    ink = np.zeros((120, 120), np.float32)
    for row in range(10, 110, 30):
        for column in range(10, 110, 30):
            ink[row : row + 6, column : column + 6] = 1
    assert check_shape(ink) in (Shape.PIECES, Shape.TWO_DIGITS)


@pytest.mark.parametrize(
    ("height", "width", "num_apart"), [(100, 20, 2), (100, 3, 1), (40, 50, 1), (60, 20, 2)], ids=str
)
def test_a_second_digit_has_its_share_of_the_ink_and_of_the_height(height: int, width: int, num_apart: int) -> None:
    ink = np.zeros((120, 120), np.float32)
    ink[10:110, 10:40] = 1
    ink[10 : 10 + height, 60 : 60 + width] = 1
    measures = measure(ink)
    assert measures is not None
    assert measures.num_apart == num_apart


@pytest.mark.parametrize(
    ("measured", "shape"),
    [
        ({}, None),
        ({"fill": 0.75, "aspect": 1.6}, Shape.DOT),
        ({"fill": 0.75, "aspect": 1.7}, None),  # too long for a dot, either way
        ({"fill": 0.75, "aspect": 0.59}, None),
        ({"fill": 0.75, "num_holes": 1}, None),
        ({"num_apart": 2}, Shape.TWO_DIGITS),
        ({"thickness": 0.37}, Shape.BLOB),
        ({"num_pieces": 4}, None),
        ({"num_pieces": 5}, Shape.PIECES),
        ({"line": 4.1}, Shape.SCRIBBLE),
        ({"num_holes": 3}, None),
        ({"num_holes": 4}, Shape.SCRIBBLE),
        ({"aspect": 2.1}, None),
        ({"aspect": 2.3}, Shape.TOO_WIDE),
    ],
)
def test_each_measure_has_its_bound(measured: dict[str, float], shape: Shape | None) -> None:
    digit: dict[str, Any] = {"aspect": 0.8, "fill": 0.3, "thickness": 0.1, "line": 2.5, "num_holes": 0}
    assert doubt._judge(Measures(**{**digit, "num_pieces": 1, "num_apart": 1, **measured})) is shape


def test_an_empty_sheet_is_no_shape() -> None:
    empty = np.zeros((28, 28), np.float32)
    assert check_shape(empty) is None


def test_threshold_of_doubt_refuses_few_digits_and_half_of_these_are_wrong(dataset: Dataset) -> None:
    split = dataset.validation
    shares = load_predictor().probabilities(split.images)
    doubted = np.array([unsure(one) for one in shares])
    assert doubted.mean() < 0.005
    assert (shares.argmax(axis=1) == split.labels)[doubted].mean() < 0.75


def test_sure_is_from_the_threshold_on() -> None:
    shares = np.zeros(10, np.float32)
    shares[3], shares[5] = SURE, 1 - SURE
    assert not unsure(shares)
    shares[3] -= 0.01
    assert unsure(shares)


def test_pieces_that_touch_at_a_corner_are_one_and_holes_do_not_leak_there() -> None:
    ring = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], bool)
    assert len(pieces(ring)) == 1
    assert holes(ring) == [1]


def test_pieces_are_numbered_as_they_are_listed() -> None:
    mask = np.zeros((9, 9), bool)
    mask[1:3, 1:4], mask[5:8, 2:9] = True, True
    labelled, found = label_pieces(mask)
    assert [piece.area for piece in found] == [6, 21]
    assert [(labelled == number).sum() for number in (1, 2)] == [6, 21]


def test_pieces_of_noise_agree_with_a_slow_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = rng().random((24, 31)) > 0.6
    labelled, found = label_pieces(mask)
    assert len(found) == flooded(mask)
    assert np.array_equal(labelled > 0, mask)


def flooded(mask: np.ndarray) -> int:
    """The number of pieces, by walking from pixel to pixel."""
    left, num = {(int(row), int(column)) for row, column in np.argwhere(mask)}, 0
    while left:
        num, todo = num + 1, [left.pop()]
        while todo:
            row, column = todo.pop()
            near = {(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)} & left
            left -= near
            todo.extend(near)
    return num


def test_shape_is_found_for_what_the_pad_sends() -> None:
    ink = find_ink(white_on_black(np.pad(np.ones((40, 40)), 120)))
    assert check_shape(ink) is Shape.DOT
    assert frame_ink(ink).image.max() == 1


def test_small_gaps_within_the_ink_are_no_holes() -> None:
    ink = np.zeros((280, 280), np.float32)
    ink[40:240, 80:180] = 1
    for top in range(50, 200, 30):
        ink[top : top + 10, 100:110] = 0
    found = measure(ink)
    assert found is not None
    assert found.num_holes == 0
    ink[100:140, 130:170] = 0
    found = measure(ink)
    assert found is not None
    assert found.num_holes == 1


@pytest.mark.parametrize("lower", [100, 160], ids=["left", "right"])
def test_two_digits_are_two_whichever_stands_lower(lower: int) -> None:
    ink = np.zeros((280, 280), np.float32)
    for left in (100, 160):
        top = 60 if left == lower else 40
        ink[top : top + 180, left : left + 20] = 1
    assert check_shape(ink) is Shape.TWO_DIGITS

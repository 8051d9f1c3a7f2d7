"""Drawings of one's own are kept with their labels, scored like a split, taken home and removed."""

import csv
import io
import zipfile

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from mnistlab import drawings as module
from mnistlab.drawings import Drawings, table
from mnistlab.errors import DataError, ImageError
from mnistlab.evaluation import evaluate
from mnistlab.predict import load_predictor
from mnistlab.store import Store

PICTURE = np.linspace(0, 1, 784, dtype=np.float32).reshape(28, 28)


@pytest.fixture
def own(store: Store) -> Drawings:
    return Drawings(store)


def test_drawing_comes_back_as_it_was_kept(own: Drawings) -> None:
    kept = own.add(PICTURE, 7, "keys")
    (drawing,) = own.all()
    assert (drawing.id, drawing.label, drawing.source) == (kept, 7, "keys")
    np.testing.assert_array_equal(drawing.image, np.round(PICTURE * 255).astype(np.uint8))


def test_set_is_scored_like_any_other_split(own: Drawings) -> None:
    for label in (3, 1):
        own.add(PICTURE, label)
    split = own.split()
    assert (split.name, split.images.shape, split.images.dtype) == ("drawings", (2, 28, 28), np.uint8)
    np.testing.assert_array_equal(split.labels, [3, 1])
    assert evaluate(load_predictor().model, split).confusion.sum() == 2


def test_empty_set_says_how_to_fill_it(own: Drawings) -> None:
    with pytest.raises(DataError, match="Draw a digit and say what it was"):
        own.split()


def test_version_changes_with_every_change(own: Drawings) -> None:
    seen = [own.version()]
    first = own.add(PICTURE, 1)
    seen.append(own.version())
    own.add(PICTURE, 2)
    seen.append(own.version())
    own.delete(first)
    seen.append(own.version())
    assert len(set(seen)) == 4


def test_removed_drawing_is_gone(own: Drawings) -> None:
    kept = own.add(PICTURE, 1)
    assert own.delete(kept)
    assert not own.delete(kept)
    assert own.count() == 0
    own.add(PICTURE, 1)
    assert own.clear() == 1
    assert own.all() == []


def test_full_set_takes_no_more(own: Drawings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    own.add(PICTURE, 1)
    with pytest.raises(DataError, match="at most 1 drawings"):
        own.add(PICTURE, 1)


@pytest.mark.parametrize("label", [-1, 10, 3.5, None, "3"])
def test_label_that_is_no_digit_is_refused(own: Drawings, label: object) -> None:
    with pytest.raises(DataError, match="0 to 9"):
        own.add(PICTURE, label)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [PICTURE[:5], PICTURE * 2, PICTURE * np.nan, (PICTURE * 255).astype(np.uint8)])
def test_picture_that_is_none_is_refused(own: Drawings, wrong: np.ndarray) -> None:
    with pytest.raises(ImageError):
        own.add(wrong, 1)


def test_npz_needs_no_pickle_even_when_empty(own: Drawings) -> None:
    for num in (0, 1):
        with np.load(io.BytesIO(own.as_npz()), allow_pickle=False) as file:
            assert file["images"].shape == (num, 28, 28)
            assert file["labels"].dtype == np.uint8
        own.add(PICTURE, 4)


def test_zip_holds_a_picture_and_a_line_for_each(own: Drawings) -> None:
    own.add(PICTURE, 4, "photo")
    with zipfile.ZipFile(io.BytesIO(own.as_zip())) as archive:
        (line,) = csv.DictReader(io.StringIO(archive.read("labels.csv").decode()))
        assert (line["label"], line["source"]) == ("4", "photo")
        with Image.open(io.BytesIO(archive.read(line["file"]))) as picture:
            np.testing.assert_array_equal(np.asarray(picture), own.all()[0].image)


def test_database_of_an_older_lab_gets_the_table(store: Store) -> None:
    with store.transaction() as connection:
        table.drop(connection, checkfirst=True)
    Drawings(store).add(PICTURE, 1)
    with store.transaction() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 1


def test_another_label_is_another_version_of_the_same_drawing(store: Store) -> None:
    drawings = Drawings(store)
    kept = drawings.add(np.zeros((28, 28), np.float32), 1)
    before = drawings.version()
    assert drawings.relabel(kept, 7)
    assert [drawing.label for drawing in drawings.all()] == [7]
    assert drawings.version() != before
    assert not drawings.relabel("gone", 7)
    with pytest.raises(DataError, match="0 to 9"):
        drawings.relabel(kept, 10)

"""The lab's own digits: labelled drawings, kept in the lab's database to score models on and to take home.

    drawings = Drawings(store)
    kept = drawings.add(framing.image, label=7, source="pen")
    drawings.split()                        # scored like any other split
    drawings.as_npz(), drawings.as_zip()    # to take home; nothing in them needs to be unpickled
    drawings.take_in(images, labels)        # what was taken home, here or from another lab: importing/digits.py

What is kept is the 28x28 picture, its label, when and how it was made: no name, no strokes, no photo.
"""

import csv
import io
import secrets
import time
import zipfile
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from PIL import Image

from mnistlab import schema
from mnistlab.data import IMAGE_SIDE, NUM_CLASSES, Split
from mnistlab.errors import DataError, ImageError
from mnistlab.store import Store

SPLIT_NAME = "drawings"
MOST = 2000  # of a lab: thirty people with 60 each, 1.6 MB
SOURCES = ("pen", "keys", "photo")
FROM_FILE = "file"  # the source of what was taken in

table = sa.Table(
    "drawings",
    schema.metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("created", sa.Float, nullable=False, index=True),  # seconds since 1970
    sa.Column("label", sa.Integer, nullable=False),
    sa.Column("source", sa.String(10), nullable=False),  # pen, keys, photo or file
    sa.Column("image", sa.LargeBinary, nullable=False),  # 784 bytes, row by row, 0 is background
)


@dataclass(frozen=True, eq=False)
class KeptDrawing:
    """A drawing of the lab's own set; `image` is (28, 28) uint8."""

    id: str
    created: float
    label: int
    source: str
    image: npt.NDArray[np.uint8]


class Drawings:
    """The drawings in a store's database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.transaction() as connection:  # databases of an older lab lack the table
            table.create(connection, checkfirst=True)

    def add(self, image: npt.NDArray[np.float32], label: int, source: str = "pen") -> str:
        """Keep a picture (28, 28) of floats in [0, 1] as the digit it was meant to be; return its id.

        Raises:
            ImageError: another shape or range.
            DataError: the label is not a digit, the source is unknown, or the set is full.
        """
        content = _checked(image)
        _check_label(label)
        if source not in SOURCES:
            raise DataError(f"A drawing is made with {', '.join(SOURCES)}; {source[:20]!r} was given.")
        row = {"id": secrets.token_hex(8), "created": time.time(), "label": int(label), "source": source}
        with self._store.transaction() as connection:
            if (connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0) >= MOST:
                raise DataError(
                    f"This lab keeps at most {MOST:,} drawings, and that many are there. Remove some first."
                )
            connection.execute(table.insert().values(image=content, **row))
        return str(row["id"])

    def take_in(self, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> int:
        """Keep pictures (N, 28, 28) as these digits (N,), all or none, after those that are there; return how many.

        Those that are there already, with the same label, are left out.

        Raises:
            ImageError: another shape or type.
            DataError: no digit, or the set would have more than it may.
        """
        if images.shape[1:] != (IMAGE_SIDE, IMAGE_SIDE) or images.dtype != np.uint8:
            raise ImageError(f"Drawings are taken in as (N, 28, 28) uint8; got {images.shape} of {images.dtype}.")
        for label in labels:
            _check_label(label)
        given = dict.fromkeys((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))
        now = time.time()
        with self._store.transaction() as connection:
            _let_nobody_else_write(connection)
            there = [tuple(row) for row in connection.execute(sa.select(table.c.image, table.c.label))]
            known = set(there)
            new = [drawing for drawing in given if drawing not in known]
            room = max(0, MOST - len(there))
            if len(new) > room:
                raise DataError(
                    f"This lab keeps at most {MOST:,} drawings: there is room for {room:,}, and {len(new):,} new ones "
                    "were given. Remove some first."
                )
            for place, (image, label) in enumerate(new):
                created = now + place / 1e6  # so that they stay in their order
                row = {"id": secrets.token_hex(8), "created": created, "label": label, "source": FROM_FILE}
                connection.execute(table.insert().values(image=image, **row))
        return len(new)

    def relabel(self, drawing_id: str, label: int) -> bool:
        """Change the digit a drawing stands for, as if it had just been kept; False if it is not there.

        Raises:
            DataError: the label is not a digit.
        """
        _check_label(label)
        change = table.update().where(table.c.id == str(drawing_id)).values(label=int(label), created=time.time())
        with self._store.transaction() as connection:
            return connection.execute(change).rowcount > 0

    def delete(self, drawing_id: str) -> bool:
        """Remove one drawing for good; False if it is not there."""
        with self._store.transaction() as connection:
            return connection.execute(table.delete().where(table.c.id == str(drawing_id))).rowcount > 0

    def clear(self) -> int:
        """Remove all drawings for good and return how many there were."""
        with self._store.transaction() as connection:
            return connection.execute(table.delete()).rowcount

    def all(self) -> list[KeptDrawing]:
        """Every drawing, the oldest first, so that its place in the set does not change."""
        with self._store.transaction() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.created, table.c.id)).mappings().all()
        return [_from_row(row) for row in rows]

    def count(self) -> int:
        """How many there are."""
        with self._store.transaction() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    def version(self) -> Hashable:
        """A value that changes whenever the set does."""
        query = sa.select(sa.func.count(), sa.func.max(table.c.created), sa.func.sum(table.c.created))
        with self._store.transaction() as connection:
            return tuple(connection.execute(query).one())

    def split(self) -> Split:
        """All drawings as a split.

        Raises:
            DataError: there are none.
        """
        kept = self.all()
        if not kept:
            raise DataError("There are no drawings of your own yet. Draw a digit and say what it was: that keeps it.")
        images = np.stack([drawing.image for drawing in kept])
        return Split(SPLIT_NAME, images, np.array([drawing.label for drawing in kept], np.int64))

    def as_npz(self) -> bytes:
        """`images` (N, 28, 28) uint8, `labels` (N,) uint8, `created` (N,) float64, for numpy.load."""
        kept, content = self.all(), io.BytesIO()
        np.savez_compressed(
            content,
            images=np.array([drawing.image for drawing in kept], np.uint8).reshape(-1, IMAGE_SIDE, IMAGE_SIDE),
            labels=np.array([drawing.label for drawing in kept], np.uint8),
            created=np.array([drawing.created for drawing in kept], np.float64),
        )
        return content.getvalue()

    def as_zip(self) -> bytes:
        """One PNG for each drawing and `labels.csv` with file, label, source and time."""
        content, lines = io.BytesIO(), io.StringIO()
        written = csv.writer(lines, lineterminator="\n")
        written.writerow(["file", "label", "source", "created"])
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, drawing in enumerate(self.all()):
                name = f"{number:04d}_{drawing.label}.png"
                picture = io.BytesIO()
                Image.fromarray(drawing.image).save(picture, "PNG")
                archive.writestr(name, picture.getvalue())
                created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(drawing.created))
                written.writerow([name, drawing.label, drawing.source, created])
            archive.writestr("labels.csv", lines.getvalue())
        return content.getvalue()


def _let_nobody_else_write(connection: sa.Connection) -> None:
    """Hold other writers back until the end of the transaction, so that two who take in the same add it once."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE drawings IN SHARE ROW EXCLUSIVE MODE"))
    else:  # SQLite locks its file at the first statement that may write
        connection.execute(table.update().where(sa.false()).values(label=0))


def _check_label(label: int) -> None:
    if label not in range(NUM_CLASSES):
        raise DataError(f"A drawing is kept as a digit from 0 to 9; {label!r} was given.")


def _checked(image: npt.NDArray[np.float32]) -> bytes:
    if np.shape(image) != (IMAGE_SIDE, IMAGE_SIDE) or not np.issubdtype(np.asarray(image).dtype, np.floating):
        raise ImageError(f"A drawing is kept as 28 x 28 floats; got {np.shape(image)} of {np.asarray(image).dtype}.")
    if not (image.min() >= 0 and image.max() <= 1):
        raise ImageError(f"A drawing's values are in [0, 1]; got {image.min():g} to {image.max():g}.")
    return np.round(image * 255).astype(np.uint8).tobytes()


def _from_row(row: sa.RowMapping) -> KeptDrawing:
    image = np.frombuffer(row["image"], np.uint8).reshape(IMAGE_SIDE, IMAGE_SIDE)
    return KeptDrawing(row["id"], row["created"], row["label"], row["source"], image)

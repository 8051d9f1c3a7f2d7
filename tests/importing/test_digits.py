"""A set of digits that was taken home comes back, and what is none is refused with a sentence."""

import io
import struct
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest

from mnistlab import drawings as module
from mnistlab.drawings import Drawings
from mnistlab.errors import ArchiveError, DataError, ImageError
from mnistlab.importing.digits import read_digits
from mnistlab.store import Store

IMAGES = np.arange(3 * 784, dtype=np.uint32).astype(np.uint8).reshape(3, 28, 28)
LABELS = np.array([7, 1, 7])


def packed(**arrays: npt.ArrayLike) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def zipped(images: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An .npz whose images are these bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr("images.npy", images)
        archive.writestr("labels.npy", npy(LABELS))
    return content.getvalue()


def npy(array: npt.NDArray[np.generic]) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def claiming(shape: tuple[int, ...]) -> bytes:
    """An array's header without its numbers."""
    return headed(f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n")


def headed(text: str) -> bytes:
    header = text.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def test_what_was_taken_home_is_kept_elsewhere_in_its_order(store: Store) -> None:
    own = Drawings(store)
    first = own.add(IMAGES[0].astype(np.float32) / 255, 7)
    assert own.take_in(*read_digits(packed(images=IMAGES, labels=LABELS))) == 2  # one was there already
    kept = own.all()
    assert kept[0].id == first
    assert [(one.label, one.source) for one in kept] == [(7, "pen"), (1, "file"), (7, "file")]
    np.testing.assert_array_equal(np.stack([one.image for one in kept]), IMAGES)
    np.testing.assert_array_equal(read_digits(own.as_npz())[0], IMAGES)
    assert own.take_in(*read_digits(own.as_npz())) == 0


def test_the_same_picture_as_another_digit_is_another_drawing(store: Store) -> None:
    own = Drawings(store)
    assert own.take_in(IMAGES[:1].repeat(3, axis=0), np.array([1, 1, 7])) == 2


def test_more_than_there_is_room_for_leaves_all_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    own = Drawings(store)
    own.add(IMAGES[0].astype(np.float32) / 255, 0)
    with pytest.raises(DataError, match="room for 2, and 3 new ones"):
        own.take_in(IMAGES, LABELS)
    assert own.count() == 1


WRONG: dict[str, Callable[[], bytes]] = {
    "not an .npz": lambda: b"images",
    "is damaged": lambda: packed(images=IMAGES, labels=LABELS)[:-40],
    "holds no labels": lambda: packed(images=IMAGES),
    r"labels \(2,\)": lambda: packed(images=IMAGES, labels=LABELS[:2]),
    r"images \(3, 28, 28\) float64": lambda: packed(images=IMAGES / 255, labels=LABELS),
    r"images \(3, 784\)": lambda: packed(images=IMAGES.reshape(3, 784), labels=LABELS),
    r"labels \(\)": lambda: packed(images=IMAGES, labels=3),
    "from 0 to 9": lambda: packed(images=IMAGES, labels=LABELS + 5),
    "0 to 9; these": lambda: packed(images=IMAGES, labels=LABELS.astype(float)),
    r"damaged \(Object": lambda: packed(images=np.array([[], [1]], object), labels=LABELS),
    "more than 2,000 digits": lambda: zipped(bytes(20_000_000)),
    r"damaged \(": lambda: zipped(claiming((3, 28, 28))),
    "damaged": lambda: zipped(claiming((10**14, 28, 28))),
}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_python_would_unpack_whole_is_not_unpacked(method: int, monkeypatch: pytest.MonkeyPatch) -> None:
    content = zipped(bytes(1_000_000), method)  # of 600 million zeros it would be as small
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(ArchiveError, match="packed by a method"):
        read_digits(content)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': (), 'fortran_order': False, 'shape': (1,)}\n",
        f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({10**23},)}}\n",
        "{[]: 1}\n",
        "(" * 5000,
    ],
)
def test_a_header_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(ArchiveError, match="damaged"):
        read_digits(zipped(headed(header)))


@pytest.mark.parametrize("images", [IMAGES.astype(np.float32), IMAGES.reshape(3, 784)])
def test_images_in_another_form_are_not_kept(images: npt.NDArray[np.uint8], store: Store) -> None:
    with pytest.raises(ImageError, match=r"\(N, 28, 28\) uint8"):
        Drawings(store).take_in(images, LABELS)


def test_two_who_bring_in_the_same_set_at_once_add_it_once(store: Store) -> None:
    own = Drawings(store)
    images = np.arange(500 * 784, dtype=np.uint32).astype(np.uint8).reshape(500, 28, 28)
    images[:, 0, 0], images[:, 0, 1] = np.arange(500) % 256, np.arange(500) // 256
    labels = np.zeros(500, np.int64)
    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(lambda _: own.take_in(images, labels), range(4)))
    assert (sum(added), own.count()) == (500, 500)


@pytest.mark.parametrize("said", WRONG)
def test_what_is_no_set_of_digits_is_refused(said: str) -> None:
    with pytest.raises(ArchiveError, match=said):
        read_digits(WRONG[said]())

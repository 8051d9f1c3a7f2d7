"""Reading a set of drawn digits that was taken home, from this lab or another: the .npz that `Drawings.as_npz` makes.

    Drawings(store).take_in(*read_digits(Path("drawings.npz").read_bytes()))

Or one made elsewhere: `numpy.savez("digits.npz", images=images, labels=labels)`. Nothing in it is unpickled.
"""

import io
import zipfile

import numpy as np
import numpy.typing as npt

from mnistlab.data import IMAGE_SIDE, NUM_CLASSES
from mnistlab.drawings import MOST
from mnistlab.errors import ArchiveError
from mnistlab.importing.zipped import BROKEN, SIGNATURE, check_packing, reason_of, unpack_at_most

_IMAGES, _LABELS = "images", "labels"
_HEADER = 10_000  # bytes, the most that numpy reads of one by itself
_WIDEST = 8  # bytes of a number


def read_digits(content: bytes) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The images (N, 28, 28) uint8 and labels (N,) int64 of a set, at most as many as a lab keeps.

    Raises:
        ArchiveError: it is no .npz, is damaged, or holds something else.
    """
    if not content.startswith(SIGNATURE):
        raise ArchiveError("This is not an .npz file. Choose the one that Download as .npz has made.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            images = _array(archive, _IMAGES, IMAGE_SIDE * IMAGE_SIDE)
            labels = _array(archive, _LABELS, 1)
    except BROKEN as error:
        raise _damaged(error) from error
    _check(images, labels)
    return images.astype(np.uint8), labels.astype(np.int64)


def _array(archive: zipfile.ZipFile, name: str, each: int) -> npt.NDArray[np.generic]:
    """One of its arrays, of so many numbers for each digit."""
    file_name = f"{name}.npy"
    if file_name not in archive.namelist():
        raise ArchiveError(
            f"This .npz holds no {name}: a set of digits has {_IMAGES} (N, 28, 28) uint8 and {_LABELS} (N,)."
        )
    most = MOST * each * _WIDEST + _HEADER
    entry = archive.getinfo(file_name)
    check_packing(entry)
    content = unpack_at_most(archive, entry, most + 1)
    if len(content) > most:
        raise ArchiveError(f"Its {name} unpack to more than {MOST:,} digits have, the most that a lab keeps.")
    try:
        array: npt.NDArray[np.generic] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # numpy evaluates the header as a piece of Python: a broken one raises almost anything
        raise _damaged(error) from error
    return array


def _damaged(error: Exception) -> ArchiveError:
    return ArchiveError(f"The .npz is damaged ({reason_of(error, 100)}). Download it again.")


def _check(images: npt.NDArray[np.generic], labels: npt.NDArray[np.generic]) -> None:
    num = len(labels) if labels.ndim == 1 else -1
    if images.dtype != np.uint8 or images.shape != (num, IMAGE_SIDE, IMAGE_SIDE):
        raise ArchiveError(
            f"A set of digits has {_IMAGES} (N, 28, 28) uint8, 0 for the background, and {_LABELS} (N,); this has "
            f"{_IMAGES} {images.shape} {images.dtype} and {_LABELS} {labels.shape}."
        )
    if not np.issubdtype(labels.dtype, np.integer) or not np.isin(labels, range(NUM_CLASSES)).all():
        raise ArchiveError(f"The {_LABELS} of a set of digits are whole numbers from 0 to 9; these are not all.")

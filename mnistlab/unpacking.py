"""Unpack and verify a gzipped file; the bundled ones only once, for all processes of the computer to share.

    content = unpack(BUNDLED_MNIST / "train-images-idx3-ubyte.gz", checksum)

The server, each worker of the engine and each notebook would otherwise hold 55 MB of the same bytes. So the first
process to unpack the bundled files leaves them beside the gzipped ones, as Python does with `__pycache__`, and all map
them into memory. If they cannot be written, each process keeps its own. What the bytes mean is up to data.py.
"""

import gzip
import hashlib
import mmap
import os
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

from mnistlab.errors import DataError
from mnistlab.paths import BUNDLED_MNIST, UNPACKED_MNIST

_MEND = "Restore it from the project (git checkout -- mnistlab/mnist) or install mnistlab again."


def unpack(path: Path, checksum: str) -> bytes | mmap.mmap:
    """The content of a gzipped file, read-only.

    Args:
        checksum: SHA-256 of the content, in hexadecimal digits.

    Raises:
        DataError: the file is missing, is not a complete gzip file, or has another content.
    """
    if path.parent != BUNDLED_MNIST:
        return _verified(path, checksum)
    kept = UNPACKED_MNIST / path.stem
    if (content := _mapped(kept, checksum)) is not None:
        return content
    own = _verified(path, checksum)
    _keep(kept, own)
    return _mapped(kept, checksum) or own


def _verified(path: Path, checksum: str) -> bytes:
    try:
        content = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path} is missing. {_MEND}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be unpacked ({error}): a complete gzip file was expected. {_MEND}") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != checksum:
        raise DataError(f"{path} is damaged: its content has SHA-256 {digest}, expected {checksum}. {_MEND}")
    return content


def _mapped(kept: Path, checksum: str) -> mmap.mmap | None:
    """The unpacked file as memory shared by all processes; None if it is missing or damaged."""
    with suppress(OSError, ValueError), kept.open("rb") as file:  # ValueError: it is empty
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if hashlib.sha256(content).hexdigest() == checksum:
            return content
        content.close()
    return None


def _keep(kept: Path, content: bytes) -> None:
    """Write the file under another name, then rename it: other processes find all of it or nothing."""
    with suppress(OSError):  # read-only, full, or on Windows in use by another process
        kept.parent.mkdir(exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=kept.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(partial, 0o644)  # others may train with it too
            os.replace(partial, kept)
        except OSError:
            os.unlink(partial)
            raise

"""Open an untrusted zip: only files with the names that an export has, none larger than it may be.

Nothing is ever written to disk, so a path in the zip leads nowhere; still, a `../` is refused as malicious. The sizes
in the zip's own directory are not trusted: each file is unpacked up to its limit and measured.
"""

import copy
import io
import stat
import zipfile
import zlib

from mnistlab.errors import ArchiveError
from mnistlab.export.archive import MANIFEST, NAMES

MOST_BYTES = 100_000_000  # of the zip
SIGNATURE = b"PK\x03\x04"  # how a zip with files in it begins
_MEGABYTE = 1_000_000
# The largest network that a config allows has 74 MB of weights; 1,000,000 steps have 4 MB of losses.
_LIMITS = {
    MANIFEST: _MEGABYTE,
    "config.json": _MEGABYTE,
    "epochs.json": 2 * _MEGABYTE,
    "reports.json": 40 * _MEGABYTE,
    "losses.safetensors": 40 * _MEGABYTE,
    "weights.safetensors": 90 * _MEGABYTE,
    "answers.safetensors": 10 * _MEGABYTE,
}
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Weights, losses and answers compress to no less than a tenth; a zip bomb to a thousandth.
_HIGHEST_RATIO, _RATIO_COUNTS_FROM = 100, _MEGABYTE
# What zipfile raises: NotImplementedError for an unknown compression method, RuntimeError for an encrypted file.
BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


def unzip(content: bytes) -> dict[str, bytes]:
    """The files of an exported run, by name.

    Raises:
        ArchiveError: it is not a zip, is damaged, or contains what no exported run does.
    """
    if len(content) > MOST_BYTES:
        raise ArchiveError("The file is larger than 100 MB, and no exported run is. Choose the .zip of one.")
    if not content.startswith(SIGNATURE):
        raise ArchiveError("This is not a zip file. Choose the .zip that an export of a run has made.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check(entries)
            files = {entry.filename: _unpack(archive, entry) for entry in entries}
    except BROKEN as error:
        raise ArchiveError(f"The zip is damaged ({reason_of(error, 100)}). Export the run again.") from error
    missing = {MANIFEST, *NAMES} - {"answers.safetensors"} - set(files)
    if missing:
        raise ArchiveError(f"This zip is not a whole exported run: {', '.join(sorted(missing))} is not in it.")
    return files


def _check(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse what no export writes, judging by the zip's directory."""
    names = [entry.filename for entry in entries]
    for entry in entries:
        _check_name(entry)
        check_packing(entry)
        _check_size(entry, entry.file_size)
    if len(names) != len(set(names)):
        twice = next(name for name in names if names.count(name) > 1)
        raise ArchiveError(f"The zip holds {twice} twice, and nobody could tell which is meant. Export the run again.")


def check_packing(entry: zipfile.ZipInfo) -> None:
    """Refuse what is packed as no export is.

    Raises:
        ArchiveError: it is encrypted, or packed by a method that Python unpacks whole, however little is asked for.
    """
    if entry.flag_bits & 0x1:
        raise ArchiveError(f"{_quoted(entry)} is encrypted, and what is exported never is.")
    if entry.compress_type not in _METHODS:
        raise ArchiveError(
            f"{_quoted(entry)} is packed by a method (number {entry.compress_type}) that no export uses."
        )


def _check_name(entry: zipfile.ZipInfo) -> None:
    mode = entry.external_attr >> 16
    # The name in the zip, before Python cuts it at a zero byte or replaces its slashes.
    name = entry.orig_filename
    if name.startswith(("/", "\\")) or ":" in name or ".." in name.replace("\\", "/").split("/"):
        raise ArchiveError(f"{_quoted(entry)} points outside of the zip. Nothing was taken from it.")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or name.endswith("/"):
        raise ArchiveError(f"{_quoted(entry)} is a link or a folder, not a file. Nothing was taken from the zip.")
    if name not in _LIMITS:
        raise ArchiveError(
            f"The zip holds {_quoted(entry)}, which no exported run has: they hold {', '.join(_LIMITS)}. "
            "Nothing was taken from it."
        )


def _check_size(entry: zipfile.ZipInfo, size: int) -> None:
    limit = _LIMITS[entry.filename]
    if size > limit:
        raise ArchiveError(f"{_quoted(entry)} unpacks to more than {limit // _MEGABYTE} MB, the most it may have.")
    if size > _RATIO_COUNTS_FROM and size > _HIGHEST_RATIO * max(1, entry.compress_size):
        raise ArchiveError(f"{_quoted(entry)} unpacks to more than {_HIGHEST_RATIO} times its size: a zip bomb.")


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    content = unpack_at_most(archive, entry, _LIMITS[entry.filename] + 1)
    _check_size(entry, len(content))
    if len(content) != entry.file_size:
        raise ArchiveError(
            f"{_quoted(entry)} has {len(content):,} bytes, and the zip says {entry.file_size:,}. Export the run again."
        )
    return content


def unpack_at_most(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """Unpack what is really there, up to `most` bytes, whatever the zip's directory says of its size."""
    real = copy.copy(entry)
    real.file_size = most + 1  # else Python would stop at the size that the directory gives
    with archive.open(real) as file:
        return file.read(most)


def reason_of(error: Exception, most: int) -> str:
    """What a library says is wrong, in one line of at most so many characters; the error's name if it says nothing."""
    return " ".join(str(error).split())[:most] or type(error).__name__


def _quoted(entry: zipfile.ZipInfo) -> str:
    return repr(entry.orig_filename[:60])

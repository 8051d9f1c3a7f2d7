"""IDX files, made in place: what data sets are published as."""

import gzip
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

# The types of the IDX format that data sets for torchvision come in.
_TYPES = {"uint8": (8, ">u1"), "int32": (12, ">i4")}


def idx(values: npt.NDArray[np.generic], kind: str = "uint8") -> bytes:
    """The bytes of an IDX file: two zeros, type, number of dimensions, sizes, values."""
    number, stored = _TYPES[kind]
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, number, values.ndim, *values.shape)
    return header + values.astype(stored).tobytes()


def write_idx(path: Path, values: npt.NDArray[np.generic], kind: str = "uint8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(idx(values, kind))


def repack(path: Path, content: bytes) -> None:
    """Write gzipped bytes, whole as a file, whatever they hold."""
    path.write_bytes(gzip.compress(content, 1))

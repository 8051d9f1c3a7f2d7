"""The part of Protocol Buffers' wire format that ONNX and TensorBoard files need: it spares the lab three packages.

A message is a sequence of fields, each a key (number and type) and a value. The functions here turn fields into bytes,
and a message is their sum:

    message = text(1, "loss") + real(2, 0.25)

Source: https://protobuf.dev/programming-guides/encoding/
"""

import struct
from collections.abc import Iterable

_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5


def varint(value: int) -> bytes:
    """A whole number in groups of seven bits, the lowest first; a negative one as its 64-bit complement."""
    value &= (1 << 64) - 1
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def integer(field: int, value: int) -> bytes:
    """A field of type int32, int64, bool or enum."""
    return _key(field, _VARINT) + varint(value)


def real(field: int, value: float) -> bytes:
    """A field of type float: 32 bits."""
    return _key(field, _FLOAT) + struct.pack("<f", value)


def double(field: int, value: float) -> bytes:
    """A field of type double: 64 bits."""
    return _key(field, _DOUBLE) + struct.pack("<d", value)


def block(field: int, content: bytes) -> bytes:
    """A field of type bytes, or a message inside a message."""
    return _key(field, _BYTES) + varint(len(content)) + content


def text(field: int, value: str) -> bytes:
    """A field of type string."""
    return block(field, value.encode())


def integers(field: int, values: Iterable[int]) -> bytes:
    """A repeated field of whole numbers."""
    return b"".join(integer(field, value) for value in values)


def _key(field: int, kind: int) -> bytes:
    return varint(field << 3 | kind)

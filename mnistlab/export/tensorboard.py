"""A run's curves as a TensorBoard event file: `tensorboard --logdir FOLDER` shows them beside other runs.

The names follow its custom: loss/training, loss/validation, accuracy/training, accuracy/validation, learning_rate,
gradient/LAYER. The format is written by hand, as it takes a few lines and its packages fifty megabytes.

Source: tensorflow/core/util/event.proto, framework/summary.proto and lib/io/record_writer.h.
"""

import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mnistlab.export import wire
from mnistlab.export.source import Source, wall_times

_POLYNOMIAL = 0x82F63B78  # of CRC-32C; zlib's crc32 has another one
_STRING = 7  # DataType.DT_STRING


def event_file_name(source: Source) -> str:
    """A name that TensorBoard recognises as an event file's."""
    return f"events.out.tfevents.{int(source.created)}.{source.name}"


def to_events(source: Source) -> bytes:
    """The whole event file: its version, the config as text, and every point of the curves."""
    version = wire.double(1, source.created) + wire.text(3, "brain.Event:2")
    config = source.config.model_dump_json(indent=1)
    about = wire.double(1, source.created) + wire.block(5, _text("config", f"```\n{config}\n```"))
    events = [version, about, *_points(source)]
    return b"".join(map(_record, events))


def _points(source: Source) -> Iterator[bytes]:
    curve = source.curve
    yield from _series(source, "loss/training", curve.steps, curve.losses)
    yield from _series(source, "accuracy/training", curve.report_steps, curve.accuracies)
    yield from _series(source, "learning_rate", curve.report_steps, curve.learning_rates)
    for step, probes in zip(curve.report_steps, curve.probes, strict=True):
        for layer, gradient in zip(probes.layers, probes.gradients, strict=True) if probes else ():
            yield from _series(source, f"gradient/{layer}", [step], [gradient])
        if probes and probes.dead is not None:
            yield from _series(source, "dead_relus", [step], [probes.dead])
    for figure in ("loss", "accuracy"):
        for part in ("train", "validation"):
            told = [(ended.step, getattr(ended, f"{part}_{figure}")) for ended in source.epochs]
            told = [(step, value) for step, value in told if value is not None]
            tag = f"{figure}/validation" if part == "validation" else f"{figure}/training, mean of each epoch"
            yield from _series(source, tag, [step for step, _ in told], [value for _, value in told])


def _series(source: Source, tag: str, steps: Iterable[int], values: Iterable[float]) -> Iterator[bytes]:
    steps = list(steps)
    times = wall_times(source, steps)
    for step, when, value in zip(steps, times, values, strict=True):
        scalar = wire.text(1, tag) + wire.real(2, float(value))
        yield wire.double(1, float(when)) + wire.integer(2, int(step)) + wire.block(5, wire.block(1, scalar))


def _text(tag: str, content: str) -> bytes:
    """A Summary for the text plugin: a tensor of one string."""
    tensor = wire.integer(1, _STRING) + wire.block(2, wire.block(2, wire.integer(1, 1))) + wire.text(8, content)
    plugin = wire.block(1, wire.text(1, "text"))
    return wire.block(1, wire.text(1, tag) + wire.block(8, tensor) + wire.block(9, plugin))


def _record(event: bytes) -> bytes:
    """Length and content, each followed by its checksum."""
    length = struct.pack("<Q", len(event))
    return length + _checksum(length) + event + _checksum(event)


def _checksum(content: bytes) -> bytes:
    """CRC-32C, masked (rotated and offset) as in TensorFlow's records."""
    table, crc = _table(), 0xFFFFFFFF
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


@lru_cache
def _table() -> tuple[int, ...]:
    def remainder(value: int) -> int:
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        return value

    return tuple(map(remainder, range(256)))

"""Zips that mean no good: each is refused with a sentence, and nothing is taken from it."""

import io
import pickle
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest

from mnistlab.errors import ArchiveError
from mnistlab.importing import import_run, zipped
from mnistlab.importing.zipped import unzip
from mnistlab.store import Store
from tests.importing.conftest import Files, forged, packed


@pytest.fixture(autouse=True)
def _nothing_was_kept(store: Store, exported: bytes) -> object:
    """Whatever a test of this file tries, no run comes of it."""
    before = len(store.runs())
    yield
    assert len(store.runs()) == before


def refuse(content: bytes, store: Store, reason: str) -> None:
    with pytest.raises(ArchiveError, match=reason):
        import_run(content, store)


@pytest.mark.parametrize(
    "name",
    ["../config.json", "/etc/passwd", "C:\\windows\\win.ini", "..\\config.json", "a/../../b", "\\\\host\\share", ".."],
)
def test_path_that_leads_outside_is_refused(files: Files, store: Store, name: str) -> None:
    refuse(packed({**files, name: b"{}"}), store, "points outside of the zip")


@pytest.mark.parametrize("name", ["weights.pkl", "config.json.exe", "more/config.json", "Config.json", "config.json\n"])
def test_file_that_no_export_has_is_refused(files: Files, store: Store, name: str) -> None:
    refuse(packed({**files, name: b"{}"}), store, "which no exported run has")


def test_name_that_is_cut_by_a_zero_byte_is_refused(files: Files, store: Store) -> None:
    content = packed({**files, "answers.safetensors": b"", "config.json?.pkl": b"{}"})
    refuse(content.replace(b"config.json?.pkl", b"config.json\0.pkl"), store, "which no exported run has")


def test_file_without_a_name_is_refused(files: Files, store: Store) -> None:
    refuse(packed({**files, "": b""}), store, "which no exported run has")


def test_folder_is_refused(files: Files, store: Store) -> None:
    refuse(packed({**files, "config.json/": b""}), store, "is a link or a folder")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
def test_link_or_device_is_refused(files: Files, store: Store, kind: int) -> None:
    refuse(packed(files, external_attr=(kind | 0o777) << 16), store, "is a link or a folder, not a file")


def test_name_that_is_there_twice_is_refused(files: Files, store: Store) -> None:
    target = io.BytesIO(packed(files))
    with zipfile.ZipFile(target, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("config.json", b"{}")
    refuse(target.getvalue(), store, r"holds config\.json twice")


@pytest.mark.parametrize("name", ["weights.safetensors", "reports.json", "manifest.json"])
def test_bomb_is_refused_before_it_goes_off(files: Files, store: Store, name: str) -> None:
    bomb = bytes(95_000_000) if name == "weights.safetensors" else bytes(41_000_000)
    content = packed({**files, name: bomb})
    assert len(content) < 200_000
    refuse(content, store, "unpacks to more than")


def test_bomb_below_the_limit_is_told_by_its_ratio(files: Files, store: Store) -> None:
    refuse(packed({**files, "weights.safetensors": bytes(20_000_000)}), store, "100 times its size: a zip bomb")


def test_bomb_that_understates_its_size_is_stopped_at_the_limit(files: Files, store: Store) -> None:
    content = packed({**files, "losses.safetensors": bytes(60_000_000)})
    refuse(with_sizes(content, "losses.safetensors", 1000), store, "unpacks to more than")


def test_file_that_is_larger_than_any_export_is_not_opened(
    exported: bytes, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipped, "MOST_BYTES", len(exported))
    assert unzip(exported)
    refuse(exported + b"x", store, "The file is larger than 100 MB")


def test_zip_in_a_zip_is_refused(files: Files, exported: bytes, store: Store) -> None:
    refuse(packed({**files, "run.zip": exported}), store, "which no exported run has")
    refuse(forged(files, weights_safetensors=exported), store, "weights.safetensors is not a safetensors file")


def with_sizes(content: bytes, name: str, size: int, in_directory_only: bool = False) -> bytes:
    """A zip that gives another unpacked size for a file, in its directory and in the file's own header."""
    changed = bytearray(content)
    for signature, offset, name_at in ((b"PK\x01\x02", 24, 46), (b"PK\x03\x04", 22, 30)):
        if in_directory_only and signature == b"PK\x03\x04":
            continue
        start = content.find(signature)
        while content[start + name_at : start + name_at + len(name)] != name.encode():
            start = content.find(signature, start + 4)
            assert start >= 0
        changed[start + offset : start + offset + 4] = struct.pack("<I", size)
    return bytes(changed)


@pytest.mark.parametrize("size", [1, 100, 10_000_000])
def test_size_that_lies_is_refused(exported: bytes, store: Store, size: int) -> None:
    for only in (True, False):
        refuse(with_sizes(exported, "config.json", size, only), store, r"the zip says|zip bomb|more than|damaged")


def test_checksum_that_fits_a_cut_file_does_not_help(files: Files, store: Store) -> None:
    content = packed(files)
    cut = files["config.json"][:10]
    changed = with_sizes(content, "config.json", 10)
    real, false = (struct.pack("<I", zlib.crc32(part)) for part in (files["config.json"], cut))
    refuse(changed.replace(real, false), store, "damaged")


def flipped(content: bytes) -> bytes:
    place = content.find(b"weights.safetensors") + 1000
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


_BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda content: b"",
    "text": lambda content: b"this is not a zip",
    "half": lambda content: content[: len(content) // 2],
    "without its end": lambda content: content[:-30],
    "an empty zip": lambda content: packed({}),
    "a byte is another": flipped,
    "something before it": lambda content: b"#!/bin/sh\n" + content,
    "a pickle": lambda content: pickle.dumps({"weights": [1, 2, 3]}),
}


@pytest.mark.parametrize("kind", list(_BROKEN))
def test_what_is_no_whole_zip_is_refused(exported: bytes, store: Store, kind: str) -> None:
    refuse(_BROKEN[kind](exported), store, "not a zip file|is damaged")


def test_encrypted_file_is_refused(exported: bytes, store: Store) -> None:
    changed = bytearray(exported)
    start = exported.find(b"PK\x01\x02")
    changed[start + 8] |= 1
    refuse(bytes(changed), store, "is encrypted")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packing_is_refused(files: Files, store: Store, method: int) -> None:
    refuse(packed(files, compress_type=method), store, "packed by a method")


@pytest.mark.parametrize("name", ["manifest.json", "config.json", "epochs.json", "weights.safetensors"])
def test_missing_file_is_named(files: Files, store: Store, name: str) -> None:
    del files[name]
    refuse(packed(files), store, f"not a whole exported run: {name} is not in it")


def test_sound_zip_is_unpacked_as_it_is(exported: bytes, files: Files) -> None:
    assert unzip(exported) == files
    assert set(files) > {"manifest.json", "config.json", "weights.safetensors", "answers.safetensors"}

"""Gzipped files unpacked: the bundled ones once for all processes, whatever has become of what was left there."""

import gzip
import hashlib
import mmap
from pathlib import Path

import pytest

from mnistlab import unpacking
from mnistlab.errors import DataError
from mnistlab.unpacking import unpack

CONTENT = b"digits " * 5000
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gzipped file in a folder that counts as the bundled one."""
    monkeypatch.setattr(unpacking, "BUNDLED_MNIST", tmp_path)
    monkeypatch.setattr(unpacking, "UNPACKED_MNIST", tmp_path / "unpacked")
    path = tmp_path / "some.gz"
    path.write_bytes(gzip.compress(CONTENT))
    return path


def kept(bundled: Path) -> Path:
    return bundled.parent / "unpacked" / "some"


def test_a_bundled_file_is_unpacked_once_and_then_shared(bundled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = unpack(bundled, CHECKSUM)
    monkeypatch.setattr(unpacking, "_verified", lambda *_: pytest.fail("unpacked again"))
    second = unpack(bundled, CHECKSUM)
    assert isinstance(first, mmap.mmap)
    assert isinstance(second, mmap.mmap)
    assert first[:] == second[:] == CONTENT
    assert [path.name for path in kept(bundled).parent.iterdir()] == ["some"]


def test_what_is_shared_cannot_be_written_to(bundled: Path) -> None:
    content = unpack(bundled, CHECKSUM)
    assert memoryview(content).readonly


@pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT.replace(b"d", b"b", 1)])
def test_an_unpacked_file_that_is_not_as_it_should_be_is_made_again(bundled: Path, damaged: bytes) -> None:
    kept(bundled).parent.mkdir()
    kept(bundled).write_bytes(damaged)
    assert unpack(bundled, CHECKSUM)[:] == CONTENT
    assert kept(bundled).read_bytes() == CONTENT


def test_where_nothing_can_be_kept_the_process_has_its_own(bundled: Path) -> None:
    (bundled.parent / "unpacked").write_text("a file where the folder should be")
    assert unpack(bundled, CHECKSUM) == CONTENT


def test_nothing_is_left_of_a_file_that_could_not_be_kept(bundled: Path) -> None:
    kept(bundled).mkdir(parents=True)  # cannot be replaced by a file
    assert unpack(bundled, CHECKSUM) == CONTENT
    assert [path.name for path in kept(bundled).parent.iterdir()] == ["some"]


def test_a_file_of_another_folder_is_not_kept(bundled: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = bundled.rename(elsewhere / "some.gz")
    assert unpack(path, CHECKSUM) == CONTENT
    assert list(elsewhere.iterdir()) == [path]
    assert not kept(bundled).parent.exists()


def test_a_bundled_file_that_is_damaged_is_not_kept(bundled: Path) -> None:
    with pytest.raises(DataError, match="is damaged"):
        unpack(bundled, "0" * 64)
    assert not kept(bundled).exists()

"""An export on its way to the disk: whole, or not at all."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from mnistlab import export
from mnistlab.errors import ExportError
from mnistlab.export import Exported, format_of, write
from tests.systems import needs_posix

LARGE = Exported("run.onnx", b"new" * 100_000)


@contextmanager
def small_disk() -> Iterator[None]:
    """No file gets larger than 10 kB, as on a disk that is full then."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@needs_posix
def test_export_that_fails_leaves_the_file_that_it_was_to_replace(tmp_path: Path) -> None:
    target = tmp_path / "run.onnx"
    target.write_bytes(b"good")
    with small_disk(), pytest.raises(ExportError, match=r"run\.onnx cannot be written: File too large"):
        export.write(LARGE, "onnx", target)
    assert target.read_bytes() == b"good"
    assert list(tmp_path.iterdir()) == [target]


@needs_posix
def test_events_that_cannot_be_written_leave_no_folder(tmp_path: Path) -> None:
    with small_disk(), pytest.raises(ExportError, match="cannot be written"):
        export.write(LARGE, "tensorboard", tmp_path / "logs" / "first")
    assert list(tmp_path.iterdir()) == []


@needs_posix
def test_export_replaces_a_file_and_keeps_its_mode_and_a_link_to_it(tmp_path: Path) -> None:
    target, link = tmp_path / "run.onnx", tmp_path / "latest.onnx"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    assert export.write(LARGE, "onnx", link) == link
    assert link.is_symlink()
    assert target.read_bytes() == LARGE.content
    assert target.stat().st_mode & 0o777 == 0o640


@needs_posix
def test_export_to_a_pipe_is_read_at_its_other_end(tmp_path: Path) -> None:
    """As to any device: it is written to, not replaced by a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb") as other_end:
        assert export.write(Exported("run.onnx", b"new"), "onnx", pipe) == pipe
        assert other_end.read() == b"new"
    assert pipe.is_fifo()


def test_export_to_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be written: Is a directory"):
        export.write(LARGE, "onnx", tmp_path)


def test_two_exports_at_once_do_not_get_each_others_content(tmp_path: Path) -> None:
    targets = [tmp_path / f"{number}.html" for number in range(8)]
    contents = [str(number).encode() * 200_000 for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda at: write(Exported("x", contents[at]), "report", targets[at]), range(8)))
    assert [target.read_bytes() for target in targets] == contents
    assert sorted(tmp_path.iterdir()) == targets


@needs_posix
def test_a_link_to_itself_is_a_sentence(tmp_path: Path) -> None:
    link = tmp_path / "loop.html"
    link.symlink_to(link)
    with pytest.raises(ExportError, match=r"loop\.html cannot be written"):
        write(Exported("x", b"y"), "report", link)


@pytest.mark.parametrize("kept_away", [0o022, 0o077])
def test_a_new_file_has_the_rights_that_others_have(tmp_path: Path, kept_away: int) -> None:
    before = os.umask(kept_away)
    try:
        (tmp_path / "other").touch()
        write(Exported("x", b"y"), "report", tmp_path / "new.html")
        (tmp_path / "later").touch()
    finally:
        os.umask(before)
    rights = (tmp_path / "other").stat().st_mode
    assert (tmp_path / "new.html").stat().st_mode == rights
    assert (tmp_path / "later").stat().st_mode == rights  # what is kept away from new files is so after an export too


def test_events_are_written_into_a_folder_in_a_folder(tmp_path: Path) -> None:
    for content in (b"one", b"another"):
        written = write(Exported("events", content), "tensorboard", tmp_path / "new" / "folder")
        assert written == tmp_path / "new" / "folder" / "events"
        assert written.read_bytes() == content


def test_an_ending_stands_for_a_format_and_none_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "runs.d").mkdir()
    names = ["a.safetensors", "A.ONNX", "a.html", "a.py", "a.zip", "a", "runs.d"]
    formats = ["safetensors", "onnx", "report", "script", "archive", "tensorboard", "tensorboard"]
    assert [format_of(tmp_path / name) for name in names] == formats
    with pytest.raises(ExportError, match=r"The ending of 'a\.txt' is not known"):
        format_of(tmp_path / "a.txt")

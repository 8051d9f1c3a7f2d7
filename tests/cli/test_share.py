"""`export` and `import`: a run on its way out of the lab and into it, by the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from mnistlab.checkpoint import unpack_weights
from mnistlab.cli import main
from mnistlab.presets import PRESETS
from mnistlab.store import Store
from tests.cli.conftest import Lines
from tests.tiny import same_weights


def test_an_exported_run_is_read_by_safetensors(run_id: str, tmp_path: Path, lines: Lines) -> None:
    target = tmp_path / "run.safetensors"
    assert main(["export", run_id, "--to", str(target)]) == 0
    model, _ = unpack_weights(Store().weights(run_id))
    assert same_weights(load_file(target), model.state_dict())
    assert lines() == [f"Wrote {target} (1.63 MB)."]


def test_an_exported_built_in_model_can_be_loaded_again(tmp_path: Path) -> None:
    target = tmp_path / "cnn.safetensors"
    assert main(["export", "small-cnn", "--to", str(target), "--json"]) == 0
    _, config = unpack_weights(target.read_bytes())
    assert config == PRESETS["small-cnn"].config


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("run.onnx", b"\x08\x08"),
        ("run.zip", b"PK"),
        ("run.html", b"<!DOCTYPE html>"),
        ("run.py", b'"""784-512-10'),
        ("run.SAFETENSORS", b""),
    ],
)
def test_ending_of_the_file_decides_the_format(run_id: str, tmp_path: Path, name: str, start: bytes) -> None:
    assert main(["export", run_id, "--to", str(tmp_path / name)]) == 0
    assert (tmp_path / name).read_bytes().startswith(start)


def test_folder_gets_an_event_file_for_tensorboard(
    run_id: str, tmp_path: Path, objects: Callable[[], list[dict[str, Any]]]
) -> None:
    assert main(["export", run_id, "--to", str(tmp_path / "logs" / "first"), "--json"]) == 0
    (told,) = objects()
    (file,) = (tmp_path / "logs" / "first").iterdir()
    assert (told["format"], told["file"], told["bytes"]) == ("tensorboard", str(file), file.stat().st_size)
    assert file.name.startswith("events.out.tfevents.")


def test_format_can_be_named(run_id: str, tmp_path: Path) -> None:
    assert main(["export", run_id, "--to", str(tmp_path / "lesson.txt"), "--as", "script"]) == 0
    assert "import torch" in (tmp_path / "lesson.txt").read_text(encoding="utf-8")


def test_unknown_ending_is_told_with_those_there_are(
    run_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", run_id, "--to", str(tmp_path / "run.pkl")]) == 1
    assert "Choose a name that ends in .safetensors, .onnx, .html, .py, .zip, or a folder" in capsys.readouterr().err


def test_format_that_cannot_hold_the_model_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "best-cnn", "--to", str(tmp_path / "best.py")]) == 1
    assert "best-cnn was trained with the augmentation setting 'framed'" in capsys.readouterr().err
    assert not (tmp_path / "best.py").exists()


def test_file_that_cannot_be_written_is_told(run_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", run_id, "--to", str(tmp_path / "missing" / "run.zip")]) == 1
    assert "cannot be written: No such file or directory. Choose another place." in capsys.readouterr().err


def test_exported_run_comes_in_again(
    run_id: str, tmp_path: Path, objects: Callable[[], list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "run.zip")
    main(["export", run_id, "--to", path])
    capsys.readouterr()
    assert main(["import", path, "--json"]) == 0
    (told,) = objects()
    imported, first = Store().run(told["run"]), Store().run(run_id)
    assert imported.id != run_id
    assert (imported.state, imported.result) == ("finished", first.result)
    assert main(["import", path]) == 0
    assert capsys.readouterr().out.startswith("Run ")


def test_what_is_no_exported_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.zip").write_text("no zip", encoding="utf-8")
    assert main(["import", str(tmp_path / "run.zip")]) == 1
    assert "This is not a zip file." in capsys.readouterr().err
    assert main(["import", str(tmp_path / "gone.zip")]) == 1
    assert "gone.zip cannot be read: No such file or directory." in capsys.readouterr().err


def test_imported_run_refuses_more_epochs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "cnn.zip")
    main(["export", "fast-cnn", "--to", path])
    capsys.readouterr()
    main(["import", path, "--json"])
    run_id = json.loads(capsys.readouterr().out)["run"]
    assert main(["resume", run_id, "--more-epochs", "1"]) == 1
    assert "was imported, without its optimizer's memory" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["", "-"])
@pytest.mark.parametrize("how", [[], ["--as", "onnx"]])
def test_export_to_no_name_is_refused(
    given: str, how: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert main(["export", "small-cnn", "--to", given, *how]) == 1
    assert f"--to {given!r} names no file" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before

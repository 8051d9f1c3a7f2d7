"""`evaluate` and `classify`, as a person and as a program use them."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mnistlab import execution
from mnistlab.cli import main
from mnistlab.data import Dataset
from mnistlab.doubt import Shape
from mnistlab.store import Store
from tests import tiny
from tests.cli.conftest import Lines, save
from tests.drawings import SEVEN, SIDE, draw, enlarge, put_on
from tests.photos import encoded, photo


def test_evaluate_prints_a_line_for_each_digit(run_id: str, lines: Lines) -> None:
    assert main(["evaluate", run_id]) == 0
    first, *digits = lines()
    assert first.startswith(f"{run_id}, test: loss ")
    assert [line[:2] for line in digits] == [f"{digit}:" for digit in range(10)]
    assert all(line.endswith(")") and " % (" in line for line in digits)


def test_evaluate_as_json_adds_up(run_id: str, objects: Callable[[], list[dict[str, Any]]]) -> None:
    assert main(["evaluate", run_id, "--json"]) == 0
    (figures,) = objects()
    confusion = np.array(figures["confusion"])
    assert (figures["model"], figures["split"], confusion.sum()) == (run_id, "test", 200)
    assert figures["accuracy"] == pytest.approx(confusion.trace() / 200)
    assert figures["per_digit"] == [[int(row[digit]), int(row.sum())] for digit, row in enumerate(confusion)]


def test_evaluate_tells_the_result_of_the_training(run_id: str, objects: Callable[[], list[dict[str, Any]]]) -> None:
    main(["evaluate", run_id, "--json"])
    (figures,) = objects()
    result = Store().run(run_id).result
    assert result is not None
    assert figures["accuracy"] == result["test_accuracy"]
    assert figures["loss"] == pytest.approx(result["test_loss"], rel=1e-5)


def test_evaluate_reads_the_images_the_run_has_learned_from(
    run_id: str, objects: Callable[[], list[dict[str, Any]]]
) -> None:
    assert main(["evaluate", run_id, "--split", "train", "--json"]) == 0
    (figures,) = objects()
    assert (figures["split"], np.sum(figures["confusion"])) == ("train", 600)  # the tutorial holds nothing out


def test_evaluating_a_validation_split_that_is_not_there_is_told(
    run_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", run_id, "--split", "validation"]) == 1
    assert "trained without a validation split" in capsys.readouterr().err


def test_evaluate_knows_the_built_in_model(objects: Callable[[], list[dict[str, Any]]]) -> None:
    assert main(["evaluate", "small-cnn", "--json"]) == 0
    assert objects()[0]["accuracy"] > 0.97


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "1", "P", "LA"])
def test_classify_reads_every_kind_of_png(
    tmp_path: Path, mode: str, objects: Callable[[], list[dict[str, Any]]]
) -> None:
    path = save(tmp_path / "seven.png", put_on("black on white", draw(SEVEN)), mode)
    assert main(["classify", path, "--json"]) == 0
    (told,) = objects()
    assert (told["file"], told["digit"]) == (path, 7)
    assert sum(told["probabilities"]) == pytest.approx(1, abs=1e-4)
    assert np.argmax(told["probabilities"]) == 7


def test_classify_reads_jpeg(tmp_path: Path, lines: Lines) -> None:
    path = save(tmp_path / "seven.jpg", put_on("white on black", draw(SEVEN)), "RGB")
    assert main(["classify", path]) == 0
    assert lines()[0].startswith(f"{path}: 7 (")


def test_classify_doubts_what_is_no_digit(tmp_path: Path, lines: Lines) -> None:
    dash = np.zeros((100, 100), np.uint8)
    dash[45:55, 10:90] = 255
    path = str(tmp_path / "dash.png")
    Image.fromarray(dash).save(path)
    assert main(["classify", path]) == 0
    (line,) = lines()
    assert line.startswith(f"{path}: perhaps ")
    assert line.endswith(Shape.TOO_WIDE)
    assert main(["classify", path, "--json"]) == 0
    assert json.loads(lines()[0])["doubt"] == Shape.TOO_WIDE


def test_classify_reads_mnist_digits(
    tmp_path: Path, dataset: Dataset, objects: Callable[[], list[dict[str, Any]]]
) -> None:
    paths = [save(tmp_path / f"{index}.png", enlarge(dataset.test.images[index])) for index in range(5)]
    assert main(["classify", *paths, "--json"]) == 0
    assert [told["digit"] for told in objects()] == dataset.test.labels[:5].tolist()


def test_classify_uses_the_run_it_is_given(run_id: str, tmp_path: Path, lines: Lines) -> None:
    path = save(tmp_path / "seven.png", put_on("white on black", draw(SEVEN)))
    assert main(["classify", path, "--model", run_id, "--json"]) == 0
    by_run = json.loads(lines()[0])["probabilities"]
    main(["classify", path, "--json"])
    assert json.loads(lines()[0])["probabilities"] != by_run


def broken_files(folder: Path) -> dict[str, bytes]:
    good = Path(save(folder / "good.png", put_on("white on black", draw(SEVEN)))).read_bytes()
    middle = len(good) // 2
    return {
        "text.png": b"this is not a picture",
        "nothing.png": b"",
        "half.png": good[:middle],
        "flipped.png": good[:middle] + bytes([good[middle] ^ 255]) + good[middle + 1 :],
        "head.png": good[:30],
        "header.png": good[:12] + b"XXXX" + good[16:],
        "torn.png": torn(good),
    }


def torn(png: bytes) -> bytes:
    """A PNG whose pixels end halfway and are followed by a chunk of no known kind."""
    start = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[start - 4 : start])
    half = png[start : start + 4 + length // 2]
    stray = b"\x04\xa8\xe1x" + bytes(8)
    pixels, unknown = (
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (half, stray)
    )
    return png[: start - 4] + pixels + unknown


BROKEN = ["text.png", "nothing.png", "half.png", "flipped.png", "head.png", "header.png", "torn.png"]


@pytest.mark.parametrize("name", BROKEN)
def test_classify_tells_what_is_no_picture(tmp_path: Path, name: str, lines: Lines) -> None:
    path = tmp_path / name
    path.write_bytes(broken_files(tmp_path)[name])
    assert main(["classify", str(path)]) == 1
    (line,) = lines()
    assert line == f"{path}: This is not a picture that can be opened. Give a PNG, JPEG or WebP file."


def test_classify_goes_on_after_a_file_it_cannot_read(
    tmp_path: Path, objects: Callable[[], list[dict[str, Any]]]
) -> None:
    empty = save(tmp_path / "empty.png", np.full((SIDE, SIDE, 4), 255, np.uint8))
    seven = save(tmp_path / "seven.png", put_on("white on black", draw(SEVEN)))
    missing = str(tmp_path / "missing.png")
    assert main(["classify", empty, missing, str(tmp_path), seven, "--json"]) == 1
    first, second, third, fourth = objects()
    assert "Nothing stands out from the paper" in first["error"]
    assert "No such file" in second["error"]
    assert "Not a picture" in third["error"]
    assert fourth["digit"] == 7


def test_classify_refuses_huge_pictures(tmp_path: Path, lines: Lines) -> None:
    path = tmp_path / "huge.png"
    Image.new("L", (6000, 5000)).save(path)
    assert main(["classify", str(path)]) == 1
    assert "6000 x 5000 pixels; at most 25 million are read" in lines()[0]


def test_evaluate_reads_only_the_images_that_a_run_of_few_has_learned_from(
    objects: Callable[[], list[dict[str, Any]]],
) -> None:
    store = Store()
    few = store.create(tiny.config(train_size=50))
    execution.execute(store, few)
    assert main(["evaluate", few, "--split", "train", "--json"]) == 0
    assert np.sum(objects()[0]["confusion"]) == 50


def test_classify_reads_a_photo_in_a_shadow_and_on_its_side_as_the_page_does(tmp_path: Path, lines: Lines) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    for name, content in {
        "shadow.jpg": photo(draw(SEVEN), shade=0.7),
        "side.jpg": encoded(Image.open(io.BytesIO(photo(draw(SEVEN)))).rotate(90, expand=True), exif=exif),
    }.items():
        (tmp_path / name).write_bytes(content)
        assert main(["classify", str(tmp_path / name)]) == 0
        assert lines()[0].startswith(f"{tmp_path / name}: 7 (")


def test_classify_reads_pictures_as_small_as_mnists_own(
    tmp_path: Path, dataset: Dataset, objects: Callable[[], list[dict[str, Any]]]
) -> None:
    paths = []
    for index, image in enumerate(dataset.test.images[:60]):
        paths.append(str(tmp_path / f"{index}.png"))
        Image.fromarray(image if index % 2 else 255 - image).save(paths[-1])
    assert main(["classify", *paths, "--json"]) == 0
    right = [told["digit"] == label for told, label in zip(objects(), dataset.test.labels, strict=False)]
    assert sum(right) >= 59


def test_classify_does_not_read_what_is_too_large(tmp_path: Path, lines: Lines) -> None:
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(30_000_000)
    assert main(["classify", str(path)]) == 1
    assert "30.0 MB; at most 10 MB are read" in lines()[0]


def test_an_empty_name_is_no_model_and_not_the_default_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "seven.png", put_on("white on black", draw(SEVEN)))
    for arguments, said in (
        (["evaluate", ""], "There is no model ''."),
        (["classify", "seven.png", "--model", ""], "There is no model ''."),
        (["train", "--preset", ""], "There is no preset ''"),
        (["sweep", "start", "--preset", "", "--vary", "seed=1,2"], "There is no preset ''"),
        (["runs", "--db", ""], "--db '' names no database."),
    ):
        assert main(arguments) == 1
        printed = capsys.readouterr()
        assert said in printed.err
        assert printed.out == ""

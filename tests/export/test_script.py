"""Scripts: at most 60 lines without the lab, which make the steps of the run; each is run in a Python of its own."""

import ast
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from mnistlab import execution, steering, training
from mnistlab.config import RunConfig, parse_config
from mnistlab.curve import Curve
from mnistlab.data import Dataset
from mnistlab.device import describe_device
from mnistlab.errors import ExportError
from mnistlab.export.archive import to_archive
from mnistlab.export.script import MOST_LINES, script_problem, to_script
from mnistlab.export.source import Source, find_source, outline_of_run
from mnistlab.importing import read_archive
from mnistlab.presets import PRESETS
from mnistlab.store import Store
from tests import tiny
from tests.export.conftest import Train
from tests.idx_files import write_idx
from tests.test_downloads import OTHERS, TEST, TRAIN, lay_out

_TOO_LONG = ("best-cnn", "best-mlp", "pen-cnn")
NO_CURVE = Curve.from_rows([])  # for a source whose config is exchanged
_CHUNK = 120  # images at once, of the tiny data's 500: so that a script must make the same chunks as the lab
# One Python for several scripts: torch takes seconds to import.
_RUNNER = "import runpy, sys; [(print('#', path), runpy.run_path(path)) for path in sys.argv[1:]]"


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("batches", "export.script_steps"):
        monkeypatch.setattr(f"mnistlab.{module}.CHUNK_IMAGES", _CHUNK)


@pytest.fixture
def folder(tmp_path: Path, tiny_dataset: Dataset) -> Path:
    """A folder in which torchvision finds the tiny MNIST."""
    raw = tmp_path / "data" / "MNIST" / "raw"
    for part, split in (("train", tiny_dataset.source), ("t10k", tiny_dataset.test)):
        write_idx(raw / f"{part}-images-idx3-ubyte", split.images)
        write_idx(raw / f"{part}-labels-idx1-ubyte", split.labels)
    return tmp_path


def run_scripts(folder: Path, sources: list[Source]) -> list[tuple[list[float], float]]:
    """The losses of the first ten steps and the test accuracy that each script prints."""
    paths = []
    for source in sources:
        path = folder / f"{source.name}.py"
        path.write_text(to_script(source), encoding="utf-8")
        paths.append(path.name)
    command = [sys.executable, "-c", _RUNNER, *paths]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # as this process: two add up in another order
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=250, env=one_thread)
    assert done.returncode == 0, done.stderr[-2000:]
    told = []
    for part in done.stdout.split("# ")[1:]:
        losses = {int(step): float(loss) for step, loss in re.findall(r"step (\d+): loss ([\d.]+)", part)}
        (accuracy,) = re.findall(r"test accuracy ([\d.]+)%", part)
        told.append(([losses[step] for step in range(1, 11)], float(accuracy) / 100))
    return told


def check(
    train: Train, folder: Path, configs: list[RunConfig], rel: float = 1e-3, reached_within: float = 0.02
) -> None:
    """Each script's first ten losses, and what it reaches, are those of the run in the store."""
    sources = [train(config) for config in configs]
    for source, (losses, accuracy) in zip(sources, run_scripts(folder, sources), strict=True):
        assert losses == pytest.approx(source.curve.losses[:10].tolist(), rel=rel), source.config
        assert accuracy == pytest.approx(source.result["test_accuracy"], abs=reached_within), source.config


def of_preset(name: str, epochs: int = 2) -> RunConfig:
    """A preset for two short epochs on the tiny data."""
    values = PRESETS[name].config.model_dump()
    values["train"] |= {"epochs": epochs, "device": "cpu", "batch_size": min(values["train"]["batch_size"], 60)}
    values["train"]["validation_size"] = min(values["train"]["validation_size"], 100)
    return parse_config(values)


def test_scripts_of_the_mlp_presets_repeat_their_runs(train: Train, folder: Path) -> None:
    names = ("tutorial-mlp", "tutorial-augmented", "tutorial-deep", "tutorial-keras", "quick-mlp", "fast-mlp")
    check(train, folder, [of_preset(name) for name in names])


def test_scripts_of_the_cnn_presets_repeat_their_runs(train: Train, folder: Path) -> None:
    # Its rate rises over as many steps as it has epochs for: rising faster, it makes much of the last digit's rounding.
    # After a hundred steps it is a few hundredths of the loss: five of 200 test images were seen.
    check(train, folder, [of_preset("small-cnn", epochs=10)], reached_within=0.05)
    check(train, folder, [of_preset("fast-cnn")], rel=0.03)  # bfloat16 has three digits


def test_scripts_repeat_every_optimizer_schedule_and_warp(train: Train, folder: Path) -> None:
    plain = {"batch_size": 45, "epochs": 2}
    configs = [
        tiny.config({"dropout": 0.3, "activation": "tanh"}, optimizer="rmsprop", momentum=0.5, learning_rate=1e-3),
        tiny.config(momentum=0.9, nesterov=True, schedule="cosine", label_smoothing=0.1, weight_decay=1e-3, **plain),
        tiny.config(
            {"activation": "gelu", "deslant": True},
            {"shear": 20, "stretch": 0.2},
            optimizer="adam",
            shuffle=False,
            **plain,
        ),
        tiny.config({"activation": "none"}, {"elastic": 2, "rotation": 9, "use": "double"}, seed=7, **plain),
        tiny.config({"hidden": ()}, {"thickness": 0.6, "noise": 0.2}, schedule="one-cycle", **plain),
        tiny.config({"activation": "sigmoid"}, {"erasing": 0.5, "shift": 0.1, "use": "once"}, train_size=400, **plain),
        tiny.config(train_size=1, epochs=10, batch_size=45),
        tiny.config({"batch_norm": True}, batch_size=499),  # 500 images: the last batch of one is left out
    ]
    configs[-1] = configs[-1].with_training(epochs=10)
    check(train, folder, configs)


def test_learning_rate_that_was_changed_by_hand_is_repeated(train: Train, folder: Path) -> None:
    changed = replace(train(tiny.config()), rate_changes=((3, 0.5), (6, 0.01)))
    ((losses, _),) = run_scripts(folder, [changed])
    unchanged = changed.curve.losses[:10].tolist()
    assert losses[:4] == pytest.approx(unchanged[:4], rel=1e-4)
    assert losses[4:] != pytest.approx(unchanged[4:], rel=1e-4)


@pytest.mark.parametrize("name", [name for name in PRESETS if name not in _TOO_LONG])
def test_script_is_short_and_knows_no_lab(source: Source, name: str) -> None:
    script = to_script(replace(source, config=PRESETS[name].config, curve=NO_CURVE))
    lines = script.splitlines()
    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= 120
    assert "import mnistlab" not in script
    assert "from mnistlab" not in script


@pytest.mark.parametrize("name", OTHERS)
def test_script_opens_each_data_set_as_the_lab_does(
    source: Source, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EMNIST's files hold each picture mirrored, QMNIST's eight numbers beside it."""
    lay_out(name, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    values = tiny.config(learning_rate=1e-6).model_dump() | {"dataset": name}
    values["train"] |= {"validation_size": 0, "device": "cpu"}
    known: dict[str, Any] = {}
    exec(to_script(replace(source, config=parse_config(values), curve=NO_CURVE)), known)
    assert known["images"].numpy() == pytest.approx(TRAIN.images)
    assert known["labels"].tolist() == TRAIN.labels.tolist()
    assert known["answers"].equal(known["model"](torch.from_numpy(TEST.images) / 255).argmax(1))


_MANY_DIGITS = 0.12345678901234567


def _of_many_digits(**train: object) -> RunConfig:
    return tiny.config(
        {"hidden": (2048,) * 5, "deslant": True, "normalise": True, "dropout": 0.2},
        {"noise": _MANY_DIGITS},
        label_smoothing=_MANY_DIGITS,
        weight_decay=_MANY_DIGITS / 1e4,
        learning_rate=_MANY_DIGITS / 100,
        train_size=30_000,
        **train,
    ).model_copy(update={"dataset": "emnist-digits"})


@pytest.mark.parametrize(
    "config",
    [
        _of_many_digits(momentum=_MANY_DIGITS, nesterov=True),
        _of_many_digits(momentum=_MANY_DIGITS, optimizer="rmsprop"),
        _of_many_digits(optimizer="adamw"),
    ],
)
def test_long_lines_are_folded_and_say_the_same(
    source: Source, monkeypatch: pytest.MonkeyPatch, config: RunConfig
) -> None:
    changes = tuple((100 * place, _MANY_DIGITS / (place + 1)) for place in range(10))
    monkeypatch.setattr("mnistlab.__version__", "10.20.30")
    monkeypatch.setattr("mnistlab.export.script.MOST_LINES", 100)  # all of it in one script, to see it folded
    long = replace(source, config=config, rate_changes=changes)
    script = to_script(long)
    assert max(map(len, script.splitlines())) <= 120
    for module in ("script", "script_model", "script_lines"):
        monkeypatch.setattr(f"mnistlab.export.{module}.LONGEST_LINE", 10_000)
    unfolded = to_script(long)
    assert max(map(len, unfolded.splitlines())) > 300
    same, told = (ast.dump(ast.parse(text)) for text in (unfolded, script))
    assert told.replace("\\n", " ") == same.replace("\\n", " ")


def test_learning_rate_that_was_changed_too_often_for_a_script_is_told(source: Source) -> None:
    changes = tuple((place, _MANY_DIGITS / (place + 1)) for place in range(150))
    with pytest.raises(ExportError, match="What makes it long is the course of its learning rate"):
        to_script(replace(source, rate_changes=changes))


def test_script_says_what_it_leaves_out(source: Source) -> None:
    assert "Left out, for they change no step: validation, pauses, checkpoints." in to_script(source)


def test_setting_that_a_short_script_cannot_carry_is_named(source: Source) -> None:
    with pytest.raises(ExportError, match=r"'framed', which a script of at most 60 lines cannot carry\. Take the zip"):
        to_script(replace(source, config=PRESETS["best-cnn"].config))


def test_script_that_would_be_too_long_is_refused_with_its_length(source: Source) -> None:
    augment = {"rotation": 9, "shear": 9, "elastic": 1, "thickness": 0.5, "noise": 0.1, "erasing": 0.3, "use": "once"}
    config = tiny.config(
        {"kind": "cnn", "batch_norm": True}, augment, precision="bfloat16", schedule="one-cycle", optimizer="adam"
    )
    with pytest.raises(ExportError, match=r"takes \d\d lines; 60 are allowed\. What makes it long is its augmentation"):
        to_script(replace(source, config=config, curve=NO_CURVE))


def test_schedule_that_was_stretched_midway_is_refused(train: Train, store: Store) -> None:
    from mnistlab.execution import execute

    run_id = train(tiny.config(schedule="cosine")).name
    steering.extend(run_id, 1, store)
    execute(store, run_id)
    with pytest.raises(ExportError, match="stretched its cosine schedule midway"):
        to_script(find_source(run_id, store))


def test_run_of_an_accelerator_is_refused(source: Source) -> None:
    result = source.result | {"machine": {"device": "NVIDIA T4 (CUDA)"}}
    with pytest.raises(ExportError, match=r"trained on NVIDIA T4 \(CUDA\), whose random numbers differ"):
        to_script(replace(source, result=result))


def test_run_of_several_processes_is_refused_where_each_silenced_its_own_neurons(source: Source) -> None:
    def on(device: str, config: RunConfig = source.config) -> str:
        return to_script(replace(source, config=config, result=source.result | {"machine": {"device": device}}))

    assert source.config.model.dropout
    with pytest.raises(ExportError, match="with dropout on CPU, 1 thread, in 2 processes, each of which drew"):
        on("CPU, 1 thread, in 2 processes")
    assert on("CPU, 1 thread, in 1 processes")
    for same_for_all in (tiny.config(), tiny.config({"hidden": (), "dropout": 0.2})):
        assert on("CPU, 1 thread, in 12 processes", same_for_all)


def test_run_that_began_on_an_accelerator_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "train", partial(execution.train, report_every=0))
    run_id = store.create(tiny.config())
    began = ["CPU, 64 threads", "NVIDIA T4 (CUDA)", "CPU, 64 threads"]
    for device in began:
        with monkeypatch.context() as patch:
            patch.setattr(training, "describe_device", lambda name, told=device: told)
            execution.execute(store, run_id, wants_stop=partial(next, iter([False] * 2), True))
        assert store.run(run_id).state == "stopped"
        steering.requeue(run_id, store)
    execution.execute(store, run_id)
    source = find_source(run_id, store)
    machine = source.result["machine"]
    assert (machine["earlier device"], machine["device"]) == ("NVIDIA T4 (CUDA)", describe_device("cpu"))
    with pytest.raises(ExportError, match=r"trained on NVIDIA T4 \(CUDA\), whose random numbers differ"):
        to_script(source)
    assert read_archive(to_archive(source)).told.result.machine == machine


def test_name_of_a_preset_cannot_write_code(source: Source) -> None:
    config = source.config.model_copy(update={"preset": '"""\nimport os'})
    assert "import os" not in to_script(replace(source, config=config))


def test_schedule_that_was_stretched_before_the_first_end_is_refused(
    store: Store, tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "train", partial(execution.train, report_every=0))
    run_id = store.create(tiny.config(schedule="one-cycle"))
    execution.execute(store, run_id, wants_stop=partial(next, iter([False] * 5), True))
    assert store.run(run_id).state == "stopped"
    steering.extend(run_id, 3, store)
    execution.execute(store, run_id)
    run = store.run(run_id)
    assert (run.state, (run.result or {})["test_readings"]) == ("finished", 1)
    with pytest.raises(ExportError, match="stretched its one-cycle schedule midway"):
        to_script(find_source(run_id, store))
    outline = outline_of_run(run, store.curve(run_id))
    assert "stretched its one-cycle schedule" in (script_problem(outline) or "")


def test_changed_rate_of_a_schedule_is_no_stretching(train: Train) -> None:
    source = train(tiny.config(schedule="cosine"))
    assert "def rate(step)" in to_script(source)

"""The command line in processes of its own: killed, resumed, starved of disk and memory, steered from elsewhere."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnistlab.checkpoint import unpack_weights
from mnistlab.config import parse_config
from mnistlab.data import Dataset
from mnistlab.presets import get_preset
from mnistlab.runs import Run
from mnistlab.store import Store
from mnistlab.training import train
from tests.acting import only_run
from tests.systems import needs_posix
from tests.tiny import losses_of, same_weights, weights_of
from tests.trust.places import PROJECT

PATIENCE = 120.0


@pytest.fixture(autouse=True)
def _often_a_checkpoint(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_CHECKPOINT", "0.3")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    lab.mkdir()


def tiny_command(*arguments: str, limit: Callable[[], None] | None = None) -> "subprocess.Popen[str]":
    """The command line on 600 images."""
    return command(*arguments, module="tests.tiny", limit=limit)


def command(
    *arguments: str, module: str = "mnistlab", limit: Callable[[], None] | None = None
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
    )


def answer_of(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def test_a_killed_training_is_resumed_bit_for_bit(dataset: Dataset) -> None:
    process, store = command("train", "--preset", "tutorial-mlp", "--epochs", "1"), Store()
    run = only_run(store, lambda run: run.epoch > 0.4)
    process.kill()
    process.communicate()
    code, out, err = answer_of(command("resume", run.id, "--json"))
    assert code == 0, err
    *epochs, result = [json.loads(line) for line in out.splitlines()]
    assert [line["epoch"] for line in epochs] == [1]
    assert (result["event"], result["run"]) == ("result", run.id)
    preset = get_preset("tutorial-mlp").config.model_dump()
    whole = list(train(parse_config(preset | {"train": preset["train"] | {"epochs": 1}}), dataset))
    curve = store.curve(run.id)
    assert curve.steps.tolist() == list(range(1, 3001))
    np.testing.assert_array_equal(curve.losses, np.array(losses_of(whole), np.float32))
    assert same_weights(unpack_weights(store.weights(run.id))[0].state_dict(), weights_of(whole))


def test_a_run_that_is_alive_is_not_resumed_a_second_time() -> None:
    process, store = command("train", "--preset", "tutorial-mlp", "--epochs", "100"), Store()
    run = only_run(store, lambda run: run.step > 0)
    code, _, err = answer_of(command("resume", run.id))
    assert code == 1
    assert "is running" in err
    code, out, _ = answer_of(command("stop", run.id, "--json"))
    assert (code, json.loads(out)["run"]) == (0, run.id)
    assert answer_of(process)[0] == 130
    assert store.run(run.id).state == "stopped"
    assert store.run(run.id).attempt == run.attempt


@needs_posix
def test_a_training_is_steered_from_another_terminal() -> None:
    process, store = command("train", "--preset", "tutorial-mlp", "--epochs", "100"), Store()
    run = only_run(store, lambda run: run.step > 0)
    assert answer_of(command("pause", run.id))[0] == 0
    only_run(store, lambda run: run.is_paused)
    watching = command("runs", "--watch", "--json")
    assert watching.stdout is not None
    assert json.loads(watching.stdout.readline())["paused"]
    code, out, _ = answer_of(command("rate", run.id, "0.05"))
    assert (code, "asked to use a learning rate of 0.05" in out) == (0, True)
    assert answer_of(command("go-on", run.id))[0] == 0
    only_run(store, lambda run: bool(run.rate_changes) and not run.is_paused)
    watching.send_signal(signal.SIGINT)
    assert answer_of(watching)[0] == 130
    assert answer_of(command("stop", run.id, "--force"))[0] == 0
    code, _, _ = answer_of(process)
    assert (code, store.run(run.id).state) == (130, "stopped")


def test_more_epochs_are_trained_in_the_foreground() -> None:
    code, out, err = answer_of(
        command("train", "--preset", "tutorial-mlp", "--epochs", "1", "--json", module="tests.tiny")
    )
    assert code == 0, err
    run_id = json.loads(out.splitlines()[-1])["run"]
    code, out, err = answer_of(tiny_command("resume", run_id, "--more-epochs", "2", "--json"))
    assert code == 0, err
    assert [json.loads(line)["epoch"] for line in out.splitlines()[:-1]] == [2, 3]
    assert Store().run(run_id).config.train.epochs == 3


def only_small_files() -> None:
    """No file may grow beyond a megabyte: what a full disk looks like to SQLite."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))


@needs_posix
def test_a_full_disk_is_told_and_other_runs_stay_as_they_are() -> None:
    store = Store()
    other = store.create(parse_config({}))
    before = store.run(other)
    starved = command(
        "train", "--preset", "tutorial-mlp", "--epochs", "1000", module="tests.tiny", limit=only_small_files
    )
    code, _, err = answer_of(starved)
    assert code == 1
    assert "The database could not be used" in err
    assert "disk" in err
    assert "Traceback" not in err
    assert store.run(other) == before
    assert len(store.runs()) == 2


def test_a_database_that_may_only_be_read_is_told(lab: Path) -> None:
    run_id = Store().create(parse_config({}))
    url = f"sqlite:///file:{lab / 'lab.sqlite'}?mode=ro&uri=true"
    code, out, _ = answer_of(command("runs", "--db", url))
    assert (code, run_id in out) == (0, True)
    code, _, err = answer_of(command("train", "--db", url))
    assert code == 1
    assert "readonly" in err
    assert "Traceback" not in err


def test_a_truncated_database_is_told(lab: Path) -> None:
    store = Store()
    for _ in range(200):
        store.create(parse_config({}))
    store._engine.dispose()
    path = lab / "lab.sqlite"
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)
    code, _, err = answer_of(command("runs"))
    assert code == 1
    assert "malformed" in err
    assert "Traceback" not in err


def test_a_truncated_checkpoint_is_told_and_the_weights_are_kept() -> None:
    process, store = command("train", "--epochs", "100"), Store()
    run = only_run(store, lambda run: run.step > 0)
    answer_of(command("stop", run.id))
    answer_of(process)
    run = store.run(run.id)
    content, weights = store.weights(run.id, "checkpoint"), store.weights(run.id)
    _replace_checkpoint(store, run, content[: len(content) // 2])
    code, _, err = answer_of(command("resume", run.id))
    assert code == 1
    assert "checkpoint is damaged" in err
    assert "Traceback" not in err
    assert store.run(run.id).state == "failed"
    assert store.weights(run.id) == weights


def _replace_checkpoint(store: Store, run: Run, content: bytes) -> None:
    from mnistlab.rows import replace_weights

    with store.transaction() as connection:
        replace_weights(connection, run.id, "checkpoint", run.step, content)


STARVED = """
import resource, sys
from mnistlab import cli, config, presets, training

really = training.train_step

def starving(*arguments):
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 50_000_000,) * 2)
    return really(*arguments)

training.train_step = starving
large = config.parse_config({"preset": "large", "model": {"hidden": (2048,) * 3}, "train": {"batch_size": 4096}})
presets.PRESETS["large"] = presets.Preset("Large", "Too large.", large)
sys.exit(cli.main(["train", "--preset", "large"]))
"""


@needs_posix
def test_running_out_of_memory_is_told_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on the process's memory is what a small computer is to a large network."""
    monkeypatch.setenv("MNISTLAB_CHECKPOINT", "1000")
    script = tmp_path / "starved.py"
    script.write_text(STARVED)
    environment: dict[str, Any] = os.environ | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, script], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "ran out of memory at a batch size of 4,096. Try a batch size of 1,024" in done.stderr
    assert "Traceback" not in done.stderr
    assert Store().runs()[0].state == "failed"

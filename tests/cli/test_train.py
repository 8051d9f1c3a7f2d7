"""`train`: a run in the foreground, as a person and as a program meet it; what Ctrl-C and a closed pipe do to it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnistlab import execution, keeping, steering
from mnistlab.checkpoint import unpack_weights
from mnistlab.cli import main
from mnistlab.config import parse_config
from mnistlab.data import Dataset, Split
from mnistlab.errors import StoreError
from mnistlab.paths import PROJECT
from mnistlab.runs import Request
from mnistlab.store import Store
from tests.cli.conftest import Lines
from tests.systems import needs_posix
from tests.tiny import same_weights


def test_train_prints_each_epoch_and_then_the_result(objects: Callable[[], list[dict[str, Any]]]) -> None:
    assert main(["train", "--preset", "tutorial-mlp", "--epochs", "2", "--seed", "7", "--json"]) == 0
    *epochs, result = objects()
    assert [(line["event"], line["epoch"], line["step"]) for line in epochs] == [("epoch", 1, 30), ("epoch", 2, 60)]
    assert all(0 < line["train_accuracy"] <= 1 and line["train_loss"] > 0 for line in epochs)
    assert list(result) == [
        *("event", "run", "preset", "seed", "epochs"),
        *("train_seconds", "images_per_second", "test_accuracy", "test_loss"),
    ]
    assert (result["event"], result["preset"], result["seed"], result["epochs"]) == ("result", "tutorial-mlp", 7, 2)
    assert 0.3 < result["test_accuracy"] <= 1


def test_train_does_not_count_the_untrained_network_as_an_epoch(
    dataset: Dataset, objects: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Split("source", dataset.source.images[:5100].copy(), dataset.source.labels[:5100].copy())
    test = Split("test", dataset.test.images[:100].copy(), dataset.test.labels[:100].copy())
    monkeypatch.setattr(execution, "load_dataset", lambda name: Dataset("mnist", source, test))
    assert main(["train", "--preset", "quick-mlp", "--epochs", "1", "--json"]) == 0
    epoch, result = objects()
    assert (epoch["event"], epoch["epoch"], epoch["step"]) == ("epoch", 1, 1)
    assert 0 < epoch["validation_accuracy"] < 1
    assert [told.epoch for told in Store().epochs(result["run"])] == [0, 1]


def test_train_keeps_the_run_in_the_store(run_id: str) -> None:
    run = Store().run(run_id)
    assert (run.state, run.config.preset, run.config.train.epochs) == ("finished", "tutorial-mlp", 1)
    _, config = unpack_weights(Store().weights(run_id))
    assert config == run.config


def test_train_tells_what_the_store_holds(objects: Callable[[], list[dict[str, Any]]]) -> None:
    main(["train", "--epochs", "1", "--json"])
    *_, told = objects()
    run = Store().run(told["run"])
    assert run.result is not None
    assert (told["test_accuracy"], told["test_loss"]) == (run.result["test_accuracy"], run.result["test_loss"])
    assert (told["train_seconds"], told["images_per_second"]) == (run.seconds, run.images_per_second)


def test_train_with_the_same_seed_gives_the_same_weights(objects: Callable[[], list[dict[str, Any]]]) -> None:
    weights = []
    for seed in ("1", "1", "2"):
        main(["train", "--preset", "tutorial-keras", "--epochs", "1", "--seed", seed, "--json"])
        model, _ = unpack_weights(Store().weights(objects()[-1]["run"]))
        weights.append(model.state_dict())
    assert same_weights(weights[0], weights[1])
    assert not same_weights(weights[0], weights[2])


def test_train_for_people_shows_progress_apart_from_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--epochs", "1"]) == 0
    printed = capsys.readouterr()
    first, last = printed.out.splitlines()
    assert "407,050 parameters on " in first
    assert "test accuracy" in last
    assert "epoch 1: training loss" in printed.err
    assert "images/s" in printed.err


def test_train_uses_the_database_it_is_given(tmp_path: Path, lab: Path, lines: Lines) -> None:
    url = f"sqlite:///{tmp_path / 'other.sqlite'}"
    main(["train", "--epochs", "1", "--json", "--db", url])
    assert Store(url).run(json.loads(lines()[-1])["run"]).state == "finished"
    assert not (lab / "lab.sqlite").exists()


def at_each_report(deed: Callable[[str, Store], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do this to a run, as somebody elsewhere would, whenever it reports."""
    monkeypatch.setattr("mnistlab.recorder._WRITE_EVERY", 0)
    really_log = Store.log

    def log(store: Store, run_id: str, *rest: Any, **named: Any) -> Request:
        deed(run_id, store)
        return really_log(store, run_id, *rest, **named)

    monkeypatch.setattr(Store, "log", log)


def test_a_stop_from_elsewhere_ends_the_command_with_130(
    objects: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_each_report(steering.stop, monkeypatch)
    assert main(["train", "--epochs", "5", "--json"]) == 130
    *_, last = objects()
    assert (last["event"], last["epochs"], last["test_accuracy"]) == ("stopped", 0, None)


def test_a_run_that_was_taken_away_and_resumed_elsewhere_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def resume_elsewhere(run_id: str, store: Store) -> None:
        steering.stop_at_once(run_id, store)
        steering.requeue(run_id, store)
        store.change(run_id, {"error": "No worker is there yet."}, ["queued"])

    at_each_report(resume_elsewhere, monkeypatch)
    assert main(["train", "--epochs", "5"]) == 1
    (run,) = Store().runs()
    assert run.state == "queued"
    told = capsys.readouterr().err
    assert f"The run {run.id} was taken from this command and resumed elsewhere, where it goes on" in told


def test_a_run_that_was_taken_over_says_by_whom(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_each_report(lambda run_id, store: store.claim(run_id, "other:2"), monkeypatch)
    assert main(["train", "--epochs", "5"]) == 1
    assert "was taken over by other:2, which goes on with it." in capsys.readouterr().err


def start_training(lab: Path, *options: str) -> "subprocess.Popen[str]":
    """The real command line in a process of its own, on 600 images, for longer than anybody waits."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.tiny", "train", "--preset", "tutorial-mlp", "--epochs", "1000", *options],
        cwd=PROJECT,
        env=os.environ | {"MNISTLAB_LAB": str(lab), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@needs_posix
def test_ctrl_c_keeps_what_was_learned(lab: Path) -> None:
    process = start_training(lab, "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["epoch"] == 1
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    told = json.loads(printed.splitlines()[-1])
    assert told["event"] == "stopped"
    assert 1 <= told["epochs"] < 1000
    run = Store().run(told["run"])
    assert (run.state, run.step) == ("stopped", round(told["epochs"] * 30))
    assert len(Store().curve(run.id).steps) == run.step
    unpack_weights(Store().weights(run.id))
    assert Store().weights(run.id, "checkpoint")


@needs_posix
def test_ctrl_c_tells_a_person_where_the_run_is(lab: Path) -> None:
    process = start_training(lab)
    assert process.stdout is not None
    assert process.stderr is not None
    run_id = process.stdout.readline().removeprefix("Run ").partition(":")[0]
    assert process.stderr.readline()  # the first of the progress
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert f"kept as run {run_id}" in printed


def test_ctrl_c_before_the_first_step_leaves_no_run_behind_that_nobody_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    really_create = Store.create

    def create(store: Store, *rest: Any, **named: Any) -> str:
        signal.raise_signal(signal.SIGINT)
        return really_create(store, *rest, **named)

    monkeypatch.setattr(Store, "create", create)
    assert main(["train", "--epochs", "1", "--json"]) == 130
    assert [run.state for run in Store().runs()] == ["stopped"]


def test_training_stops_and_is_kept_where_its_reader_has_seen_enough(lab: Path) -> None:
    process = start_training(lab, "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["epoch"] == 1
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == 0
    process.stderr.close()
    (run,) = Store().runs()
    assert (run.state, run.error) == ("stopped", None)
    assert Store().weights(run.id, "checkpoint")


@needs_posix
@pytest.mark.parametrize("number", [signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)])
def test_what_ends_a_job_or_closes_a_terminal_keeps_what_was_learned(lab: Path, number: signal.Signals) -> None:
    process = start_training(lab, "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["epoch"] == 1
    process.send_signal(number)
    process.send_signal(number)  # as shells do that are closed with their terminal
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors
    told = json.loads(printed.splitlines()[-1])
    assert (told["event"], Store().run(told["run"]).state) == ("stopped", "stopped")
    assert Store().weights(told["run"], "checkpoint")


@needs_posix
def test_nohup_keeps_a_training_going_when_its_terminal_is_closed(lab: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = start_training(lab, "--json")
    finally:
        signal.signal(signal.SIGHUP, before)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    for _ in range(3):
        assert json.loads(process.stdout.readline())["event"] == "epoch"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_a_run_that_is_deleted_while_it_is_trained_can_be_brought_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_each_report(keeping.put_away, monkeypatch)
    assert main(["train", "--epochs", "5"]) == 1
    printed = capsys.readouterr()
    run_id = printed.out.removeprefix("Run ").partition(":")[0]
    assert f"The run {run_id} was deleted while it was trained here, which has ended it." in printed.err
    assert f"`python -m mnistlab restore {run_id}` brings it back" in printed.err


def test_a_store_that_takes_no_more_names_the_run_and_how_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: Any, **named: Any) -> Request:
        raise StoreError("The database could not be used: database or disk is full.")

    monkeypatch.setattr("mnistlab.patience.STORE_PATIENCE", 0)
    monkeypatch.setattr(Store, "log", full)
    assert main(["train", "--epochs", "1"]) == 1
    (run,) = Store().runs()
    assert f"The run {run.id} is kept up to its last checkpoint: once that is put right, " in capsys.readouterr().err


def test_a_missing_device_leaves_no_run_behind(
    run_id: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store()
    elsewhere = store.run(run_id).config.model_dump()
    elsewhere["train"]["device"] = "cuda"
    store.change(run_id, {"config": parse_config(elsewhere).model_dump_json(), "state": "stopped"}, ["finished"])
    monkeypatch.setattr("torch.accelerator.current_accelerator", lambda check_available=False: None)
    for arguments in (["train", "--device", "cuda", "--epochs", "1"], ["resume", run_id]):
        assert main(arguments) == 1
        assert "'cuda' is not on this machine" in capsys.readouterr().err
        assert [(run.id, run.state) for run in store.runs()] == [(run_id, "stopped")]


def test_a_finished_run_says_how_it_is_trained_for_longer(run_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resume", run_id]) == 1
    assert f"`python -m mnistlab resume {run_id} --more-epochs 5`" in capsys.readouterr().err
    assert main(["resume", run_id, "--more-epochs", "0"]) == 1
    assert "0 more epochs were asked for; this run may have 1 to 999 more." in capsys.readouterr().err
    assert main(["resume", run_id, "--more-epochs", "1"]) == 0
    assert Store().run(run_id).config.train.epochs == 2

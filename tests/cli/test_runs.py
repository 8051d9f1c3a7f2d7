"""`presets`, `runs` and mistakes, as a person and as a program meet them."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnistlab import keeping, steering
from mnistlab.cli import main
from mnistlab.commands.columns import num_columns
from mnistlab.commands.runs import _watched as watched_runs
from mnistlab.errors import ConfigError
from mnistlab.paths import PROJECT
from mnistlab.presets import PRESETS
from mnistlab.store import Store
from tests import tiny
from tests.cli.conftest import Lines, save
from tests.cli.terminals import Terminal
from tests.drawings import SEVEN, draw, put_on
from tests.systems import needs_posix


def test_presets_lists_every_preset_with_its_shape(lines: Lines) -> None:
    assert main(["presets"]) == 0
    printed = lines()
    assert [line.split()[0] for line in printed] == list(PRESETS)
    assert "784-512-10" in printed[0]


def test_presets_as_json_hold_their_configs(objects: Callable[[], list[dict[str, Any]]]) -> None:
    assert main(["presets", "--json"]) == 0
    printed = objects()
    assert [preset["preset"] for preset in printed] == list(PRESETS)
    assert printed[0]["config"]["train"]["learning_rate"] == 0.1


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "mnistlab", "presets"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # before a single line was read
    assert process.stderr.read() == ""
    assert process.wait(30) == 0
    process.stderr.close()


def test_runs_tells_how_to_start_one(lines: Lines) -> None:
    assert main(["runs"]) == 0
    assert "python -m mnistlab train" in lines()[0]


def test_runs_as_json_of_an_empty_lab_is_empty(lines: Lines) -> None:
    assert main(["runs", "--json"]) == 0
    assert lines() == []


def test_runs_lists_the_newest_first(run_id: str, lines: Lines) -> None:
    main(["train", "--preset", "tutorial-keras", "--epochs", "1", "--json"])
    newest = json.loads(lines()[-1])["run"]
    assert main(["runs"]) == 0
    printed = lines()
    assert [line.split()[0] for line in printed] == [newest, run_id]
    assert "tutorial-keras" in printed[0]
    assert "finished" in printed[0]
    assert "test accuracy" in printed[0]


def test_runs_that_are_left_out_are_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(3):
        Store().create(tiny.config(seed=seed))
    monkeypatch.setattr(sys.modules["mnistlab.commands.runs"], "MOST_LISTED", 2)
    assert main(["runs", "--json"]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 2
    assert "these are the newest 2 runs; older ones are left out" in printed.err
    monkeypatch.setattr(sys.modules["mnistlab.commands.runs"], "MOST_LISTED", 3)
    main(["runs", "--json"])
    assert capsys.readouterr().err == ""


def test_runs_as_json_tell_state_and_result(run_id: str, objects: Callable[[], list[dict[str, Any]]]) -> None:
    assert main(["runs", "--json"]) == 0
    (told,) = objects()
    assert (told["run"], told["state"], told["epoch"], told["step"], told["error"]) == (run_id, "finished", 1, 30, None)
    assert told["result"] == Store().run(run_id).result


@pytest.mark.usefixtures("lab")
def test_a_watch_shows_what_runs_and_what_is_next_however_many_runs_are_newer() -> None:
    store = Store()
    ids = [store.create(PRESETS["quick-mlp"].config) for _ in range(30)]
    assert store.claim(ids[0], "box:7") is not None
    watched = watched_runs(store)
    assert [run.id for run in watched[:3]] == ids[:3]
    assert len(watched) == 20
    assert main(["runs"]) == 0
    store.claim(ids[1], "box:8")
    for run_id in ids[2:]:
        steering.stop(run_id, store)
    assert [run.id for run in watched_runs(store)] == [ids[1], ids[0], *reversed(ids[12:])]


def test_what_runs_is_told_with_its_worker(
    lab: Path, lines: Lines, objects: Callable[[], list[dict[str, Any]]]
) -> None:
    store = Store()
    store.claim(store.create(PRESETS["quick-mlp"].config), "box:7")
    assert main(["runs"]) == 0
    assert lines()[0].endswith("on box:7")
    assert main(["runs", "--json"]) == 0
    assert objects()[0]["worker"] == "box:7"


def test_what_goes_on_and_what_waits_is_told_in_figures(lines: Lines) -> None:
    store = Store()
    failed, running, waiting = (store.create(tiny.config()) for _ in range(3))
    store.change(failed, {"state": "failed", "error": "The disk is full."}, ["queued"])
    store.claim(running, "box:7")
    store.change(running, {"step": 50, "num_steps": 200, "seconds": 10, "images_per_second": 1234.4}, ["running"])
    assert main(["runs"]) == 0
    told = {line[:8]: line for line in lines()}
    assert told[failed].endswith("  The disk is full.")
    assert told[running].endswith("  25 % at 1,234 images/s, 30 s left, on box:7")
    assert told[waiting].endswith("  place 1 in the queue.")


WRONG = [
    (["train", "--preset", "tutorial"], "There is no preset 'tutorial'"),
    (["train", "--epochs", "0"], "train.epochs: 0 was given"),
    (["train", "--seed", "-1"], "train.seed: -1 was given"),
    (["train", "--device", "gpu"], "train.device: 'gpu' was given"),
    (["train", "--preset", "quick-mlp"], "5000 validation images were asked for"),  # of 600
    (["evaluate", "big-cnn"], "There is no model 'big-cnn'"),
    (["evaluate", "abcdefgh"], "There is no run 'abcdefgh'"),
    (["compare", "abcdefgh", "abcdefgh"], "These are the same run, abcdefgh. Name two."),
    (["classify", "seven.png", "--model", "big-cnn"], "There is no model 'big-cnn'"),
    (["export", "big-cnn", "--to", "weights.safetensors"], "There is no model 'big-cnn'"),
    (["export", "small-cnn", "--to", "missing/weights.safetensors"], "cannot be written: No such file"),
    (["runs", "--db", "nonsense"], "The database's address cannot be read"),
    (["runs", "--db", "sqlite:////missing/lab.sqlite"], "cannot be opened"),
]


@pytest.mark.parametrize(("arguments", "reason"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_a_mistake_is_told_in_one_line_without_a_traceback(
    arguments: list[str],
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "seven.png", put_on("white on black", draw(SEVEN)))
    assert main([*arguments]) == 1
    printed = capsys.readouterr()
    (line,) = [line for line in printed.err.splitlines() if line.startswith("mnistlab: ")]
    assert reason in line
    assert "Traceback" not in printed.err


def test_a_missing_device_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.accelerator.current_accelerator", lambda check_available=False: None)
    assert main(["train", "--device", "cuda", "--epochs", "1"]) == 1
    assert "'cuda' is not on this machine" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["tarin"], ["train", "--epochs", "two"], ["export", "small-cnn"]])
def test_a_misspelt_command_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m mnistlab" in capsys.readouterr().err


def start(*arguments: str, stdout: Any = subprocess.PIPE, unbuffered: bool = False) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *(["-u"] if unbuffered else []), "-m", "mnistlab", *arguments],
        cwd=PROJECT,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


@needs_posix  # elsewhere it ends at the next line
def test_a_watch_ends_where_nobody_reads_it_any_more() -> None:
    process = start("runs", "--watch")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "No run yet.\n"
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


@needs_posix
def test_a_watch_as_json_of_an_empty_lab_prints_nothing_and_sigterm_ends_it() -> None:
    process = start("runs", "--watch", "--json")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(4)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=30) == ("", "mnistlab: interrupted\n")
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("unbuffered", [False, True])
def test_output_that_cannot_be_written_is_told_in_a_sentence(unbuffered: bool) -> None:
    with Path("/dev/full").open("w") as full:
        process = start("presets", stdout=full, unbuffered=unbuffered)
        _, said = process.communicate(timeout=30)
    assert said == "mnistlab: the output of this command cannot be written: No space left on device\n"
    assert process.returncode == 1


def test_an_error_of_another_kind_is_still_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Store, *arguments: Any, **named: Any) -> list[Any]:
        raise PermissionError(13, "Permission denied", "lab.txt")

    monkeypatch.setattr(Store, "runs", broken)
    with pytest.raises(PermissionError, match=r"lab\.txt"):
        main(["runs"])


NAMES = ["short", "a name that is much longer than a column of any list", "\u4e66\u5199\u6570\u5b57" * 8, "cafe\u0301"]


def test_a_name_of_any_width_keeps_the_columns(lines: Lines) -> None:
    for name in NAMES:
        keeping.rename(Store().create(tiny.config()), name, Store())
    assert main(["runs"]) == 0
    printed = lines()
    assert {num_columns(line.partition(" queued ")[0]) for line in printed} == {61}
    assert sum("... queued" in line or "...  queued" in line for line in printed) == 2
    assert "cafe\u0301 (custom)" in printed[0]


@needs_posix
def test_a_terminal_gets_a_header_above_its_columns() -> None:
    run_id = Store().create(tiny.config())
    terminal = Terminal(120, "runs")
    assert terminal.end() == 0
    header, line = terminal.lines
    assert header.split()[:4] == ["run", "created", "name", "(preset)"]
    for title, begins in (("run", run_id), ("name", "custom"), ("state", "queued"), ("trained", "epoch")):
        assert header.index(title) == line.index(begins)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "--device", "gpu"], "--device gpu: choose auto, cpu, cuda, cuda:1, mps or xpu ("),
        (["train", "--epochs", "0"], "--epochs 0: choose a whole number from 1 to 1,000 ("),
        (["train", "--seed", "-1"], "--seed -1: choose a whole number from 0 to 2,147,483,647 ("),
        (["rate", "RUN", "0"], "RATE 0.0: choose a number above 0, up to 100 ("),
    ],
)
def test_a_mistake_is_told_by_the_option_that_was_given(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = Store().create(tiny.config())
    assert main([run_id if word == "RUN" else word for word in arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mnistlab: {said}")


def test_each_line_of_a_mistake_says_who_tells_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(self: Store, *arguments: Any, **named: Any) -> list[Any]:
        raise ConfigError("first\nsecond")

    monkeypatch.setattr(Store, "runs", wrong)
    assert main(["runs"]) == 1
    assert capsys.readouterr().err.splitlines() == ["mnistlab: first", "mnistlab: second"]

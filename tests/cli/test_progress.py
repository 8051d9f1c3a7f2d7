"""What a person sees of a training on a terminal, wide or narrow, and in a log."""

import re
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest

from mnistlab import keeping
from mnistlab.cli import main
from mnistlab.commands.progress import _epoch_line, bar_format
from mnistlab.events import EpochEnded, StepsTaken
from mnistlab.store import Store
from tests.cli.terminals import Terminal
from tests.systems import needs_posix

LONG = ("train", "--preset", "tutorial-mlp", "--epochs", "1000")


def is_under_way(written: str) -> bool:
    return re.search(r" %  \d\d:\d\d left", written) is not None and "epoch 2: " in written


@needs_posix
@pytest.mark.parametrize(
    ("columns", "seen", "dropped"),
    [(150, ["|", "accuracy"], []), (80, ["loss", "images/s"], ["|", "accuracy"]), (40, ["epoch"], ["|", "images/s"])],
)
def test_time_left_is_seen_however_narrow_the_terminal_is(columns: int, seen: list[str], dropped: list[str]) -> None:
    terminal = Terminal(columns, "train", "--preset", "tutorial-mlp", "--epochs", "40")
    assert terminal.end() == 0
    moving = [line for line in terminal.drawings if re.match(r" *\d+ %  .* left  ", line)]
    assert moving
    for line in moving:
        assert len(line.rstrip()) < columns
        assert re.match(r" *\d+ %  [\d:?]+ left  ", line)
        assert all(figure in line for figure in seen)
        assert not any(figure in line for figure in dropped)


def test_bar_and_accuracy_go_first_where_there_is_no_room() -> None:
    event = StepsTaken(
        first_step=1,
        step=2,
        epoch=1.0,
        losses=np.ones(2, np.float32),
        accuracy=0.5,
        learning_rate=0.1,
        images_per_second=1000.0,
        seconds=1.0,
    )
    kept = []
    for width in range(120, 10, -1):
        written = bar_format(event, width)
        names = tuple(name for name in ("|", "accuracy", "images/s", "loss", "epoch") if name in written)
        if names not in kept:
            kept.append(names)
    assert kept == [("|", "accuracy", "images/s", "loss", "epoch")[number:] for number in range(6)]


@needs_posix
def test_last_sentence_has_a_line_of_its_own_after_ctrl_c() -> None:
    terminal = Terminal(80, *LONG)
    terminal.read_until(is_under_way)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    *_, before, last = terminal.lines
    assert " left" in before
    assert last.startswith("Stopped after ")


@needs_posix
def test_a_run_that_is_deleted_meanwhile_ends_its_line_and_draws_it_no_more() -> None:
    terminal = Terminal(80, *LONG)
    terminal.read_until(is_under_way)
    (run,) = Store().runs()
    keeping.put_away(run.id, Store())
    assert terminal.end() == 1
    *_, before, last = terminal.lines
    assert " left" in before
    assert last.startswith("mnistlab: ")


def test_a_log_holds_the_epochs_and_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--epochs", "2"]) == 0
    told = capsys.readouterr().err
    assert "\r" not in told
    assert [line.partition(":")[0] for line in told.splitlines()] == ["epoch 1", "epoch 2"]
    assert all(line.endswith(" images/s") for line in told.splitlines())


@needs_posix
def test_a_terminal_that_is_closed_ends_the_training_and_keeps_it() -> None:
    terminal = Terminal(80, "train", "--preset", "tutorial-mlp", "--epochs", "1000")
    terminal.read_until(lambda written: "epoch 2: " in written)
    terminal.close()
    terminal.process.send_signal(signal.SIGHUP)
    assert terminal.process.wait(60) in (1, 128 + signal.SIGHUP)  # nobody hears the last sentence
    (run,) = Store().runs()
    assert (run.state, run.error) == ("stopped", None)


@pytest.mark.parametrize("closed", [("stdout",), ("stderr",), ("stdout", "stderr")])
def test_a_stream_that_was_closed_ends_no_training(
    closed: tuple[str, ...], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `>&-` and `2>&-` close it: Python then has None in its place."""
    for name in closed:
        monkeypatch.setattr(sys, name, None)
    assert main(["train", "--preset", "quick-mlp", "--set", "validation_size=100", "--epochs", "1"]) == 0
    (run,) = store.runs()
    assert run.state == "finished"
    for name in closed:
        getattr(sys, name).close()


def test_an_epoch_is_told_in_a_line_with_what_is_known_of_it() -> None:
    ended = EpochEnded(2, 60, 0.25, 0.9312, 0.31, 0.9, 20_000.0, 3.0)
    training, validation = "training loss 0.2500, accuracy 93.12 %", "validation loss 0.3100, accuracy 90.00 %"
    assert _epoch_line(ended) == f"epoch 2: {training}; {validation}"
    assert _epoch_line(replace(ended, validation_loss=None, validation_accuracy=None)) == f"epoch 2: {training}"
    assert _epoch_line(replace(ended, train_loss=None, train_accuracy=None)) == f"epoch 2: {validation}"

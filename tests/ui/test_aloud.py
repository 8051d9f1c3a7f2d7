"""What a screen reader is told of a run: that it waits, trains, is paused, and how it ended."""

from dataclasses import replace

import pytest

from mnistlab.runs import Run, State
from mnistlab.store import Store
from tests import tiny
from ui.run_words import change_line


@pytest.fixture
def run() -> Run:
    store = Store()
    return store.run(store.create(tiny.config(), "me", "running"))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("queued", "The run waits for its turn."),
        ("running", "The run is training."),
        ("lost", "The run is lost."),
        ("stopped", "The run was stopped."),
        ("failed", "The run has failed."),
        ("finished", "The training has ended."),
    ],
)
def test_each_state_of_a_run_is_read_aloud(run: Run, state: State, said: str) -> None:
    assert change_line(replace(run, state=state)) == said


def test_the_end_of_a_run_is_read_aloud_with_its_result(run: Run) -> None:
    finished = replace(run, state="finished", result={"test_accuracy": 0.979})
    assert change_line(finished) == "The training has ended. Test accuracy 97.90 %."


def test_nothing_is_read_aloud_at_each_step(run: Run) -> None:
    assert change_line(replace(run, step=7)) == change_line(replace(run, step=8))

"""A run in words: how far it is, how it ended, and what tells it from others of the same name."""

import pytest

from mnistlab.queue import Queue
from mnistlab.runs import TERMINAL
from tests import tiny
from tests.ui.test_watching import a_run, queued
from ui import run_words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"step": 0}, "Starting ..."),
        ({"seconds": 0.1}, "Epoch 0.80 of 2, step 40 of 100, 1,234 images/s"),  # too early to foretell its end
        ({"control": "stop"}, "Epoch 0.80 of 2, step 40 of 100, 1,234 images/s, 6 s left, stopping"),
    ],
)
def test_progress_says_no_more_than_is_known(values: dict[str, object], words: str) -> None:
    assert run_words.progress_line(a_run(**{"images_per_second": 1234.5} | values)) == words


def test_the_sidebar_says_that_a_worker_is_silent() -> None:
    run = a_run(state="lost")
    assert run_words.short_state(run, Queue([run]), "me") == "lost at 40 %: its worker does not answer"


def test_a_run_from_a_terminal_which_may_be_ones_own_is_not_said_to_be_anothers() -> None:
    mine = [queued("a", "me", 1), queued("b", "me", 3)]
    ahead = [queued("c", "other", 2), queued("d", TERMINAL, 2)]
    assert run_words.queue_line(mine[1], Queue([*mine, *ahead]), "me") == (
        "4th in the queue, behind 1 run of others and 1 run from a terminal and 1 run of yours"
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "lost", "error": "Ended by hand."}, "Ended by hand. Resume goes on from the last checkpoint."),
        ({"state": "lost"}, "Its worker does not answer: its process or computer is gone. Resume goes on from"),
        ({"state": "failed", "error": "No disk."}, "The run failed. No disk."),
        ({"state": "failed", "step": 0}, "The run failed. Its worker gave no reason."),
        ({"state": "stopped", "step": 0}, "Cancelled before its first step."),
        ({"state": "stopped"}, "Stopped after 0.80 of 2 epochs."),
    ],
)
def test_the_end_says_how_it_came_about(values: dict[str, object], words: str) -> None:
    assert run_words.end_line(a_run(**values)).startswith(words)


def test_a_setting_tells_more_of_a_run_than_its_seed() -> None:
    still, turned = (
        a_run(id=name, config=tiny.config(augment={"rotation": degrees}, seed=degrees))
        for name, degrees in (("a", 0), ("b", 10))
    )
    assert run_words.apart(turned, [still, turned]) == ", rotation 10"
    assert run_words.apart(still, [still, turned]) == ", rotation 0"


def test_runs_that_differ_in_nothing_are_told_apart_by_their_ids() -> None:
    runs = [a_run(id="a"), a_run(id="b")]
    assert [run_words.apart(run, runs) for run in runs] == [", seed 0, a", ", seed 0, b"]


def test_what_has_no_effect_tells_nothing_of_a_run() -> None:
    runs = [
        a_run(id=name, config=tiny.config({"hidden": hidden})) for name, hidden in (("a", ()), ("b", ()), ("c", (8,)))
    ]
    assert run_words.apart(runs[0], runs) == ", hidden none, a"  # and no activation

"""When a queued run begins: by what is left of those at work, and by the pace of those before it."""

from dataclasses import replace

import pytest

from mnistlab.runs import Run
from tests.ui.test_pages import no_engine as no_engine  # the same fixture for this module
from tests.ui.test_pages import open_page, small_run
from tests.ui.test_train_page import TRAIN, progress_of, running
from tests.ui.test_watching import a_run, queued
from ui import time_estimate, waiting

CONFIG = small_run(epochs=2)  # 110,000 images


def at_work(seconds_left: float, run_id: str = "w", **values: object) -> Run:
    """Half of its steps are taken."""
    return a_run(id=run_id, ticket=run_id, step=50, num_steps=100, seconds=seconds_left, **values)


def in_line(run_id: str, created: float, owner: str = "me") -> Run:
    return replace(queued(run_id, owner, created), config=CONFIG)


@pytest.fixture
def paced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such runs have learned from a thousand images a second: each takes 110 s."""
    pace = {time_estimate._pace_setters(CONFIG): (1000.0, "abcd2345")}
    monkeypatch.setattr(time_estimate, "paces", lambda: pace)


@pytest.mark.usefixtures("paced")
def test_the_next_begins_when_the_one_at_work_ends_and_each_other_a_run_later() -> None:
    line = [in_line(name, created) for created, name in enumerate("abc")]
    active = [at_work(30), *line]
    assert [waiting.seconds_until(run, active) for run in line] == pytest.approx([30, 140, 250])
    assert waiting.line(line[1], active) == "It begins in about 2 min 20 s."


@pytest.mark.usefixtures("paced")
def test_two_workers_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_WORKERS", "2")
    line = [in_line(name, created) for created, name in enumerate("abc")]
    active = [at_work(30, "v"), at_work(100, "w"), *line]
    assert [waiting.seconds_until(run, active) for run in line] == pytest.approx([30, 100, 140])
    one_is_free = [at_work(30), *line]
    assert [waiting.seconds_until(run, one_is_free) for run in line] == pytest.approx([0, 30, 110])


@pytest.mark.usefixtures("paced")
def test_what_was_done_before_a_stop_is_not_waited_for_again() -> None:
    resumed = replace(in_line("a", 0), step=75, num_steps=100)
    last = in_line("b", 1)
    assert waiting.seconds_until(last, [at_work(30), resumed, last]) == pytest.approx(30 + 110 / 4)


@pytest.mark.parametrize(
    "before",
    [
        [],  # the engine is still to come
        [a_run(id="t", step=50, num_steps=100, seconds=30.0)],  # a terminal's own process takes no other run
        [at_work(30, pause_at=50)],
        [at_work(30), replace(in_line("a", 0), config=small_run(batch_size=7))],  # nobody knows its pace
    ],
    ids=["nothing", "terminal", "paused", "no pace"],
)
@pytest.mark.usefixtures("paced")
def test_no_time_is_told_where_nobody_can_know(before: list[Run]) -> None:
    run = in_line("z", 9, owner="another")
    assert waiting.line(run, [*before, run]) == ""


@pytest.mark.usefixtures("paced")
def test_of_a_trial_nobody_knows_what_it_will_vary() -> None:
    first, second = (replace(in_line(name, created), sweep="s") for created, name in enumerate("ab"))
    active = [at_work(30), first, second]
    assert waiting.seconds_until(first, active) == pytest.approx(30)
    assert waiting.seconds_until(second, active) is None


@pytest.mark.usefixtures("paced")
def test_before_start_it_is_told_what_has_to_end_first(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [in_line("a", 0, "one"), in_line("b", 1, "two")]
    assert waiting.line_before(CONFIG, "me", []) == ""
    assert waiting.line_before(CONFIG, "me", [at_work(30)]) == "Begins in about 30 s: 1 run has to end first."
    told = waiting.line_before(CONFIG, "me", [at_work(30), *others])
    assert told == "Begins in about 4 min 10 s: 3 runs have to end first."
    assert waiting.line_before(CONFIG, "me", [at_work(30, pause_at=50)]) == "1 run has to end first."
    monkeypatch.setenv("MNISTLAB_WORKERS", "2")
    assert waiting.line_before(CONFIG, "me", [at_work(30)]) == ""


@pytest.mark.usefixtures("paced")
def test_whoever_has_fewer_runs_begins_before_those_of_one_who_has_many() -> None:
    many = [in_line(name, created, "one") for created, name in enumerate("abc")]
    told = waiting.line_before(CONFIG, "me", [at_work(30, owner="one"), *many])
    assert told == "Begins in about 30 s: 1 run has to end first."


@pytest.mark.usefixtures("paced")
def test_a_lab_tells_it_only_while_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_SCHEDULER", "tcp://nowhere:8786")
    assert waiting.line_before(CONFIG, "me", [at_work(30)]) == ""
    told = waiting.line_before(CONFIG, "me", [at_work(30), in_line("a", 0, "one")])
    assert told == "Begins in about 2 min 20 s: 2 runs have to end first."


def test_train_tells_it_before_start_and_while_the_run_waits() -> None:
    running(step=50, seconds=30.0, images_per_second=1000.0, ticket="w")
    app = open_page(TRAIN)
    told = "Begins in about 30 s: 1 run has to end first."
    assert any(text.value.endswith(told) for text in app.caption)
    app.button(key="train_start").click().run()
    assert "Next in the queue, after the one that runs. It begins in about 30 s." in progress_of(app)
    assert not any(text.value.endswith("to end first.") for text in app.caption)  # this very recipe is waiting already

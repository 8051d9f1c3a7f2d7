"""When a queued run begins: by what is left of those at work, and by the pace of those before it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from mnistlab.queue import Queue
from mnistlab.runs import Run
from tests.ui.test_pages import open_page, small_run
from tests.ui.test_train_page import TRAIN, progress_of, running
from tests.ui.test_watching import a_run, queued
from ui import resources, time_estimate, waiting

CONFIG = small_run(epochs=2)  # 110,000 images


def at_work(seconds_left: float, run_id: str = "w", **values: object) -> Run:
    """Half of its steps are taken."""
    return a_run(id=run_id, ticket=run_id, step=50, num_steps=100, seconds=seconds_left, **values)


def in_line(run_id: str, created: float, owner: str = "me") -> Run:
    return replace(queued(run_id, owner, created), config=CONFIG)


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """Say how many workers there are; one, if nothing is said."""

    def set_number(number: int | None) -> None:
        monkeypatch.setattr(resources, "num_workers", lambda: number)

    set_number(1)
    return set_number


Workers = Callable[[int | None], None]


@pytest.fixture
def paced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such runs have learned from a thousand images a second: each takes 110 s."""
    pace = {time_estimate._pace_setters(CONFIG): (1000.0, "abcd2345")}
    monkeypatch.setattr(time_estimate, "paces", lambda: pace)


def told(run: Run, active: Sequence[Run]) -> str:
    return waiting.line(run, Queue(active))


def told_before(active: Sequence[Run], served: Mapping[str | None, float] | None = None) -> str:
    return waiting.line_before(CONFIG, "me", Queue(active, served or {}))


@pytest.mark.usefixtures("paced")
def test_the_next_begins_when_the_one_at_work_ends_and_each_other_a_run_later() -> None:
    line = [in_line(name, created) for created, name in enumerate("abc")]
    active = [at_work(30), *line]
    assert [told(run, active) for run in line] == [
        "It begins in about 30 s.",
        "It begins in about 2 min 20 s.",
        "It begins in about 4 min 10 s.",
    ]


@pytest.mark.usefixtures("paced")
def test_two_workers_take_turns(workers: Workers) -> None:
    workers(2)
    begins = "It begins in about"
    line = [in_line(name, created) for created, name in enumerate("abc")]
    active = [at_work(30, "v"), at_work(100, "w"), *line]
    assert [told(run, active) for run in line] == [f"{begins} {time}." for time in ("30 s", "1 min 40 s", "2 min 20 s")]
    one_is_free = [at_work(30), *line]
    assert [told(run, one_is_free) for run in line] == [f"{begins} {time}." for time in ("5 s", "30 s", "1 min 50 s")]


@pytest.mark.usefixtures("paced")
def test_what_was_done_before_a_stop_is_not_waited_for_again() -> None:
    resumed = replace(in_line("a", 0), step=75, num_steps=100)
    last = in_line("b", 1)
    assert told(last, [at_work(30), resumed, last]) == "It begins in about 1 min."  # 30 and a quarter of 110 s


@pytest.mark.usefixtures("paced")
def test_what_was_told_to_stop_and_what_cannot_begin_is_not_waited_for() -> None:
    stuck, last = replace(in_line("a", 0), error="A worker could not begin: why"), in_line("b", 1)
    assert told(last, [at_work(30), stuck, last]) == "It begins in about 30 s."
    assert told(last, [at_work(300, control="stop"), last]) == "It begins in about 5 s."
    assert told(stuck, [at_work(30), stuck, last]) == ""


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
    assert told(run, [*before, run]) == ""


@pytest.mark.usefixtures("paced")
def test_of_a_trial_nobody_knows_what_it_will_vary() -> None:
    first, second = (replace(in_line(name, created), sweep="s") for created, name in enumerate("ab"))
    active = [at_work(30), first, second]
    assert told(first, active) == "It begins in about 30 s."
    assert told(second, active) == ""


@pytest.mark.usefixtures("paced")
def test_before_start_it_is_told_what_has_to_end_first(workers: Workers) -> None:
    others = [in_line("a", 0, "one"), in_line("b", 1, "two")]
    assert told_before([]) == ""
    assert told_before([at_work(30)]) == "Begins in about 30 s: 1 run has to finish first."
    assert told_before([at_work(30), *others]) == "Begins in about 4 min 10 s: 3 runs have to finish first."
    assert told_before([at_work(30, pause_at=50)]) == ""  # it makes room, and need not end
    workers(2)
    assert told_before([at_work(30)]) == ""
    workers(None)  # the settings cannot be read
    assert told_before([at_work(30)]) == ""


@pytest.mark.usefixtures("paced")
def test_whoever_was_served_longer_ago_begins_before_those_of_one_who_has_many() -> None:
    many = [in_line(name, created, "one") for created, name in enumerate("abc")]
    soon = "Begins in about 30 s: 1 run has to finish first."
    assert told_before([at_work(30, owner="one"), *many]) == soon
    assert told_before([at_work(30), *many], {"me": 7.0, "one": 8.0}) == soon
    assert told_before([at_work(30), *many[:1]], {"me": 8.0, "one": 7.0}).endswith(": 2 runs have to finish first.")


@pytest.mark.usefixtures("paced")
def test_a_lab_tells_it_only_while_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_SCHEDULER", "tcp://nowhere:8786")
    assert told_before([at_work(30)]) == ""
    told = told_before([at_work(30), in_line("a", 0, "one")])
    assert told == "Begins in about 2 min 20 s: 2 runs have to finish first."


def test_train_tells_it_before_start_and_while_the_run_waits() -> None:
    running(step=50, seconds=30.0, images_per_second=1000.0, ticket="w")
    app = open_page(TRAIN)
    told = "Begins in about 30 s: 1 run has to finish first."
    assert any(text.value.endswith(told) for text in app.caption)
    app.button(key="train_start").click().run()
    assert "Next in the queue, after the one in progress. It begins in about 30 s." in progress_of(app)
    assert not any(
        text.value.endswith("to finish first.") for text in app.caption
    )  # this very recipe is waiting already

"""How often a page that watches a run is refreshed: alone, in a class, before the first step and after the last."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import streamlit as st

from tests.ui.test_watching import a_run
from tests.ui.test_watching import own_session as own_session  # the same fixture for this module
from ui import pacing


@pytest.mark.usefixtures("own_session")
def test_dear_refreshes_come_less_often_and_cheap_ones_every_second_again() -> None:
    run = a_run(step=10)
    assert pacing.seconds_between(run) == 1
    for seconds, expected in ((0.2, 2), (0.2, 3), (0.2, 5), (0.2, 5), (0.01, 3), (0.01, 2), (0.01, 1)):
        for _ in range(5):
            pacing.note(seconds)
        assert pacing.seconds_between(run) == expected


@pytest.mark.usefixtures("own_session")
def test_what_is_dear_goes_by_how_often_it_comes() -> None:
    for seconds, expected in ((0.05, 2), (0.05, 2), (0.02, 2), (0.01, 1)):
        for _ in range(5):
            pacing.note(seconds)
        assert pacing.seconds_between(a_run(step=10)) == expected


def seconds_in_a_class(
    num_watching: int, refresh: float, monkeypatch: pytest.MonkeyPatch, num_rounds: int = 60
) -> set[float | None]:
    """How long the sessions of a class wait between two refreshes, after so many of them."""
    sessions: list[dict[str, Any]] = [{} for _ in range(num_watching)]
    now = time.monotonic()
    for _ in range(num_rounds):
        for session in sessions:
            monkeypatch.setattr(st, "session_state", session)
            pacing.note(refresh)
        now += pacing.seconds_between(a_run(step=10)) or 0
        monkeypatch.setattr(time, "monotonic", lambda now=now: now)
    paces = set()
    for session in sessions:
        monkeypatch.setattr(st, "session_state", session)
        paces.add(pacing.seconds_between(a_run(step=10)))
    return paces


@pytest.fixture(autouse=True)
def _empty_class() -> Iterator[None]:
    """Nobody has watched before."""
    pacing._together.clear()
    yield
    pacing._together.clear()


@pytest.mark.parametrize(("num_watching", "seconds"), [(1, 1), (5, 1), (15, 2), (30, 3), (60, 5)])
def test_a_class_that_watches_is_refreshed_less_often(
    num_watching: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert seconds_in_a_class(num_watching, 0.012, monkeypatch) == {seconds}


def test_who_is_refreshed_slowly_still_counts_as_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    # Twenty refreshes bring them to five seconds; the next five take longer than whoever has left is remembered.
    assert seconds_in_a_class(60, 0.012, monkeypatch, num_rounds=22) == {5}


def test_one_round_of_refreshes_slows_a_class_by_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seconds_in_a_class(60, 0.012, monkeypatch, num_rounds=1) == {2}


def test_a_newcomer_begins_at_the_pace_of_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds_in_a_class(30, 0.012, monkeypatch)
    monkeypatch.setattr(st, "session_state", {})
    assert pacing.seconds_between(a_run(step=10)) == 3


def test_few_whose_refreshes_are_dear_slow_all_though_most_are_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: list[dict[str, Any]] = [{} for _ in range(10)]
    for _ in range(30):
        for number, session in enumerate(sessions):
            monkeypatch.setattr(st, "session_state", session)
            pacing.note(0.2 if number < 2 else 0.005)
    assert pacing.seconds_between(a_run(step=10)) == 3  # 0.44 s of refreshes for all, of which 0.15 a second may be


def test_one_session_alone_does_not_slow_the_others_for_another_run(monkeypatch: pytest.MonkeyPatch) -> None:
    dear: dict[str, Any] = {}
    for seconds, session in ((0.1, dear), (0.005, {})):
        monkeypatch.setattr(st, "session_state", session)
        for _ in range(5):
            pacing.note(seconds)
    assert pacing.seconds_between(a_run(step=10)) == 1
    monkeypatch.setattr(st, "session_state", dear)
    assert pacing.seconds_between(a_run(step=10)) == 2


def test_a_class_goes_on_more_quickly_after_a_slow_spell(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seconds_in_a_class(20, 0.1, monkeypatch, num_rounds=20) == {5}
    assert seconds_in_a_class(20, 0.011, monkeypatch) == {2}


def test_a_few_quick_refreshes_of_a_class_do_not_quicken_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: list[dict[str, Any]] = [{} for _ in range(30)]

    def seconds_after(num_rounds: int, refresh: float) -> float | None:
        for session in sessions * num_rounds:
            monkeypatch.setattr(st, "session_state", session)
            pacing.note(refresh)
        return pacing.seconds_between(a_run(step=10))

    # Each change of the pace draws the pages of all who watch anew.
    assert seconds_after(2, 0.012) == 3
    assert seconds_after(4, 0.001) == 3
    assert seconds_after(1, 0.001) == 2


def test_one_who_is_refreshed_quickly_does_not_quicken_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds_in_a_class(30, 0.012, monkeypatch)
    for _ in range(60):
        pacing.note(0.001)
    assert pacing.seconds_between(a_run(step=10)) == 3


def test_who_has_left_no_longer_slows_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds_in_a_class(30, 0.012, monkeypatch)
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert seconds_in_a_class(1, 0.012, monkeypatch) == {1}


def test_in_a_class_what_stands_beside_the_curves_is_slowed_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {})
    assert pacing.slowed(3) == 3
    assert seconds_in_a_class(15, 0.012, monkeypatch) == {2}
    assert pacing.slowed(3) == 6


def test_who_no_longer_watches_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {})
    seconds_in_a_class(30, 0.012, monkeypatch)
    assert pacing.slowed(3) == 9
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert pacing.slowed(3) == 3


@pytest.mark.usefixtures("own_session")
def test_who_comes_back_to_a_run_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        pacing.note(0.1)
    assert pacing.slowed(3) == 6
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert pacing.slowed(3) == 3


@pytest.mark.usefixtures("own_session")
def test_one_slow_refresh_changes_nothing() -> None:
    for seconds in (8.0, 0.01, 0.01, 0.3, 0.01, 0.01, 0.3, 0.01):
        pacing.note(seconds)
    assert pacing.seconds_between(a_run(step=10)) == 1


@pytest.mark.usefixtures("own_session")
def test_refreshing_is_quick_before_the_first_step_and_ends_with_the_run() -> None:
    assert pacing.seconds_between(a_run(step=0)) == 0.25
    assert pacing.seconds_between(a_run(step=0, state="queued")) == 0.25
    assert pacing.seconds_between(a_run(step=0, state="queued", created=time.time() - 60)) == 1
    assert pacing.seconds_between(a_run(step=10, state="finished")) is None

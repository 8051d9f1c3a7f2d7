"""Whether somebody is there to execute what waits: a short while without workers is none to speak of."""

import time
from collections.abc import Callable

import pytest

from mnistlab import engine, engine_log, tickets
from mnistlab.errors import EngineError

SECONDS = tickets._WORKERLESS_SECONDS


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, float]]:
    """What the workers offer, to be changed; nobody has looked before."""
    workers: list[dict[str, float]] = []
    monkeypatch.setattr(tickets, "offers", lambda: list(workers))
    monkeypatch.setattr(tickets, "_last_look", 0.0)
    monkeypatch.setattr(tickets, "_workerless_since", None)
    return workers


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let so many seconds pass."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_workers_that_are_missing_for_long_are_told(
    offered: list[dict[str, float]], later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_log, "last_words", lambda: "No module named torch")
    assert tickets.check_workers() == []
    later(0.6 * SECONDS)
    assert tickets.check_workers() == []
    later(0.6 * SECONDS)
    with pytest.raises(EngineError, match=r"workers do not start\. The end of .*: No module named torch"):
        tickets.check_workers()
    offered.append({"CPU": 1})
    assert tickets.check_workers() == [{"CPU": 1}]
    offered.clear()
    assert tickets.check_workers() == []  # for no longer than this moment


def test_in_a_lab_it_is_told_how_one_is_started(
    offered: list[dict[str, float]], later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTLAB_SCHEDULER", "tcp://box:8786")
    monkeypatch.setattr(engine, "address", lambda: "tcp://box:8786")
    for _ in range(2):
        assert tickets.check_workers() == []
        later(0.6 * SECONDS)
    with pytest.raises(EngineError, match="python -m dask worker tcp://box:8786"):
        tickets.check_workers()


def test_a_while_in_which_nobody_looked_says_nothing(
    offered: list[dict[str, float]], later: Callable[[float], None]
) -> None:
    assert tickets.check_workers() == []
    later(1.2 * SECONDS)
    assert tickets.check_workers() == []

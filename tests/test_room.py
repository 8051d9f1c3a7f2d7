"""A computer that lets an account or a container start few threads: what the engine says then."""

import threading
from typing import Any

import pytest

from mnistlab import engine, room
from mnistlab.errors import EngineError

_REALLY = threading.Thread.start


def let_start(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no more than so many threads be started from now on."""
    num_started = [0]

    def start(thread: threading.Thread) -> None:
        num_started[0] += 1
        if num_started[0] > most:
            raise RuntimeError("can't start new thread")
        _REALLY(thread)

    monkeypatch.setattr(threading.Thread, "start", start)


def test_a_computer_with_room_for_an_engine_is_left_as_it_was() -> None:
    before = threading.active_count()
    room.check(2, 3)
    assert threading.active_count() == before


@pytest.mark.parametrize(("workers", "each", "needed"), [(1, 1, 12), (2, 4, 24)])
def test_a_limit_below_what_an_engine_needs_is_told_with_both_numbers(
    monkeypatch: pytest.MonkeyPatch, workers: int, each: int, needed: int
) -> None:
    before = threading.active_count()
    let_start(needed, monkeypatch)
    room.check(workers, each)
    let_start(needed - 5, monkeypatch)
    with pytest.raises(EngineError, match=rf"needs {needed} more threads .* lets it start {needed - 5}: .*`ulimit -u`"):
        room.check(workers, each)
    assert threading.active_count() == before


def test_the_engine_looks_before_dask_waits_for_what_cannot_be_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise EngineError("There is no room.")

    monkeypatch.setattr(room, "check", fail)
    with pytest.raises(SystemExit):
        engine.serve()
    assert capsys.readouterr().out.endswith("The engine's workers cannot start: There is no room.\n")

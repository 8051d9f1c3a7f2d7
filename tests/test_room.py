"""A computer that lets an account or a container start few threads: what the engine says then."""

import threading

import pytest

from mnistlab import room
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


@pytest.mark.parametrize(("workers", "each", "needed"), [(1, 1, 12), (2, 4, 30)])
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


def test_a_limit_that_the_smallest_engine_fits_in_is_told_with_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    let_start(20, monkeypatch)
    with pytest.raises(EngineError, match=r"Set MNISTLAB_WORKERS and MNISTLAB_THREADS to 1, which needs 12, "):
        room.check(1, 63)

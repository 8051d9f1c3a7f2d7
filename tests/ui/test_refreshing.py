"""What is over is looked at again: somebody else may have resumed or deleted it."""

import pytest
from streamlit.testing.v1 import AppTest

from mnistlab.errors import MnistLabError, RunNotFoundError, StoreError
from ui import beat


def _page(seconds: float | None, due: float | None, answers: list[bool | Exception], times_drawn: list[int]) -> None:
    from ui import refreshing

    def draw() -> float | None:
        times_drawn.append(len(answers))
        return due

    def has_changed() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    refreshing.show("a run", seconds, draw, has_changed)


def times_drawn(seconds: float | None, *answers: bool | MnistLabError) -> int:
    return times_drawn_at(seconds, seconds, *answers)


def times_drawn_at(seconds: float | None, due: float | None, *answers: bool | MnistLabError) -> int:
    drawn: list[int] = []
    app = AppTest.from_function(_page, args=(seconds, due, [*answers], drawn)).run()
    assert not app.exception
    return len(drawn)


@pytest.fixture
def paces(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """How often each part of a page is drawn again, in seconds."""
    found: dict[str, float] = {}
    monkeypatch.setattr(beat, "again_after", lambda seconds, name: found.update({name: seconds}))
    return found


def test_what_is_over_is_drawn_anew_once_it_is_no_longer_so(paces: dict[str, float]) -> None:
    assert times_drawn(None, False) == 1
    assert paces == {"looking_fragment": 5.0}
    assert times_drawn(None, True, False) == 2


def test_what_is_over_and_deleted_is_drawn_anew() -> None:
    assert times_drawn(None, RunNotFoundError("It was deleted."), False) == 2


def test_what_cannot_be_read_for_a_moment_stays_as_it_is() -> None:
    assert times_drawn(None, StoreError("The database is busy.")) == 1


def test_what_goes_on_is_not_asked_whether_it_has_changed(paces: dict[str, float]) -> None:
    assert times_drawn(1.0) == 1
    assert paces == {"job_fragment": 1.0}


def test_another_pace_is_kept_without_a_new_page(paces: dict[str, float]) -> None:
    assert times_drawn_at(1.0, 3.0) == 1
    assert paces == {"job_fragment": 3.0}

"""What is running, in the sidebar, while the store cannot be read: it says so, and comes back by itself."""

import pytest
from streamlit.testing.v1 import AppTest

from mnistlab.errors import StoreError
from ui import beat, running_jobs

REFUSED = StoreError("The database cannot be read. The server is away.")


def _page() -> None:
    from ui import running_jobs

    running_jobs.show("pages/5_Train.py", "pages/9_Sweep.py")


def refuse(times: int, monkeypatch: pytest.MonkeyPatch) -> list[StoreError]:
    """Let the store refuse so many times; return the refusals that are still to come."""
    left = [REFUSED] * times

    def read() -> running_jobs.Jobs:
        if left:
            raise left.pop()
        return running_jobs.Jobs([], [])

    monkeypatch.setattr(running_jobs.Jobs, "read", staticmethod(read))
    return left


def test_store_that_cannot_be_read_is_told_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    paces: dict[str, float] = {}
    monkeypatch.setattr(beat, "again_after", lambda seconds, name: paces.update({name: seconds}))
    refuse(2, monkeypatch)
    app = AppTest.from_function(_page).run()
    assert not app.exception
    assert app.error[0].value == f"{REFUSED} This page tries again by itself."
    assert paces == {"trouble_fragment": 6.0}


def test_page_is_drawn_anew_once_the_store_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    left = refuse(1, monkeypatch)
    app = AppTest.from_function(_page).run()
    assert not app.exception
    assert not app.error
    assert not left

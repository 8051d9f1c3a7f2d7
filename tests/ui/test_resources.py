"""What all sessions share."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnistlab import engine, notice
from tests.programs import printed
from ui import resources


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    resources.device_line.clear()
    yield
    resources.device_line.clear()


def test_device_is_told_with_the_threads_of_a_training(lab: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_THREADS", "5")
    assert resources.device_line() == "CPU, 5 threads"


def test_device_is_told_although_a_setting_is_wrong(lab: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_WORKERS", "many")
    assert "thread" in resources.device_line()


def test_device_is_told_although_there_can_be_no_lab(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write_text("")
    assert "thread" in resources.device_line()


def test_in_a_lab_other_computers_train(lab: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_SCHEDULER", "tcp://lab.school:8786")
    monkeypatch.setattr(engine, "client", lambda: pytest.fail("nobody need be asked"))
    assert resources.device_line() == "Trains on the lab's workers"


def test_device_is_told_with_the_threads_of_the_engine_that_runs(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been started with others, and be busy."""
    monkeypatch.setenv("MNISTLAB_THREADS", "2")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        notice.publish(f"tcp://127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setenv("MNISTLAB_THREADS", "5")
        assert resources.device_line() == "CPU, 2 threads"


def test_a_database_that_may_only_be_read_is_opened_as_the_command_line_has_made_it(lab: Path) -> None:
    """It has no table of drawings, which pages that show none must not ask for."""
    path = lab.parent / "made.sqlite"
    source = "%s; from mnistlab.store import Store; print(Store().runs())"
    printed(source % "pass", MNISTLAB_DB=f"sqlite:///{path}")
    read_only = f"sqlite:///file:{path}?mode=ro&uri=true"
    assert printed(source % "import ui.resources", MNISTLAB_DB=read_only).strip() == "[]"

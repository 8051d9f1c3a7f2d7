"""A computer whose processes cannot reach each other, or whose clock was set back: what the engine says then."""

import errno
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from mnistlab import engine, loopback
from mnistlab.errors import EngineError


def test_a_computer_that_reaches_itself_is_fit_for_an_engine() -> None:
    loopback.check()


@pytest.mark.parametrize("half", ["create_server", "create_connection"])  # ::1 alone; none at all
def test_an_engine_without_a_loopback_interface_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], half: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, half, fail)
    with pytest.raises(EngineError) as told:
        loopback.check()
    with pytest.raises(SystemExit):
        engine._give_up(told.value)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("The engine's workers cannot start: Processes of this computer cannot reach each other at")
    assert "127.0.0.1 (Network is unreachable)" in last
    assert "ip link set lo up" in last
    assert "python -m mnistlab train" in last


@pytest.mark.parametrize(("age", "is_recent"), [(5, True), (-3600, False)])
def test_a_failure_of_a_clock_that_was_set_back_is_not_recent(
    lab: Path, monkeypatch: pytest.MonkeyPatch, age: float, is_recent: bool
) -> None:
    def start(*_: Any, **__: Any) -> None:
        raise OSError("tried again")

    monkeypatch.setattr(subprocess, "Popen", start)
    lab.mkdir()
    engine.log_file().write_text("The engine's workers cannot start: OSError: broken.\n")
    os.utime(engine.log_file(), (time.time() - age,) * 2)
    with pytest.raises(EngineError, match=r"broken\. The whole story" if is_recent else "tried again"):
        engine.address()

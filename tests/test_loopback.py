"""A computer whose processes cannot reach each other: what the engine says then."""

import errno
import socket
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


def test_another_fault_is_not_taken_for_a_missing_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "create_server", fail)
    with pytest.raises(OSError, match="Too many open files"):
        loopback.check()

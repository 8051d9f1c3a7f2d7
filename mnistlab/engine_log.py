"""The log of the local engine, engine.log: its messages, and why the last engine gave up."""

import time
from pathlib import Path

from mnistlab.paths import lab_place

_RECENTLY = 60.0  # seconds, for which an engine whose workers cannot start is not tried again
FAILURE = "The engine's workers cannot start: "  # how the line begins that says why it gave up


def log_file() -> Path:
    """The path of the local engine's log."""
    return lab_place() / "engine.log"


def last_words() -> str:
    """The last line of the log, or the one that says why the engine gave up."""
    lines = _lines()
    return _failure() or (lines[-1] if lines else "(empty)")


def recent_failure() -> str | None:
    """Why the last engine gave up, if it has just done so: the next one would too."""
    log = log_file()
    # In either direction: our clock may have been set back since then, or a shared folder's may be ahead of it.
    is_recent = log.exists() and abs(time.time() - log.stat().st_mtime) < _RECENTLY
    return _failure() if is_recent else None


def _failure() -> str | None:
    """Why the last engine gave up; its other processes may have written more after that line."""
    return next((line for line in reversed(_lines()) if line.startswith(FAILURE)), None)


def _lines() -> list[str]:
    if not log_file().exists():
        return []
    return log_file().read_text(encoding="utf-8", errors="replace").strip().splitlines()

"""The log of the local engine, engine.log: what it says of itself, and why the last one gave up."""

from pathlib import Path

from mnistlab.paths import lab_place

FAILURE = "The engine's workers cannot start: "  # what the line begins with that says why it gave up


def log_file() -> Path:
    """What the local engine says of itself."""
    return lab_place() / "engine.log"


def last_words() -> str:
    """The last line of that, or the one that says why it gave up."""
    lines = _lines()
    return failure() or (lines[-1] if lines else "(empty)")


def failure() -> str | None:
    """Why the last engine gave up, which others of its processes may have written something after."""
    return next((line for line in reversed(_lines()) if line.startswith(FAILURE)), None)


def _lines() -> list[str]:
    if not log_file().exists():
        return []
    return log_file().read_text(encoding="utf-8", errors="replace").strip().splitlines()

"""The local engine's notice, engine.json: where it listens, and the version and settings it was started with.

An engine outlives the process that started it, so whoever finds one must be able to tell whether it is the right one.
A copy of a lab, for instance, contains the notice of the original's engine, whose runs are not the copy's.
"""

import contextlib
import hashlib
import json
import os
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from filelock import FileLock, Timeout

import mnistlab
from mnistlab.cores import THREADS_VARIABLE, WORKERS_VARIABLE, num_workers, threads_each
from mnistlab.paths import lab_folder, lab_place, seconds_setting, setting

_CHECKPOINT_VARIABLE = "MNISTLAB_CHECKPOINT"
_SOURCES = Path(__file__).resolve().parent
_LONGEST_WAIT = 10.0  # seconds, for another engine that is publishing its notice


@dataclass(frozen=True)
class Notice:
    """What an engine publishes about itself; those of older versions published only address and process."""

    address: str
    pid: int
    version: str | None = None
    settings: dict[str, float | None] = field(default_factory=dict)
    lab: str | None = None  # identifies its lab's folder, even after a move; None if not known
    place: str | None = None  # the folder's path

    @property
    def is_of_our_lab(self) -> bool:
        """Whether its lab is ours: the same folder, or the same path, which two mounts may show as two folders."""
        here = _lab()
        return None in (self.lab, here) or self.lab == here or self.place == _place()

    @property
    def is_of_our_version(self) -> bool:
        """Whether it was started from the sources that this process runs, or from those now on disk."""
        return self.version == version() or self.version == _version_on_disk()

    def differences(self, with_defaults: bool = False) -> list[str]:
        """Settings that differ from ours, in words: "MNISTLAB_WORKERS is 2 here, and 1 there".

        Raises:
            ConfigError: a setting is invalid.
        """
        return [
            f"{name} is {_shown(value)} here, and {_shown(self.settings.get(name))} there"
            for name, value in settings_here(with_defaults).items()
            if value != self.settings.get(name)
        ]


def settings_here(with_defaults: bool = False) -> dict[str, float | None]:
    """The settings that an engine's workers read from the environment when they start, as set in this process.

    Args:
        with_defaults: include the defaults of what is not set here. Without them, a process that sets nothing accepts
            any engine: a terminal beside a server must not undo the server's settings.

    Raises:
        ConfigError: a setting is invalid.
    """
    readers: dict[str, Callable[[], float | None]] = {
        WORKERS_VARIABLE: num_workers,
        THREADS_VARIABLE: threads_each,
        _CHECKPOINT_VARIABLE: _checkpoint_seconds,
    }
    return {name: read() for name, read in readers.items() if with_defaults or setting(name)}


def _checkpoint_seconds() -> float | None:
    """None if it is not set: the default is defined in the recorder, which takes seconds to import."""
    return seconds_setting(_CHECKPOINT_VARIABLE, 0) if setting(_CHECKPOINT_VARIABLE) else None


def _shown(value: float | None) -> str:
    return "not set" if value is None else f"{value:g}"


@lru_cache(maxsize=1)
def version() -> str:
    """The version of the sources when this process first asked, with a digest, such as 0.1.0+3f2a."""
    return _version_on_disk()


def _version_on_disk() -> str:
    """The version of the sources as they are now, which a process started now would run; takes 8 ms."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(_SOURCES):
        folders.sort()
        for name in sorted(file for file in files if file.endswith(".py")):
            digest.update(name.encode() + b"\0" + Path(folder, name).read_bytes() + b"\0")
    return f"{mnistlab.__version__}+{digest.hexdigest()[:12]}"


def read() -> Notice | None:
    """The local engine's notice if it is running."""
    try:
        told = json.loads(_file().read_text(encoding="utf-8"))
        settings = told.get("settings")
        settings = settings if settings is not None else {}
        found = Notice(told["address"], told["pid"], told.get("version"), settings, told.get("lab"), told.get("place"))
        if not found.is_of_our_lab or not psutil.pid_exists(found.pid):
            return None  # another lab's, or killed: whatever listens there now is another program
        place = urlsplit(found.address)
        socket.create_connection((place.hostname, place.port), timeout=0.5).close()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found


def publish(address: str) -> bool:
    """Write this process's notice atomically, so that nobody reads half of it; return whether it was written.

    It is not if this lab already has another engine: if the process that starts an engine is killed before that engine
    is ready, the next process cannot know of it and starts a second one.
    """
    try:
        with FileLock(lab_folder() / "engine.notice.lock", timeout=_LONGEST_WAIT):
            other = read()
            if other is not None and other.pid != os.getpid():
                return False
            half = lab_folder() / f"engine.{os.getpid()}"
            notice = Notice(address, os.getpid(), version(), settings_here(with_defaults=True), _lab(), _place())
            half.write_text(json.dumps(asdict(notice)), encoding="utf-8")
            half.replace(_file())
            return True
    except Timeout:
        return False  # another engine holds the lock, which takes milliseconds unless it hangs


def withdraw() -> None:
    """Remove our notice, so that the next job starts another engine; another engine's notice stays."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        if json.loads(_file().read_text(encoding="utf-8"))["pid"] == os.getpid():
            _file().unlink()


def _file() -> Path:
    return lab_place() / "engine.json"


def _lab() -> str | None:
    """What identifies this lab's folder among all others: device and inode, or None if it has none."""
    about = os.stat(lab_place())
    return f"{about.st_dev}:{about.st_ino}" if about.st_ino else None


def _place() -> str:
    return str(lab_place().resolve())

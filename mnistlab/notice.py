"""The notice of the local engine, engine.json: where it listens, from which version it was started, with what settings.

An engine outlives those who started it, so that who finds one must be able to tell whether it is the one they mean.
In a copy of a lab lies the notice of the first one's engine, whose runs are not the copy's.
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

import mnistlab
from mnistlab.cores import THREADS_VARIABLE, WORKERS_VARIABLE, num_workers, threads_each
from mnistlab.paths import lab_folder, lab_place, seconds_setting, setting

_CHECKPOINT_VARIABLE = "MNISTLAB_CHECKPOINT"
_SOURCES = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Notice:
    """What an engine tells of itself; of one from before it told more, address and process alone."""

    address: str
    pid: int
    version: str | None = None
    settings: dict[str, float | None] = field(default_factory=dict)
    lab: str | None = None  # what tells its lab's folder from others, wherever that is moved; None if not known
    place: str | None = None  # where that was

    @property
    def is_of_our_lab(self) -> bool:
        """Whether its lab is ours: the same folder, or the same path, which two mounts may show as two folders."""
        here = _lab()
        return None in (self.lab, here) or self.lab == here or self.place == _place()

    @property
    def is_of_our_version(self) -> bool:
        """Whether it was started from the sources that this process runs, or would start a new one from."""
        return self.version == version() or self.version == _version_on_disk()

    def differences(self, with_defaults: bool = False) -> list[str]:
        """Settings that are otherwise here, in words: "MNISTLAB_WORKERS is 2 here, and 1 there".

        Raises:
            ConfigError: a setting is none.
        """
        return [
            f"{name} is {_shown(value)} here, and {_shown(self.settings.get(name))} there"
            for name, value in settings_here(with_defaults).items()
            if value != self.settings.get(name)
        ]


def settings_here(with_defaults: bool = False) -> dict[str, float | None]:
    """What an engine's workers take from the environment when they start, as it is in this process.

    Args:
        with_defaults: also what is not set here, else whoever sets nothing takes an engine as it is: a terminal beside
            a server must not undo the server's settings.

    Raises:
        ConfigError: a setting is none.
    """
    readers: dict[str, Callable[[], float | None]] = {
        WORKERS_VARIABLE: num_workers,
        THREADS_VARIABLE: threads_each,
        _CHECKPOINT_VARIABLE: _checkpoint_seconds,
    }
    return {name: read() for name, read in readers.items() if with_defaults or setting(name)}


def _checkpoint_seconds() -> float | None:
    """None where it is not set: the default is the recorder's own, and importing that takes seconds."""
    return seconds_setting(_CHECKPOINT_VARIABLE, 0) if setting(_CHECKPOINT_VARIABLE) else None


def _shown(value: float | None) -> str:
    return "not set" if value is None else f"{value:g}"


@lru_cache(maxsize=1)
def version() -> str:
    """What the sources were when this process first asked: the package's version and a digest, such as 0.1.0+3f2a."""
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
            return None  # it is of another lab, or was killed; whoever listens there now is somebody else
        place = urlsplit(found.address)
        socket.create_connection((place.hostname, place.port), timeout=0.5).close()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found


def publish(address: str) -> bool:
    """Write this process's notice in one piece, so that nobody reads half of it; tell whether it was done.

    It is not where another engine of this lab is there already: whoever started one of the two was killed before that
    was ready, and who came next could not know of it.
    """
    other = read()
    if other is not None and other.pid != os.getpid():
        return False
    half = lab_folder() / f"engine.{os.getpid()}"
    notice = Notice(address, os.getpid(), version(), settings_here(with_defaults=True), _lab(), _place())
    half.write_text(json.dumps(asdict(notice)), encoding="utf-8")
    half.replace(_file())
    return True


def withdraw() -> None:
    """Remove our notice, so that the next job starts another engine; what another one published stays."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        if json.loads(_file().read_text(encoding="utf-8"))["pid"] == os.getpid():
            _file().unlink()


def _file() -> Path:
    return lab_place() / "engine.json"


def _lab() -> str | None:
    """What tells this lab's folder from all others that are there: device and inode, as long as it has some."""
    about = os.stat(lab_place())
    return f"{about.st_dev}:{about.st_ino}" if about.st_ino else None


def _place() -> str:
    return str(lab_place().resolve())

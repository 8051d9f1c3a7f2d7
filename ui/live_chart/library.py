"""Plotly's JavaScript in the folder that Streamlit serves as `/app/static`; not from a CDN, not in git."""

import functools
import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import plotly

from mnistlab.paths import PROJECT

STATIC = PROJECT / "static"
PLOTLY_VERSION: str = plotly.__version__


@functools.cache
def ensure_plotly(folder: Path = STATIC) -> Path:
    """Copy plotly.min.js from the plotly package into `folder`, unless it is there; return its path.

    Safe while other processes and threads do the same: each writes its own file and moves it into place.
    """
    source, target = _packaged_plotly(), folder / "plotly.min.js"
    if not _same_size(source, target):
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / f"plotly.min.js.{os.getpid()}.{threading.get_ident()}.tmp"
        shutil.copyfile(source, copy)
        with suppress(OSError):  # a mounted folder may refuse it
            copy.chmod(0o644)  # other users may serve it too, whatever the umask of the first
        _move_into_place(copy, target)
    return target


def _packaged_plotly() -> Path:
    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def _same_size(source: Path, target: Path) -> bool:
    return os.access(target, os.R_OK) and target.stat().st_size == source.stat().st_size


def _move_into_place(copy: Path, target: Path) -> None:
    try:
        os.replace(copy, target)
    except PermissionError:
        # Windows refuses to replace a file that is being read: another process has just put it there.
        if not _same_size(copy, target):
            raise
        copy.unlink()

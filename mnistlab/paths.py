"""Where things are on disk: the only module that knows folders.

The lab folder holds what a lab collects: the database, downloaded data sets, the engine's address and log.
"""

import math
import os
from pathlib import Path

from mnistlab.errors import ConfigError, StoreError

PROJECT = Path(__file__).resolve().parent.parent
BUNDLED_MNIST = Path(__file__).resolve().parent / "mnist"
UNPACKED_MNIST = BUNDLED_MNIST / "__unpacked__"  # a cache: may be deleted at any time
BUILTIN_MODELS = Path(__file__).resolve().parent / "builtin"
BASELINE_TABLE = Path(__file__).resolve().parent / "baselines.json"

_SQLITE_FILE = "sqlite:///"  # how the URL of a database file begins


def setting(name: str) -> str:
    """An environment variable; "" if it is not set, or blank."""
    return os.environ.get(name, "").strip()


def lab_place() -> Path:
    """The path of this lab's folder, which may not exist: MNISTLAB_LAB, or `lab/` in the project.

    For readers, which must not create it: an empty folder would be in the way of one that is moved back there.
    """
    return Path(os.path.expanduser(setting("MNISTLAB_LAB") or PROJECT / "lab")).absolute()


def lab_folder() -> Path:
    """The folder of this lab, made if missing.

    Raises:
        StoreError: it cannot be made.
    """
    folder = lab_place()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The lab folder {folder} cannot be made: {error.strerror}. Choose another one with MNISTLAB_LAB."
        ) from error
    return folder


def database_url() -> str:
    """The URL of the database: MNISTLAB_DB, or an SQLite file in the lab folder; a file's has its absolute path.

    Raises:
        StoreError: the path cannot be written in a URL.
    """
    url = setting("MNISTLAB_DB")
    if not url:
        return f"{_SQLITE_FILE}{_in_address(lab_folder() / 'lab.sqlite')}"
    kind, mark, path = url.partition(":///")
    # What begins with "file:" is one of SQLite's own URIs, with parameters after the path.
    is_path = kind.partition("+")[0] == "sqlite" and path not in ("", ":memory:") and not path.startswith("file:")
    if not is_path:
        return url
    whole = Path(path) if Path(path).is_absolute() else Path(_in_address(Path.cwd()), path)
    return f"{kind}{mark}{whole}"


def _in_address(path: Path) -> str:
    """A path as SQLAlchemy expects it in a URL: a ? ends it there, and from SQLAlchemy 2.1 on %41 is an A.

    Raises:
        StoreError: it contains a ?, which cannot be escaped for an older SQLAlchemy.
    """
    written = str(path)
    if "%" not in written and "?" not in written:
        return written
    from sqlalchemy import make_url  # takes 0.2 s to import, needed only here

    if make_url(f"{_SQLITE_FILE}%25").database == "%":
        return written.replace("%", "%25").replace("?", "%3F")
    if "?" in written:
        raise StoreError(
            f"{written} has a ? in its path, which SQLAlchemy takes only from version 2.1 on. Choose another lab "
            "folder with MNISTLAB_LAB, or update SQLAlchemy."
        )
    return written


def lab_environment() -> dict[str, str]:
    """The environment for a process that is started in another folder and belongs to this lab."""
    found = {**os.environ, "MNISTLAB_LAB": str(lab_folder()), "MNISTLAB_DB": database_url()}
    found.pop("PYTHONSAFEPATH", None)  # it is started in our folder, to find mnistlab there
    return found


def count_setting(name: str, default: int) -> int:
    """A number of things from the environment, at least 1.

    Raises:
        ConfigError: it is not a whole number, or below 1.
    """
    given = setting(name) or str(default)
    if not given.isdecimal() or int(given) < 1:
        raise ConfigError(f"{name} is {given!r}; it must be a whole number, 1 or more, such as {default}.")
    return int(given)


def seconds_setting(name: str, default: float) -> float:
    """A number of seconds from the environment.

    Raises:
        ConfigError: it is not a number, or below 0.
    """
    given = setting(name) or str(default)
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < math.inf:
        raise ConfigError(f"{name} is {given!r}; it must be a number of seconds, such as {default:g}.")
    return seconds


def span_setting(name: str, default: str) -> str:
    """A length of time from the environment, as Dask reads it: "15 minutes".

    Raises:
        ConfigError: it is not one.
    """
    from dask.utils import parse_timedelta

    given = setting(name) or default
    try:
        parse_timedelta(given)
    except (ValueError, LookupError, OverflowError) as error:  # Dask names each of its forty units
        raise ConfigError(
            f"{name} is {given!r}; it must be a number with a unit, seconds, minutes or hours, such as {default!r}."
        ) from error
    return given

"""Where a lab lies, for this process and for those that it starts in another folder."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy
from sqlalchemy import make_url

from mnistlab import downloads, engine_log, notice, offers, worker
from mnistlab.errors import ConfigError, StoreError
from mnistlab.paths import PROJECT, database_url, lab_environment, lab_folder, span_setting
from tests.systems import needs_posix


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the user stands in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MNISTLAB_DB", raising=False)
    return tmp_path


def test_a_lab_named_from_here_is_the_same_for_a_process_elsewhere(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_LAB", "class")
    monkeypatch.setenv("MNISTLAB_DB", "sqlite:///figures.sqlite")
    told = lab_environment()
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    for name in ("MNISTLAB_LAB", "MNISTLAB_DB"):
        monkeypatch.setenv(name, told[name])
    assert lab_folder() == here / "class"
    assert database_url() == f"sqlite:///{here / 'figures.sqlite'}"
    assert {**told, "PWD": ""} == {**os.environ, "PWD": ""}


def test_a_process_that_starts_in_our_folder_may_import_from_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    assert "PYTHONSAFEPATH" not in lab_environment()


def test_the_database_lies_in_the_lab_where_nothing_else_is_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_LAB", "class")
    assert database_url() == f"sqlite:///{here / 'class' / 'lab.sqlite'}"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://lab:secret@box/lab",
        pytest.param("sqlite:////srv/lab.sqlite", marks=needs_posix),  # no whole path on Windows
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:/srv/lab.sqlite?mode=ro&uri=true",
    ],
)
def test_an_address_that_depends_on_no_folder_stays(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_DB", url)
    assert database_url() == url


def test_a_file_that_is_named_with_its_driver_is_the_same_elsewhere(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTLAB_DB", "sqlite+pysqlite:///figures.sqlite")
    assert database_url() == f"sqlite+pysqlite:///{here / 'figures.sqlite'}"


@pytest.mark.parametrize("given", ["x", "5 lessons", "-3 s", "inf"])
def test_a_length_of_time_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("MNISTLAB_ENGINE_IDLE", given)
    with pytest.raises(ConfigError, match=f"MNISTLAB_ENGINE_IDLE is '{given}'; it must be a number with a unit"):
        span_setting("MNISTLAB_ENGINE_IDLE", "15 minutes")


@pytest.mark.parametrize("given", ["20 seconds", "1.5 h", "500ms", "90"])
def test_a_length_of_time_is_passed_on(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("MNISTLAB_ENGINE_IDLE", given)
    assert span_setting("MNISTLAB_ENGINE_IDLE", "15 minutes") == given


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_address_is_as_good_as_none(here: Path, monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    """As `MNISTLAB_DB= streamlit run app.py` gives it, or a line of a settings file that was left open."""
    for name in ("LAB", "DB", "SCHEDULER"):
        monkeypatch.setenv(f"MNISTLAB_{name}", empty)
    assert lab_folder() == PROJECT / "lab"
    assert database_url() == f"sqlite:///{PROJECT / 'lab' / 'lab.sqlite'}"
    assert not offers.in_a_lab()


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_setting_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    before = notice.settings_here(with_defaults=True)
    for name in ("WORKERS", "THREADS", "CHECKPOINT", "ENGINE_IDLE"):
        monkeypatch.setenv(f"MNISTLAB_{name}", empty)
    assert notice.settings_here(with_defaults=True) == before
    assert notice.settings_here() == {}  # an engine is taken as it is
    assert span_setting("MNISTLAB_ENGINE_IDLE", "15 minutes") == "15 minutes"
    worker.use_own_threads()


_READS_ESCAPES = make_url("sqlite:///%25").database == "%"  # SQLAlchemy from 2.1 on


@needs_posix  # Windows has no ? in names
@pytest.mark.parametrize(
    "name",
    ["50%41", "a b \N{LATIN SMALL LETTER U WITH DIAERESIS} # & 'q' +;", *(["what?mode=ro"] if _READS_ESCAPES else [])],
)
def test_a_folder_may_be_called_anything(here: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_LAB", name)
    found = make_url(database_url())
    assert found.database == str(here / name / "lab.sqlite")
    assert not found.query


def test_a_file_named_from_here_is_found_whatever_here_is_called(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = here / "50%41"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MNISTLAB_DB", "sqlite:///figures.sqlite")
    assert make_url(database_url()).database == str(folder / "figures.sqlite")


def test_an_older_sqlalchemy_is_told_from_a_newer_one(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlalchemy, "make_url", lambda address: SimpleNamespace(database=address[len("sqlite:///") :]))
    monkeypatch.setenv("MNISTLAB_LAB", "50%41")
    assert database_url() == f"sqlite:///{here / '50%41' / 'lab.sqlite'}"
    monkeypatch.setenv("MNISTLAB_LAB", "what?now")
    with pytest.raises(StoreError, match=r"SQLAlchemy takes only from version 2\.1 on"):
        database_url()


def test_a_tilde_is_the_home_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(here))
    monkeypatch.setenv("MNISTLAB_LAB", str(Path("~", "class")))
    assert lab_folder() == here / "class"


def test_who_looks_for_an_engine_or_a_data_set_makes_no_lab(lab: Path) -> None:
    """A lab that was moved away while a server runs would, moved back, come to lie in an empty one."""
    assert notice.read() is None
    assert engine_log.last_words() == "(empty)"
    assert not downloads.is_downloaded("qmnist")
    notice.withdraw()
    assert not lab.exists()

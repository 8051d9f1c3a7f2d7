"""Databases: opened, brought up to date, and told of where they are not to be used."""

import re
import sqlite3
import traceback
from pathlib import Path

import pytest
import sqlalchemy as sa

from mnistlab import schema, steering
from mnistlab.errors import MnistLabError, StoreError
from mnistlab.store import Store
from tests.reports import CONFIG


def test_the_database_lies_in_the_lab(lab: Path) -> None:
    Store()
    assert (lab / "lab.sqlite").is_file()


def test_the_environment_chooses_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTLAB_DB", f"sqlite:///{tmp_path / 'other.sqlite'}")
    Store()
    assert (tmp_path / "other.sqlite").is_file()


def test_a_newer_schema_is_refused(store: Store) -> None:
    with store._engine.begin() as connection:
        connection.execute(schema.meta.update().values(schema_version=schema.SCHEMA_VERSION + 1))
    with pytest.raises(StoreError, match=r"written by a newer mnistlab \(schema 5; this one knows 4\).*Update"):
        Store(store.url)


# The tables as the first schema made them, with one run in them.
FIRST_SCHEMA = """
CREATE TABLE meta (schema_version INTEGER NOT NULL);
INSERT INTO meta VALUES (1);
CREATE TABLE runs (id VARCHAR(8) NOT NULL PRIMARY KEY, preset VARCHAR(40) NOT NULL, config TEXT NOT NULL,
    state VARCHAR(10) NOT NULL, control VARCHAR(10), attempt INTEGER NOT NULL, created FLOAT NOT NULL, started FLOAT,
    heartbeat FLOAT, finished FLOAT, worker VARCHAR(200), step INTEGER NOT NULL, num_steps INTEGER,
    epoch FLOAT NOT NULL, images_per_second FLOAT, seconds FLOAT NOT NULL, error TEXT, result TEXT);
CREATE TABLE losses (run_id VARCHAR(8) NOT NULL, first_step INTEGER NOT NULL, last_step INTEGER NOT NULL,
    accuracy FLOAT NOT NULL, learning_rate FLOAT NOT NULL, "values" BLOB NOT NULL, PRIMARY KEY (run_id, first_step));
CREATE TABLE epochs (run_id VARCHAR(8) NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, figures TEXT NOT NULL,
    PRIMARY KEY (run_id, epoch));
CREATE TABLE weights (run_id VARCHAR(8) NOT NULL, kind VARCHAR(10) NOT NULL, step INTEGER NOT NULL,
    content BLOB NOT NULL, PRIMARY KEY (run_id, kind));
INSERT INTO losses VALUES ('abcdefgh', 1, 1, 0.5, 0.1, X'00000040');
"""


def test_a_database_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "first.sqlite"
    with sqlite3.connect(path) as old:
        old.executescript(FIRST_SCHEMA)
        row = ("abcdefgh", "custom", CONFIG.model_dump_json(), "stopped", 1, 5.0, 1, 0.2, 1.0)
        columns = "id, preset, config, state, attempt, created, step, epoch, seconds"
        old.execute(f"INSERT INTO runs ({columns}) VALUES ({', '.join('?' * len(row))})", row)
    old.close()
    for _ in range(2):
        store = Store(f"sqlite:///{path}")
        run, curve = store.run("abcdefgh"), store.curve("abcdefgh")
        assert (run.config, run.state, run.owner, run.rate_changes) == (CONFIG, "stopped", None, ())
        assert (curve.losses.tolist(), curve.probes) == ([2.0], (None,))
    indexes = {index["name"] for index in sa.inspect(store._engine).get_indexes("runs")}
    assert indexes >= {index.name for index in schema.runs.indexes}
    steering.requeue("abcdefgh", store)
    assert store.claim("abcdefgh", "host:1") == 3


def test_a_database_is_opened_again_as_it_was(store: Store) -> None:
    run_id = store.create(CONFIG)
    assert Store(store.url).run(run_id).config == CONFIG
    with store._engine.begin() as connection:
        assert connection.scalars(sa.select(schema.meta.c.schema_version)).all() == [schema.SCHEMA_VERSION]


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "garbage.sqlite"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreError, match=r"garbage\.sqlite cannot be opened: file is not a database"):
        Store(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"this is not")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be opened: unable to open database file\. Its folder must exist"):
        Store(f"sqlite:///{tmp_path / 'missing' / 'lab.sqlite'}")


def test_a_file_is_told_by_its_name_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "\N{LATIN SMALL LETTER U WITH DIAERESIS} & co" / "lab.sqlite"
    with pytest.raises(StoreError, match=re.escape(f"The database sqlite:///{path} cannot be opened")):
        Store(f"sqlite:///{path}")


def test_a_lab_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("MNISTLAB_LAB", str(tmp_path / "a file" / "lab"))
    with pytest.raises(MnistLabError, match=r"lab folder .*a file.* cannot be made: .*MNISTLAB_LAB"):
        Store()


def test_a_damaged_database_is_told(store: Store, tmp_path: Path) -> None:
    run_id = store.create(CONFIG)
    with store._engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE losses"))
    with pytest.raises(StoreError, match="The database could not be used: no such table: losses"):
        store.curve(run_id)


def test_a_locked_database_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone else writes for longer than we wait."""
    impatient = sa.create_engine(store.url, connect_args={"timeout": 0.05})
    monkeypatch.setattr(store, "_engine", impatient)
    other = sqlite3.connect(store.url.removeprefix("sqlite:///"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="database is locked"):
        store.create(CONFIG)
    other.close()
    impatient.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "nosuchdialect://host/db",
        "postgresql+nosuchdriver://teacher:secret@localhost/lab",
        "postgresql+psycopg://teacher:secret@127.0.0.1:1/lab",
        "postgresql+psycopg://teacher:secret@localhost:notaport/lab",
        "postgresql+psycopg://localhost:1/lab?user=teacher&password=secret",
        "://teacher:secret@localhost/lab",
        "postgresql+psycopg://teacher:secret/with/slashes@localhost/lab",
    ],
)
def test_a_database_that_cannot_be_opened_is_told_without_its_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(url)
    told = str(caught.value)
    assert told.startswith("The database")
    assert "\n" not in told
    assert "secret" not in "".join(traceback.format_exception(caught.value))

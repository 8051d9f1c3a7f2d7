"""The tables of the store, and the opening of its database: SQLite on a laptop, PostgreSQL in a lab."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateColumn

from mnistlab.errors import StoreError

SCHEMA_VERSION = 4
_PATIENCE = 5  # seconds to wait for another process that writes to the same SQLite file

# Of an SQLite file.
_SAID_OF_NO_ACCESS = ("unable to open", "attempt to write a readonly")
_NO_ACCESS = (
    ". Its folder must exist, and you must be allowed to write into it and into the file; a full path may have at "
    "most about 500 characters. Correct that, or choose another lab folder with MNISTLAB_LAB, or another database "
    "with MNISTLAB_DB."
)

metadata = sa.MetaData()

meta = sa.Table("meta", metadata, sa.Column("schema_version", sa.Integer, nullable=False))

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(8), primary_key=True),
    sa.Column("preset", sa.String(40), nullable=False),
    sa.Column("config", sa.Text, nullable=False),  # RunConfig as JSON
    sa.Column("planned_epochs", sa.Integer),  # how many were planned at first, if it was given more
    sa.Column("state", sa.String(10), nullable=False, index=True),
    sa.Column("control", sa.String(10)),  # what the worker is asked to do: stop
    sa.Column("pause_at", sa.Integer),  # the step after which it waits, until this is empty again
    sa.Column("wanted_rate", sa.Float),  # a learning rate asked for and not used yet
    sa.Column("rate_changes", sa.Text),  # JSON [[step, rate], ...]: the step after which each was used
    sa.Column("attempt", sa.Integer, nullable=False),  # raised by each claim; only the newest may write
    sa.Column("created", sa.Float, nullable=False, index=True),  # all times: seconds since 1970
    sa.Column("started", sa.Float),
    sa.Column("heartbeat", sa.Float),
    sa.Column("finished", sa.Float),
    sa.Column("deleted", sa.Float),  # hidden since then, and can be brought back
    sa.Column("name", sa.String(80)),  # what a person calls it,
    sa.Column("note", sa.Text),  # has written about it
    sa.Column("is_starred", sa.Boolean),  # and wants to find again
    sa.Column("sweep", sa.String(8), index=True),  # the sweep that it is a trial of,
    sa.Column("trial", sa.Integer),  # and its number there: 0, 1, ...
    sa.Column("owner", sa.String(80)),  # the browser it came from: the queue is fair between these
    sa.Column("ticket", sa.String(120)),  # the engine's task that holds it
    sa.Column("claimed_step", sa.Integer),  # the checkpoint after which its worker died,
    sa.Column("deaths", sa.Integer),  # and how often in a row it did
    sa.Column("worker", sa.String(200)),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("num_steps", sa.Integer),
    sa.Column("epoch", sa.Float, nullable=False),
    sa.Column("images_per_second", sa.Float),
    sa.Column("seconds", sa.Float, nullable=False),  # in the training loop
    sa.Column("error", sa.Text),
    sa.Column("result", sa.Text),  # JSON
)

# A report's losses are one row of float32 bytes: 30,000 steps are some 100 rows instead of 30,000.
losses = sa.Table(
    "losses",
    metadata,
    sa.Column("run_id", sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("first_step", sa.Integer, primary_key=True),
    sa.Column("last_step", sa.Integer, nullable=False),
    sa.Column("accuracy", sa.Float, nullable=False),
    sa.Column("learning_rate", sa.Float, nullable=False),
    sa.Column("values", sa.LargeBinary, nullable=False),
    sa.Column("probes", sa.Text),  # Probes as JSON: what the network looked like inside at the last of these steps
)

epochs = sa.Table(
    "epochs",
    metadata,
    sa.Column("run_id", sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("figures", sa.Text, nullable=False),  # EpochEnded as JSON
)

weights = sa.Table(
    "weights",
    metadata,
    sa.Column("run_id", sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("kind", sa.String(20), primary_key=True),  # last, checkpoint, answers ...: see store.weights
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),  # safetensors
)

sweeps = sa.Table(
    "sweeps",
    metadata,
    sa.Column("id", sa.String(8), primary_key=True),
    sa.Column("config", sa.Text, nullable=False),  # SweepConfig as JSON
    sa.Column("owner", sa.String(80)),
    sa.Column("created", sa.Float, nullable=False, index=True),
)


def open_database(url: str) -> sa.Engine:
    """Connect, make the tables if they are missing and check the schema's version.

    Raises:
        StoreError: the address is wrong, the database cannot be opened, or a newer mnistlab wrote it.
    """
    shown = _without_password(url)
    try:
        is_file = url.startswith("sqlite")  # has no connection to lose, so needs no ping
        engine = sa.create_engine(
            url, connect_args={"timeout": _PATIENCE} if is_file else {}, pool_pre_ping=not is_file
        )
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _tune_sqlite)
        try:
            version = _prepare(engine)
        except SQLAlchemyError:  # another process was making the same tables just then
            version = _prepare(engine)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        reason = reason_of(error)
        raise StoreError(f"The database {shown} cannot be opened: {reason}{access_advice(reason)}") from error
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The database {shown} was written by a newer mnistlab (schema {version}; this one knows "
            f"{SCHEMA_VERSION}). Update mnistlab, or choose another database with MNISTLAB_DB."
        )
    return engine


def access_advice(reason: str) -> str:
    """What to do if this reason of SQLite's means that it may not access its file; else an empty text."""
    return _NO_ACCESS if reason.startswith(_SAID_OF_NO_ACCESS) else ""


def reason_of(error: Exception) -> str:
    """The first line of the database's own error message, without SQLAlchemy's."""
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0]


def _prepare(engine: sa.Engine) -> int:
    """Make what is missing, bring an older database up to date and return the version found."""
    with engine.begin() as connection:
        version: int | None = None
        if sa.inspect(connection).has_table(meta.name):
            version = connection.scalar(sa.select(meta.c.schema_version))
        if version is not None and version > SCHEMA_VERSION:
            return version
        metadata.create_all(connection)
        if version is None:
            connection.execute(meta.insert().values(schema_version=SCHEMA_VERSION))
        elif version < SCHEMA_VERSION:
            _bring_up_to_date(connection)
    return SCHEMA_VERSION


def _bring_up_to_date(connection: sa.Connection) -> None:
    """Add the columns and indexes that an older schema lacks; new columns are nullable, so its rows stay valid."""
    for table in (runs, losses):
        there = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                described = CreateColumn(column).compile(dialect=connection.dialect)
                connection.execute(sa.text(f"ALTER TABLE {table.name} ADD COLUMN {described}"))
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    if connection.dialect.name == "postgresql":  # SQLite does not enforce a text's length
        connection.execute(sa.text("ALTER TABLE weights ALTER COLUMN kind TYPE VARCHAR(20)"))
    connection.execute(meta.update().values(schema_version=SCHEMA_VERSION))


def _tune_sqlite(connection: Any, _record: Any) -> None:
    """Let readers and a writer work at once, and enforce foreign keys."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _without_password(url: str) -> str:
    """The address without its password, which may also be in the query, to be shown."""
    try:
        read = sa.make_url(url)
        if read.get_backend_name() == "sqlite" and read.database:
            return f"{read.drivername}:///{read.database}"  # the file's name as it is on the disk
        return read.set(query={}).render_as_string(hide_password=True)
    except (SQLAlchemyError, ValueError):
        # Neither the address nor the reason is quoted, since any part of them may be the password.
        raise StoreError(
            "The database's address cannot be read. Write it in MNISTLAB_DB as sqlite:////folder/lab.sqlite or "
            "postgresql+psycopg://user:password@host/lab, with / : @ in a password as %2F %3A %40."
        ) from None

"""The store: every run with its state, metrics and weights, in one database. Pages and workers meet only here.

store = Store()
run_id = store.create(config)
attempt = store.claim(run_id, "host:123")       # a worker takes the run; older attempts can write no more
store.log(run_id, attempt, ...)                  # heartbeat, metrics and weights in one transaction
store.run(run_id).state                          # queued, running, lost, finished, stopped or failed
"""

import json
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from mnistlab import schema
from mnistlab.config import RunConfig
from mnistlab.errors import RunNotFoundError, StoreError
from mnistlab.events import EpochEnded, StepsTaken
from mnistlab.paths import database_url
from mnistlab.runs import Curve, Run, run_from_row

# Without the letters and digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_RUN_ID = re.compile(f"[{_ALPHABET}]{{8}}")


def is_run_id(text: object) -> bool:
    """Whether this could be a run's id; anything else never reaches the database."""
    return isinstance(text, str) and _RUN_ID.fullmatch(text) is not None


def _check_id(run_id: object) -> None:
    if not is_run_id(run_id):
        raise RunNotFoundError(f"{run_id!r} is not a run's id, which has eight letters or digits.")


class Store:
    """A database of runs; safe to share between threads."""

    def __init__(self, url: str | None = None) -> None:
        """Open the database at `url` (default: MNISTLAB_DB, or an SQLite file in the lab folder).

        Raises:
            StoreError: it cannot be opened, or a newer mnistlab wrote it.
        """
        self.url = url or database_url()
        self._engine = schema.open_database(self.url)

    def create(self, config: RunConfig) -> str:
        """Keep a new run, queued, and return its id."""
        run_id = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        row = {
            "id": run_id,
            "preset": config.preset,
            "config": config.model_dump_json(),
            "state": "queued",
            "attempt": 0,
            "created": time.time(),
            "step": 0,
            "epoch": 0.0,
            "seconds": 0.0,
        }
        with self._transaction() as connection:
            connection.execute(schema.runs.insert().values(row))
        return run_id

    def run(self, run_id: str) -> Run:
        """The run as it is now.

        Raises:
            RunNotFoundError: no run has this id.
        """
        _check_id(run_id)
        with self._transaction() as connection:
            row = connection.execute(sa.select(schema.runs).where(schema.runs.c.id == run_id)).mappings().first()
        if row is None:
            raise RunNotFoundError(f"There is no run {run_id!r} in this store. `python -m mnistlab runs` lists them.")
        return run_from_row(row)

    def runs(self, limit: int = 500, states: Sequence[str] | None = None) -> list[Run]:
        """The newest runs first; `states` keeps those whose stored state is one of these."""
        query = sa.select(schema.runs).order_by(schema.runs.c.created.desc()).limit(limit)
        if states is not None:
            query = query.where(schema.runs.c.state.in_(states))
        with self._transaction() as connection:
            return [run_from_row(row) for row in connection.execute(query).mappings()]

    def claim(self, run_id: str, worker: str) -> int | None:
        """Take a queued or interrupted run and return the attempt to write with; None if it is over already.

        What a former attempt reported after its last checkpoint is removed: it will be reported again.
        """
        runs = schema.runs
        with self._transaction() as connection:
            claimed = connection.execute(
                runs.update()
                .where(runs.c.id == run_id, runs.c.state.in_(("queued", "running")))
                .values(
                    attempt=runs.c.attempt + 1,
                    state="running",
                    worker=worker,
                    started=sa.func.coalesce(runs.c.started, time.time()),
                    heartbeat=time.time(),
                    error=None,
                )
            )
            if claimed.rowcount == 0:
                return None
            self._rewind(connection, run_id)
            attempt = connection.scalar(sa.select(runs.c.attempt).where(runs.c.id == run_id))
        return attempt

    def _rewind(self, connection: sa.Connection, run_id: str) -> None:
        runs, weights = schema.runs, schema.weights
        query = sa.select(weights.c.step).where(weights.c.run_id == run_id, weights.c.kind == "checkpoint")
        step = connection.scalar(query) or 0
        for table, column in ((schema.losses, schema.losses.c.last_step), (schema.epochs, schema.epochs.c.step)):
            connection.execute(table.delete().where(table.c.run_id == run_id, column > step))
        # An epoch is a fixed number of steps. Weights kept before the first report take their step from here.
        back = {"epoch": runs.c.epoch * step / runs.c.step, "step": step}
        connection.execute(runs.update().where(runs.c.id == run_id, runs.c.step > step).values(back))

    def log(
        self,
        run_id: str,
        attempt: int,
        steps: Sequence[StepsTaken] = (),
        epochs: Sequence[EpochEnded] = (),
        weights: dict[str, bytes] | None = None,
        num_steps: int | None = None,
    ) -> str | None:
        """Write a heartbeat and whatever is new, in one transaction.

        Args:
            weights: safetensors bytes by kind (last, checkpoint), as of the last step in `steps` or before.

        Returns:
            What the worker is asked to do: None, "stop", or "leave" when the run belongs to another attempt now.
        """
        values: dict[str, Any] = {"heartbeat": time.time()}
        if num_steps is not None:
            values["num_steps"] = num_steps
        if steps:
            last = steps[-1]
            values |= {"step": last.step, "epoch": last.epoch, "seconds": last.seconds}
            values["images_per_second"] = last.images_per_second
        with self._transaction() as connection:
            if not self._write_own(connection, run_id, attempt, values):
                return "leave"
            self._insert_metrics(connection, run_id, steps, epochs)
            step = connection.scalar(sa.select(schema.runs.c.step).where(schema.runs.c.id == run_id)) or 0
            for kind, content in (weights or {}).items():
                self._replace_weights(connection, run_id, kind, step, content)
            control: str | None = connection.scalar(sa.select(schema.runs.c.control).where(schema.runs.c.id == run_id))
        return control

    def finish(
        self,
        run_id: str,
        attempt: int,
        state: str,
        result: dict[str, Any] | None = None,
        error: str | None = None,
    ) -> None:
        """Close the run as finished, stopped or failed, if it still belongs to this attempt."""
        values = {
            "state": state,
            "control": None,
            "finished": time.time(),
            "result": json.dumps(result) if result else None,
            "error": error,
        }
        with self._transaction() as connection:
            self._write_own(connection, run_id, attempt, values)

    def request_stop(self, run_id: str) -> None:
        """Ask a running run to stop; a queued or lost one is stopped at once, for nobody would read the request.

        Raises:
            RunNotFoundError: no run has this id.
        """
        run = self.run(run_id)
        if not run.is_active:
            return
        values: dict[str, Any] = {"control": "stop"}
        if run.state in ("queued", "lost"):
            # The next attempt is nobody's: an engine that still holds the run finds it is over.
            values = {"state": "stopped", "finished": time.time(), "attempt": schema.runs.c.attempt + 1}
        with self._transaction() as connection:
            connection.execute(schema.runs.update().where(schema.runs.c.id == run_id).values(values))

    def requeue(self, run_id: str) -> None:
        """Queue a stopped, failed or lost run again; it will go on from its last checkpoint.

        Raises:
            RunNotFoundError: no run has this id.
        """
        if self.run(run_id).state not in ("stopped", "failed", "lost"):
            return
        values = {"state": "queued", "control": None, "error": None, "finished": None}
        with self._transaction() as connection:
            connection.execute(schema.runs.update().where(schema.runs.c.id == run_id).values(values))

    def weights(self, run_id: str, kind: str = "last") -> bytes:
        """A run's safetensors bytes: `last`, the model alone, or `checkpoint`, all that is needed to go on.

        Raises:
            RunNotFoundError: no run has this id, or it has kept none yet.
        """
        self.run(run_id)
        weights = schema.weights
        query = sa.select(weights.c.content).where(weights.c.run_id == run_id, weights.c.kind == kind)
        with self._transaction() as connection:
            content: bytes | None = connection.scalar(query)
        if content is None:
            raise RunNotFoundError(f"The run {run_id!r} has not kept any weights yet: they come with its first epoch.")
        return content

    def curve(self, run_id: str, after_step: int = 0) -> Curve:
        """The losses of the steps after `after_step`, and how many were read correctly."""
        _check_id(run_id)
        losses = schema.losses
        query = (
            sa.select(losses)
            .where(losses.c.run_id == run_id, losses.c.first_step > after_step)
            .order_by(losses.c.first_step)
        )
        with self._transaction() as connection:
            rows = connection.execute(query).mappings().all()
        return Curve.from_rows(rows)

    def epochs(self, run_id: str) -> list[EpochEnded]:
        """The figures of each epoch so far, in order."""
        _check_id(run_id)
        epochs = schema.epochs
        query = sa.select(epochs.c.figures).where(epochs.c.run_id == run_id).order_by(epochs.c.epoch)
        with self._transaction() as connection:
            return [EpochEnded(**json.loads(text)) for text in connection.scalars(query)]

    def _write_own(self, connection: sa.Connection, run_id: str, attempt: int, values: dict[str, Any]) -> bool:
        """Change the run only if it is running and belongs to this attempt: the fence against zombies."""
        runs = schema.runs
        mine = (runs.c.id == run_id) & (runs.c.attempt == attempt) & (runs.c.state == "running")
        return connection.execute(runs.update().where(mine).values(values)).rowcount == 1

    def _insert_metrics(
        self, connection: sa.Connection, run_id: str, steps: Sequence[StepsTaken], epochs: Sequence[EpochEnded]
    ) -> None:
        for report in steps:
            row = {
                "run_id": run_id,
                "first_step": report.first_step,
                "last_step": report.step,
                "accuracy": report.accuracy,
                "learning_rate": report.learning_rate,
                "values": report.losses.astype("<f4").tobytes(),
            }
            connection.execute(schema.losses.insert().values(row))
        for ended in epochs:
            row = {"run_id": run_id, "epoch": ended.epoch, "step": ended.step, "figures": json.dumps(asdict(ended))}
            # A run that goes on from the very end of an epoch tells that epoch again.
            table = schema.epochs
            connection.execute(table.delete().where(table.c.run_id == run_id, table.c.epoch == ended.epoch))
            connection.execute(table.insert().values(row))

    def _replace_weights(self, connection: sa.Connection, run_id: str, kind: str, step: int, content: bytes) -> None:
        weights = schema.weights
        connection.execute(weights.delete().where(weights.c.run_id == run_id, weights.c.kind == kind))
        connection.execute(weights.insert().values(run_id=run_id, kind=kind, step=step, content=content))

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise StoreError(
                f"The database could not be used: {reason}. Is its disk full or its file locked?"
            ) from error

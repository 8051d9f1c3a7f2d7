"""The store: every run with its state, metrics and weights, in one database. Pages and workers meet only here.

store = Store()
run_id = store.create(config)
attempt = store.claim(run_id, "host:123")       # a worker takes the run; older attempts can no longer write
store.log(run_id, attempt, ...)                  # heartbeat, metrics and weights in one transaction
store.run(run_id).state                          # queued, running, lost, finished, stopped or failed
"""

import json
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import sqlalchemy as sa

from mnistlab import schema
from mnistlab.config import RunConfig
from mnistlab.curve import Curve
from mnistlab.database import Database
from mnistlab.errors import RunNotFoundError
from mnistlab.events import EpochEnded, StepsTaken
from mnistlab.ids import is_run_id, new_id
from mnistlab.rows import change_run, insert_metrics, insert_run, progress, replace_weights, rewind, weights_step
from mnistlab.runs import ACTIVE, Request, Run, run_from_row, runs_from_rows

MOST_LISTED = 500  # runs listed by default
_OWN = ("running",)  # the state in which a run's worker may write
_VISIBLE = sa.select(schema.runs).where(schema.runs.c.deleted.is_(None))


def _check_id(run_id: object) -> None:
    if not is_run_id(run_id):
        raise RunNotFoundError(f"{run_id!r} is not a run's id, which has eight letters or digits.")


class Store(Database):
    """A database of runs; safe to share between threads."""

    def create(self, config: RunConfig, owner: str | None = None, state: str = "queued") -> str:
        """Store a new run and return its id.

        Args:
            owner: who asked for it; the queue is fair between owners.
            state: queued for an engine, or running for a caller that is about to claim it.
        """
        run_id = new_id()
        with self.transaction() as connection:
            insert_run(connection, run_id, config, owner, state)
        return run_id

    def run(self, run_id: str) -> Run:
        """The run as it is now.

        Raises:
            RunNotFoundError: no run has this id, or it was deleted.
        """
        _check_id(run_id)
        with self.transaction() as connection:
            row = connection.execute(sa.select(schema.runs).where(schema.runs.c.id == run_id)).mappings().first()
        if row is None:
            raise RunNotFoundError(f"There is no run {run_id!r} in this store. `python -m mnistlab runs` lists them.")
        if row["deleted"] is not None:
            raise RunNotFoundError(
                f"The run {run_id} was deleted. `python -m mnistlab restore {run_id}` brings it back."
            )
        return run_from_row(row)

    def runs(
        self,
        limit: int | None = MOST_LISTED,
        states: Sequence[str] | None = None,
        with_trials: bool | Literal["kept", "begun"] = True,
        owner: str | None = None,
    ) -> list[Run]:
        """List runs, newest first; if given, only those whose stored state is one of `states`, or of this `owner`.

        Args:
            limit: at most this many; None for all.
            with_trials: whether to include the trials of sweeps, of which there may be hundreds; "kept": only those
                with a star or a name; "begun": all but those that ended before they were given values to try.
        """
        runs = schema.runs
        wanted = {
            True: sa.true(),
            False: sa.false(),
            "kept": runs.c.is_starred | runs.c.name.is_not(None),
            "begun": runs.c.trial.is_not(None) | runs.c.state.in_(ACTIVE),
        }
        query = _VISIBLE.order_by(runs.c.created.desc()).limit(limit)
        query = query.where(runs.c.sweep.is_(None) | wanted[with_trials])
        if states is not None:
            query = query.where(runs.c.state.in_(states))
        if owner is not None:
            query = query.where(runs.c.owner == owner)
        with self.transaction() as connection:
            rows = connection.execute(query).mappings().all()
        return runs_from_rows(rows)

    def claim(self, run_id: str, worker: str, ticket: str | None = None, seen: int | None = None) -> int | None:
        """Take a queued or interrupted run and return the attempt number to write with; None if it is already over.

        What an earlier attempt reported after its last checkpoint is removed: it will be reported again.

        Args:
            ticket: the engine's task that takes it; a task that is rerun after a crash finds its run by it.
            seen: the attempt number last seen; None is returned if another worker was faster.
        """
        runs = schema.runs
        with self.transaction() as connection:
            values = {
                "attempt": runs.c.attempt + 1,
                "state": "running",
                "worker": worker,
                "ticket": ticket,
                "started": sa.func.coalesce(runs.c.started, time.time()),
                "heartbeat": time.time(),
                "error": None,
            }
            if not change_run(connection, run_id, values, ACTIVE, seen):
                return None
            rewind(connection, run_id)
            attempt = connection.scalar(sa.select(runs.c.attempt).where(runs.c.id == run_id))
        return attempt

    def log(
        self,
        run_id: str,
        attempt: int,
        steps: Sequence[StepsTaken] = (),
        epochs: Sequence[EpochEnded] = (),
        weights: dict[str, bytes] | None = None,
        num_steps: int | None = None,
        rate_changes: Sequence[tuple[int, float]] | None = None,
    ) -> Request:
        """Write a heartbeat and whatever is new, in one transaction; return what the worker is asked to do.

        Args:
            weights: safetensors bytes by kind, as of the last step in `steps` or before.
            rate_changes: [(step after which, learning rate), ...], all changes made so far.
        """
        values = {"heartbeat": time.time(), **progress(steps, num_steps, rate_changes)}
        runs = schema.runs
        with self.transaction() as connection:
            if not change_run(connection, run_id, values, _OWN, attempt):
                return Request(leave=True)
            insert_metrics(connection, run_id, steps, epochs)
            asked = sa.select(runs.c.step, runs.c.control, runs.c.pause_at, runs.c.wanted_rate)
            row = connection.execute(asked.where(runs.c.id == run_id)).one()
            for kind, content in (weights or {}).items():
                replace_weights(connection, run_id, kind, row.step, content)
            made = [rate for step, rate in rate_changes or () if step <= row.step]  # others lie ahead of a checkpoint
            is_taken_up = bool(made and row.wanted_rate == made[-1])
            if is_taken_up:
                change_run(connection, run_id, {"wanted_rate": None}, _OWN, attempt)
        return Request(False, row.control == "stop", row.pause_at, None if is_taken_up else row.wanted_rate)

    def finish(
        self, run_id: str, attempt: int, state: str, result: dict[str, Any] | None = None, error: str | None = None
    ) -> None:
        """Close the run as finished, stopped or failed, if it still belongs to this attempt."""
        values: dict[str, Any] = {
            "state": state,
            "control": None,
            "pause_at": None,
            "wanted_rate": None,
            "finished": time.time(),
            "error": error,
        }
        if result is not None:
            values["result"] = json.dumps(result)
        with self.transaction() as connection:
            change_run(connection, run_id, values, _OWN, attempt)

    def change(self, run_id: str, values: Mapping[str, Any], states: Sequence[str], attempt: int | None = None) -> bool:
        """Change a run if its stored state is one of these, and its attempt this one; return whether it was changed."""
        _check_id(run_id)
        with self.transaction() as connection:
            return change_run(connection, run_id, values, states, attempt)

    def delete(self, run_id: str) -> None:
        """Hide a run; its worker, if it has one, abandons it. `restore` brings it back.

        Raises:
            RunNotFoundError: no run has this id.
        """
        self.run(run_id)
        self._set_deleted(run_id, time.time())

    def restore(self, run_id: str) -> None:
        """Bring a deleted run back as it was."""
        _check_id(run_id)
        self._set_deleted(run_id, None)

    def _set_deleted(self, run_id: str, when: float | None) -> None:
        with self.transaction() as connection:
            connection.execute(schema.runs.update().where(schema.runs.c.id == run_id).values(deleted=when))

    def weights(self, run_id: str, kind: str = "last") -> bytes:
        """A run's safetensors bytes.

        Args:
            kind: `last`, the model alone; `checkpoint`, all that is needed to resume; `closeup`, its last slow step;
                `answers`, what it said about each test image; `before_rise`, a checkpoint from before its learning
                rate was last raised by hand.

        Raises:
            RunNotFoundError: no run has this id, or it has kept none yet.
        """
        run = self.run(run_id)
        weights = schema.weights
        query = sa.select(weights.c.content).where(weights.c.run_id == run_id, weights.c.kind == kind)
        with self.transaction() as connection:
            content: bytes | None = connection.scalar(query)
        if content is None and run.state == "failed":
            raise RunNotFoundError(f"The run {run_id!r} has no weights: it failed before the end of its first epoch.")
        if content is None:
            raise RunNotFoundError(f"The run {run_id!r} has not kept any weights yet: they come with its first epoch.")
        return content

    def runs_with_weights(self) -> set[str]:
        """The ids of all runs that have weights, and so can be loaded as models."""
        weights = schema.weights
        with self.transaction() as connection:
            return set(connection.scalars(sa.select(weights.c.run_id).where(weights.c.kind == "last")))

    def weights_step(self, run_id: str, kind: str = "last") -> int | None:
        """The step to which a run's weights of this kind belong; None before there are any."""
        _check_id(run_id)
        with self.transaction() as connection:
            return weights_step(connection, run_id, kind)

    def curve(self, run_id: str, after_step: int = 0) -> Curve:
        """The curve of the steps after `after_step`: losses, accuracies, learning rates and probes."""
        _check_id(run_id)
        losses = schema.losses
        query = (
            sa.select(losses)
            .where(losses.c.run_id == run_id, losses.c.first_step > after_step)
            .order_by(losses.c.first_step)
        )
        with self.transaction() as connection:
            rows = connection.execute(query).mappings().all()
        return Curve.from_rows(rows)

    def epochs(self, run_id: str) -> list[EpochEnded]:
        """The figures of each epoch so far, in order."""
        _check_id(run_id)
        epochs = schema.epochs
        query = sa.select(epochs.c.figures).where(epochs.c.run_id == run_id).order_by(epochs.c.epoch)
        with self.transaction() as connection:
            return [EpochEnded(**json.loads(text)) for text in connection.scalars(query)]


@lru_cache(maxsize=4)
def opened(url: str) -> Store:
    """The store at this URL, shared by all jobs of this process."""
    return Store(url)

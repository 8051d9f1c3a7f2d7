"""A worker's reports as rows of the tables: metrics and weights, written and rolled back.

All functions run inside a transaction of the store, which has checked that the run belongs to the worker.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from mnistlab import schema
from mnistlab.config import RunConfig
from mnistlab.events import EpochEnded, StepsTaken


def insert_run(
    connection: sa.Connection,
    run_id: str,
    config: RunConfig,
    owner: str | None,
    state: str,
    sweep: str | None = None,
    created: float | None = None,
) -> None:
    """Add a run that has not begun."""
    now = time.time() if created is None else created
    row: dict[str, object] = {"id": run_id, "preset": config.preset, "config": config.model_dump_json()}
    row |= {"state": state, "owner": owner, "sweep": sweep, "created": now, "heartbeat": now}
    row |= {"attempt": 0, "step": 0, "epoch": 0.0, "seconds": 0.0}
    connection.execute(schema.runs.insert().values(row))


def change_run(
    connection: sa.Connection,
    run_id: str,
    values: Mapping[str, object],
    states: Sequence[str],
    attempt: int | None = None,
) -> bool:
    """Change a run if its stored state is one of these, and its attempt this one: the fence against zombies."""
    runs = schema.runs
    which = (runs.c.id == run_id) & runs.c.state.in_(states) & runs.c.deleted.is_(None)
    if attempt is not None:
        which &= runs.c.attempt == attempt
    return connection.execute(runs.update().where(which).values(values)).rowcount == 1


def weights_step(connection: sa.Connection, run_id: str, kind: str) -> int | None:
    """The step to which a run's weights of this kind belong; None before there are any."""
    weights = schema.weights
    query = sa.select(weights.c.step).where(weights.c.run_id == run_id, weights.c.kind == kind)
    step: int | None = connection.scalar(query)
    return step


def rewind(connection: sa.Connection, run_id: str) -> None:
    """Remove what was reported after the last checkpoint, since it will be reported again."""
    runs = schema.runs
    step = weights_step(connection, run_id, "checkpoint") or 0
    for table, column in ((schema.losses, schema.losses.c.last_step), (schema.epochs, schema.epochs.c.step)):
        connection.execute(table.delete().where(table.c.run_id == run_id, column > step))
    # An epoch is a fixed number of steps. Weights kept before the first report take their step from here.
    share = sa.cast(step, sa.Float) / runs.c.step
    back = {"epoch": runs.c.epoch * share, "seconds": runs.c.seconds * share, "step": step}
    connection.execute(runs.update().where(runs.c.id == run_id, runs.c.step > step).values(back))


def progress(
    steps: Sequence[StepsTaken], num_steps: int | None, rate_changes: Sequence[tuple[int, float]] | None
) -> dict[str, Any]:
    """What a report changes in its run's row: the progress as of the last of these steps, and what else is given."""
    values: dict[str, Any] = {}
    if num_steps is not None:
        values["num_steps"] = num_steps
    if rate_changes is not None:
        values["rate_changes"] = json.dumps(list(rate_changes))
    if steps:
        last = steps[-1]
        values |= {"step": last.step, "epoch": last.epoch, "seconds": last.seconds}
        values["images_per_second"] = last.images_per_second
    return values


def insert_metrics(
    connection: sa.Connection, run_id: str, steps: Sequence[StepsTaken], epochs: Sequence[EpochEnded]
) -> None:
    """Add reports and epochs, each in order, in one insert each, even for the thousands of an imported run."""
    reports = [
        {
            "run_id": run_id,
            "first_step": report.first_step,
            "last_step": report.step,
            "accuracy": report.accuracy,
            "learning_rate": report.learning_rate,
            "values": report.losses.astype("<f4").tobytes(),
            "probes": json.dumps(asdict(report.probes)) if report.probes else None,
        }
        for report in steps
    ]
    figures = [
        {"run_id": run_id, "epoch": ended.epoch, "step": ended.step, "figures": json.dumps(asdict(ended))}
        for ended in epochs
    ]
    # If the answer to a commit was lost, the same report comes a second time; a run that resumes at the very end of an
    # epoch reports that epoch again.
    _replace(connection, schema.losses, schema.losses.c.first_step, reports)
    _replace(connection, schema.epochs, schema.epochs.c.epoch, figures)


def _replace(
    connection: sa.Connection, table: sa.Table, column: "sa.Column[int]", rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert a run's rows, sorted by this column, in place of those it has from the first to the last of them."""
    if rows:
        first, last = rows[0][column.name], rows[-1][column.name]
        connection.execute(table.delete().where(table.c.run_id == rows[0]["run_id"], column.between(first, last)))
        connection.execute(table.insert(), rows)


def replace_weights(connection: sa.Connection, run_id: str, kind: str, step: int, content: bytes) -> None:
    """Store safetensors bytes in place of any earlier ones of this kind."""
    weights = schema.weights
    connection.execute(weights.delete().where(weights.c.run_id == run_id, weights.c.kind == kind))
    connection.execute(weights.insert().values(run_id=run_id, kind=kind, step=step, content=content))


def make_checkpoint(connection: sa.Connection, run_id: str, kind: str, step: int) -> bool:
    """Replace a run's checkpoint by its weights of this kind, if they belong to this step; return whether they did."""
    weights = schema.weights
    if weights_step(connection, run_id, kind) != step:
        return False
    of_run = weights.c.run_id == run_id
    connection.execute(weights.delete().where(of_run, weights.c.kind == "checkpoint"))
    connection.execute(weights.update().where(of_run, weights.c.kind == kind).values(kind="checkpoint"))
    return True

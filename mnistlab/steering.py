"""Steering a run: pages and the command line write requests into the store, and the run's worker reads them there.

A worker looks twice a second, so that a second browser, a reload and the command line see and do the same.
All functions raise RunNotFoundError for a missing run, and do nothing to one in a state that does not fit.
"""

import time
from typing import Any

import sqlalchemy as sa

from mnistlab import schema
from mnistlab.config import MAX_EPOCHS, RunConfig, parse_config
from mnistlab.errors import ConfigError
from mnistlab.runs import ACTIVE
from mnistlab.store import Store

# Raises the attempt without a claim: a worker that still holds the run finds that it no longer owns it.
_NOBODYS: dict[str, Any] = {"attempt": schema.runs.c.attempt + 1, "ticket": None, "worker": None}
_OVER = ("finished", "stopped", "failed", "lost")
_AFRESH: dict[str, Any] = {"control": None, "pause_at": None, "error": None, "finished": None, "deaths": None}


def stop(run_id: str, store: Store) -> bool:
    """Ask a running run to stop; a queued or lost one, which has no worker to read the request, is stopped at once.

    Returns:
        Whether it was stopped at once.
    """
    run = store.run(run_id)
    if run.state == "running":
        store.change(run_id, {"control": "stop"}, ["running"])
        return False
    return run.is_active and stop_at_once(run_id, store)


def stop_at_once(run_id: str, store: Store) -> bool:
    """Take a run from its worker and close it as stopped: what it has done since its last checkpoint is lost."""
    run = store.run(run_id)
    kept = store.weights_step(run_id, "checkpoint") or 0
    loss = f"It was taken from its worker: what it learned after step {kept:,} is lost." if run.step > kept else None
    values = {**_NOBODYS, **_AFRESH, "state": "stopped", "finished": time.time(), "error": loss, "wanted_rate": None}
    return store.change(run_id, values, ACTIVE)


def pause(run_id: str, store: Store) -> None:
    """Let a run wait after its current step; it keeps its worker, unless others wait for one."""
    run = store.run(run_id)
    if run.pause_at is None:  # a second request must not move it
        # Not at the last reported step: its worker is ahead of that, and the run would count as paused too early.
        store.change(run_id, {"pause_at": run.step + 1}, ["running"])


def step_once(run_id: str, store: Store) -> None:
    """Let a paused run take one step, and keep a close-up of it. A second request at the same step has no effect."""
    run = store.run(run_id)
    if run.is_paused:
        store.change(run_id, {"pause_at": run.step + 1}, ["running"], run.attempt)


def go_on(run_id: str, store: Store) -> None:
    """Let a paused run go on."""
    store.run(run_id)
    store.change(run_id, {"pause_at": None}, ["running"])


def set_learning_rate(run_id: str, learning_rate: float, store: Store) -> None:
    """Let a run use another learning rate from its next step on; where it has a schedule, that is the new peak.

    Raises:
        ConfigError: the rate is out of bounds.
    """
    run = store.run(run_id)
    train = run.config.train.model_dump() | {"learning_rate": learning_rate}
    parse_config({"train": train})
    store.change(run_id, {"wanted_rate": learning_rate}, ACTIVE)


def requeue(run_id: str, store: Store, state: str = "queued") -> bool:
    """Queue a stopped, failed or lost run again, to resume from its last checkpoint; return whether it was queued.

    Args:
        state: queued for an engine, or running for a caller that is about to claim it.
    """
    run = store.run(run_id)
    if run.state not in ("stopped", "failed", "lost"):
        return False
    values = {**_NOBODYS, **_AFRESH, "state": state, "heartbeat": time.time()}
    # If two ask at once, the second finds that the attempt has changed.
    return store.change(run_id, values, ["stopped", "failed", "running"], run.attempt)


def extend(run_id: str, num_epochs: int, store: Store, state: str = "queued") -> bool:
    """Queue a run that is over for more epochs than planned; a schedule is stretched over all of them.

    Args:
        state: as in requeue.

    Raises:
        ConfigError: more epochs than a run may have, or it was imported without a checkpoint to go on from.
    """
    run = store.run(run_id)
    if run.state not in _OVER:
        return False
    if run.state == "finished" and store.weights_step(run_id, "checkpoint") is None:
        raise ConfigError(
            f"The run {run_id} was imported, without its optimizer's memory: it cannot go on where it ended. Start its "
            "recipe anew with more epochs."
        )
    config = _with_more_epochs(run.config, num_epochs)
    values = {**_NOBODYS, **_AFRESH, "state": state, "heartbeat": time.time()}
    values["config"] = config.model_dump_json()
    values["planned_epochs"] = run.planned_epochs or run.config.train.epochs
    values["num_steps"] = sa.cast(schema.runs.c.num_steps * config.train.epochs / run.config.train.epochs, sa.Integer)
    return store.change(run_id, values, [*_OVER, "running"], run.attempt)


def _with_more_epochs(config: RunConfig, num_epochs: int) -> RunConfig:
    most = MAX_EPOCHS - config.train.epochs
    if not 1 <= num_epochs <= most:
        raise ConfigError(f"{num_epochs:,} more epochs were asked for; this run may have 1 to {most:,} more.")
    return config.with_training(epochs=config.train.epochs + num_epochs)

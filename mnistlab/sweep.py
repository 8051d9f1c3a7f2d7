"""Sweeps: start, read, stop and resume one. Its trials are ordinary runs that ask what to try when they begin.

    config = parse_sweep({"base": base, "parameters": [{"setting": "width", "low": 8, "high": 512}]})
    sweep_id = sweep.start(config, store)
    sweep.find(sweep_id, store).best

No process drives a sweep, so none can die: all of its state is in the store and in its study.
"""

import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

import sqlalchemy as sa

from mnistlab import jobs, queue, schema, steering
from mnistlab.bounds import check_images
from mnistlab.config import RunConfig
from mnistlab.differences import settings
from mnistlab.errors import ConfigError, EngineBusyError, EngineError, OtherVersionError, SweepNotFoundError
from mnistlab.ids import is_run_id, new_id
from mnistlab.rows import insert_run
from mnistlab.runs import ACTIVE, Run, runs_from_rows
from mnistlab.space import SETTINGS, Parameter, Value, assemble, values_of
from mnistlab.store import Store
from mnistlab.sweep_config import SweepConfig, parse_sweep
from mnistlab.sweep_state import Sweep, Trial

_log = logging.getLogger(__name__)
_SIZE = "train.train_size"


def start(config: SweepConfig, store: Store, owner: str | None = None) -> str:
    """Store a new sweep, hand its trials to the engine and return its id.

    Raises:
        EngineError: the engine cannot be started or reached; the sweep is kept, stopped, and can be resumed.
        StudyError: its study cannot be stored.
    """
    sweep_id = create(config, store, owner)
    _hand_over(sweep_id, store)
    return sweep_id


def create(config: SweepConfig, store: Store, owner: str | None = None) -> str:
    """Store a new sweep, its study and its queued trials, without an engine, and return its id.

    Raises:
        ConfigError: a trial would learn from more images than there are, or what is varied has no effect.
    """
    from mnistlab import study

    # Not checked where a sweep is read: one that was stored before this check existed must stay readable.
    _check_effects(config.base, config.parameters)
    for size in (end for one in config.parameters if one.setting == _SIZE for end in one.ends):
        check_images(assemble(config.base, {_SIZE: size}))
    sweep_id = new_id()
    study.create(store.url, sweep_id, config)
    now = time.time()
    row = {"id": sweep_id, "config": config.model_dump_json(), "owner": owner, "created": now}
    with store.transaction() as connection:
        connection.execute(schema.sweeps.insert().values(row))
        # A microsecond apart, so that they begin in the order in which they were planned.
        for number in range(config.size):
            insert_run(connection, new_id(), config.base, owner, "queued", sweep_id, now + number * 1e-6)
    return sweep_id


def _check_effects(base: RunConfig, parameters: Sequence[Parameter]) -> None:
    """See that each setting makes a difference, if only beside another value of another one.

    Raises:
        ConfigError: names one of which no trial has a use, as Adam has none of momentum.
    """
    others = {one.setting: one.ends[0] for one in parameters}
    for one in parameters:
        beside = [others, *(others | {other.setting: end} for other in parameters for end in other.ends)]
        if not any(_makes_a_difference(base, one, values) for values in beside):
            raise ConfigError(
                f"Whatever the {SETTINGS[one.setting].label}, all trials would be the same: nothing in this recipe "
                "makes use of it, or another setting decides it. Vary something else, or what it depends on too."
            )


def _makes_a_difference(base: RunConfig, one: Parameter, values: Mapping[str, Value]) -> bool:
    recipes = [settings(assemble(base, {**values, one.setting: end})) for end in one.ends]
    return any(recipe != recipes[0] for recipe in recipes)


def stop(sweep_id: str, store: Store) -> None:
    """Take a sweep's waiting trials from the queue, and ask the running ones to stop after their step.

    Close lost ones as well, or a worker that was only held up would go on with them.
    """
    active = queue.active_trials(sweep_id, store)
    if not active:
        find(sweep_id, store)  # tells of one that is not there
    for run in active:
        jobs.stop(run.id, store)


def resume(sweep_id: str, store: Store) -> None:
    """Resume the trials that can be resumed, from their checkpoints and with the values they have.

    Raises:
        EngineError: as start.
    """
    requeue(sweep_id, store)
    _hand_over(sweep_id, store)


def requeue(sweep_id: str, store: Store) -> None:
    """Put the trials that can be resumed back into the queue, without handing them to an engine."""
    for trial in find(sweep_id, store).resumable:
        if steering.requeue(trial.run.id, store):
            jobs.end_hanging_worker(trial.run)


def next_waiting(sweep_id: str, store: Store) -> Run | None:
    """The trial that has waited longest, to train a sweep without an engine."""
    return next((run for run in queue.active_trials(sweep_id, store) if run.state == "queued"), None)


def _hand_over(sweep_id: str, store: Store) -> None:
    try:
        jobs.reconcile(store)
    except EngineBusyError as error:
        _log.warning("%s", error)  # its trials wait in the queue; `jobs.wake` hands them over later
    except EngineError:
        for run in queue.active_trials(sweep_id, store):
            if run.state == "queued":  # others may be trained elsewhere
                steering.stop(run.id, store)
        raise


def find(sweep_id: str, store: Store) -> Sweep:
    """A sweep with all its trials, as it is now.

    Raises:
        SweepNotFoundError: no sweep has this id, or another version of mnistlab made it.
    """
    row = None
    if is_run_id(sweep_id):
        with store.transaction() as connection:
            query = sa.select(schema.sweeps).where(schema.sweeps.c.id == sweep_id)
            row = connection.execute(query).mappings().first()
    if row is None:
        raise SweepNotFoundError(f"There is no sweep {sweep_id!r} here. `python -m mnistlab sweep list` lists them.")
    return _from_row(row, store)


def latest(store: Store, limit: int = 20) -> list[Sweep]:
    """The newest sweeps first, skipping those that this version cannot read."""
    sweeps = schema.sweeps
    with store.transaction() as connection:
        rows = connection.execute(sa.select(sweeps).order_by(sweeps.c.created.desc()).limit(limit)).mappings().all()
    found = []
    for row in rows:
        with suppress(SweepNotFoundError):
            found.append(_from_row(row, store))
    return found


def newest(store: Store, limit: int = 100, owner: str | None = None) -> list[tuple[str, str | None]]:
    """Id and owner of the newest sweeps, of all or of this owner's, the newest first."""
    sweeps = schema.sweeps
    query = sa.select(sweeps.c.id, sweeps.c.owner).order_by(sweeps.c.created.desc()).limit(limit)
    if owner is not None:
        query = query.where(sweeps.c.owner == owner)
    with store.transaction() as connection:
        return [(row.id, row.owner) for row in connection.execute(query)]


def active(store: Store) -> list[tuple[str, str | None]]:
    """Id and owner of the sweeps that have trials waiting or running, the oldest first."""
    runs = schema.runs
    is_active = runs.c.state.in_(ACTIVE) & runs.c.deleted.is_(None) & runs.c.sweep.is_not(None)
    columns = (runs.c.sweep, sa.func.min(runs.c.owner))
    query = sa.select(*columns).where(is_active).group_by(runs.c.sweep).order_by(sa.func.min(runs.c.created))
    with store.transaction() as connection:
        return [(sweep_id, owner) for sweep_id, owner in connection.execute(query)]


def config_of(sweep_id: str, store: Store) -> SweepConfig:
    """What a sweep tries, without its trials."""
    with store.transaction() as connection:
        text = connection.scalar(sa.select(schema.sweeps.c.config).where(schema.sweeps.c.id == sweep_id))
    if text is None:
        raise SweepNotFoundError(f"The sweep {sweep_id!r} of this trial is gone.")
    return _config(sweep_id, text)


def _config(sweep_id: str, text: str) -> SweepConfig:
    try:
        return _read_config(text)
    except ConfigError as error:
        raise OtherVersionError(f"The sweep {sweep_id!r} was made by another version of mnistlab: {error}") from error


@lru_cache(maxsize=100)
def _read_config(text: str) -> SweepConfig:
    """Parse a config, once: validating it takes time, and pages read it every second."""
    return parse_sweep(text)


def progress(sweep_ids: Iterable[str], store: Store) -> dict[str, tuple[int, int]]:
    """For each of these sweeps, how many of its trials are over and how many it has."""
    runs = schema.runs
    is_over = sa.case((runs.c.state.in_(ACTIVE), 0), else_=1)
    query = sa.select(runs.c.sweep, sa.func.sum(is_over), sa.func.count()).group_by(runs.c.sweep)
    with store.transaction() as connection:
        rows = connection.execute(query.where(runs.c.sweep.in_(list(sweep_ids)), runs.c.deleted.is_(None))).all()
    return {sweep_id: (int(over), int(total)) for sweep_id, over, total in rows}


def _from_row(row: sa.RowMapping, store: Store) -> Sweep:
    config = _config(row["id"], row["config"])
    trials = read_trials(row["id"], config, store)
    return Sweep(row["id"], config, row["owner"], row["created"], tuple(trials))


def read_trials(sweep_id: str, config: SweepConfig, store: Store) -> list[Trial]:
    """The trials of a sweep, in the order in which they were planned, skipping those that this version cannot read."""
    runs, epochs = schema.runs, schema.epochs
    own = (runs.c.sweep == sweep_id) & runs.c.deleted.is_(None)
    told = sa.select(epochs.c.run_id, epochs.c.figures).join(runs, runs.c.id == epochs.c.run_id).where(own)
    with store.transaction() as connection:
        rows = connection.execute(sa.select(runs).where(own).order_by(runs.c.created)).mappings().all()
        figures = connection.execute(told).all()
    accuracies: dict[str, dict[int, float]] = {}
    for run_id, text in figures:
        ended = json.loads(text)
        if ended["epoch"] > 0 and ended["validation_accuracy"] is not None:
            accuracies.setdefault(run_id, {})[ended["epoch"]] = ended["validation_accuracy"]
    return [_trial(run, config, accuracies.get(run.id, {})) for run in runs_from_rows(rows)]


def _trial(run: Run, config: SweepConfig, accuracies: dict[int, float]) -> Trial:
    # A trial that was given more epochs afterwards is still judged by those first planned. Older versions did not note
    # these; they are the base's unless epochs are varied.
    is_varied = any(parameter.setting == "train.epochs" for parameter in config.parameters)
    epochs = run.planned_epochs or (run.config if is_varied else config.base).train.epochs
    values = values_of(run.config.with_training(epochs=epochs), config.parameters) if run.trial is not None else {}
    return Trial(run, values, epochs, {epoch: one for epoch, one in accuracies.items() if epoch <= epochs})

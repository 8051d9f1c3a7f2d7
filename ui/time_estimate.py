"""Estimate how long a training will take, from the latest run that took the same kind of steps."""

from collections.abc import Hashable

from mnistlab.bounds import num_to_learn_from
from mnistlab.config import RunConfig
from mnistlab.errors import ConfigError
from mnistlab.runs import Run, State
from mnistlab.space import Value, assemble
from mnistlab.sweep_config import SweepConfig
from ui import resources

_LATEST = 50  # runs that are considered
_HAVE_RUN: tuple[State, ...] = ("running", "finished", "stopped", "failed")  # a long queue would crowd out the others
_WARM_UP = 5.0  # seconds, after which a run's pace is steady


Paces = dict[Hashable, tuple[float, str]]  # what determines a pace -> images per second, and the run that had it


def paces() -> Paces:
    """The pace of the latest run for each kind of steps, except of runs that are still in their first seconds."""
    found: Paces = {}
    for run in resources.store().runs(limit=_LATEST, states=_HAVE_RUN):
        has_a_pace = (run.seconds > _WARM_UP or run.state == "finished") and not run.is_imported
        if has_a_pace and run.images_per_second:
            found.setdefault(_pace_setters(run.config), (run.images_per_second, run.id))
    return found


def of_run(config: RunConfig, known: Paces | None = None) -> tuple[float, str] | None:
    """Seconds that a run would take, and the id of the run whose pace is used; None if no run has taken such steps.

    known: the paces, if they were read already.
    """
    pace = (paces() if known is None else known).get(_pace_setters(config))
    if pace is None:
        return None
    num_images = (config.train.train_size or num_to_learn_from(config)) * config.augment.copies * config.train.epochs
    return num_images / pace[0], pace[1]


def left_of(run: Run, known: Paces) -> float | None:
    """Seconds that a running or queued run still takes; None if that is unknown, or if it is paused.

    What a sweep's trial varies is unknown until it begins.
    """
    if run.is_paused or run.is_waiting_trial:
        return None
    if run.control == "stop":
        return 0.0
    if run.seconds_left is not None:
        return run.seconds_left
    whole = of_run(run.config, known)
    return None if whole is None else whole[0] * (1 - run.progress)


def of_sweep(config: SweepConfig) -> tuple[float, str] | None:
    """Seconds for all trials one after another, and the id of the run whose pace is used.

    None if no run has taken such steps, or if what is varied changes how long a trial takes.
    """
    if not all(_keeps_pace(config.base, one.setting, one.ends) for one in config.parameters):
        return None
    one = of_run(config.base.with_training(epochs=config.most_epochs))
    return None if one is None else (config.size * one[0], one[1])


def _keeps_pace(base: RunConfig, setting: str, ends: tuple[Value, ...]) -> bool:
    try:
        trials = [assemble(base, {setting: end}) for end in ends]
    except ConfigError:  # allowed only together with another value
        return False
    return all(
        _pace_setters(trial) == _pace_setters(base) and trial.train.train_size == base.train.train_size
        for trial in trials
    )


def _pace_setters(config: RunConfig) -> Hashable:
    """The settings that determine how many images are trained on per second."""
    train = config.train
    of_training = train.batch_size, train.optimizer, train.precision, train.device
    return config.dataset, config.model, config.augment, of_training

"""A sweep's Optuna study, kept on disk, so that any process that begins a trial can ask it what to try next.

On a laptop it is a journal file beside the SQLite database; with PostgreSQL it is kept in the database. Like `trials`
and `importance`, this module imports Optuna (1.4 s): import it only where it is needed.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import lru_cache
from json import JSONDecodeError
from pathlib import Path

import numpy as np
import optuna
import sqlalchemy as sa
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from mnistlab.errors import StudyError, StudyRefusedError
from mnistlab.paths import lab_folder
from mnistlab.patience import insist
from mnistlab.schema import reason_of
from mnistlab.space import SETTINGS, Choice, Parameter, Value, grid
from mnistlab.sweep_config import SweepConfig

_POINT = "point"  # a trial's attribute: the values it was planned with
_INSTEAD_OF = "instead of"  # a copy's attribute: the number of the trial that it replaces
# A trial is written into its run's row milliseconds after it was asked for; where it never is, its worker was killed.
_ORPHANED_AFTER = timedelta(seconds=60)

optuna.logging.set_verbosity(optuna.logging.ERROR)


def create(url: str, sweep_id: str, config: SweepConfig) -> None:
    """Create the study of a sweep and enqueue the trials that can be planned in advance.

    Raises:
        StudyError: it cannot be stored.
    """
    with _telling_trouble(sweep_id):
        study = optuna.create_study(storage=_storage(url, sweep_id), study_name=sweep_id, direction="maximize")
        for point in _planned(config):
            study.enqueue_trial(point, user_attrs={_POINT: point})


def load(url: str, sweep_id: str, config: SweepConfig) -> optuna.Study:
    """The study of a sweep.

    Raises:
        StudyError: it is not there, or cannot be read.
    """
    with _telling_trouble(sweep_id):
        try:
            return optuna.load_study(study_name=sweep_id, storage=_storage(url, sweep_id), pruner=_pruner(config))
        except KeyError as error:
            raise StudyError(_not_there(sweep_id)) from error


def ask(study: optuna.Study, config: SweepConfig) -> tuple[optuna.Trial, dict[str, Value]]:
    """Begin a trial; return it and the values it is to try. A study that refuses for a while is asked again.

    Raises:
        StudyError: the study does not answer.
    """
    trial_id = insist(lambda: _begin(study))
    return insist(lambda: _open(study, trial_id, config))  # on its own: what has begun must not begin twice


def _begin(study: optuna.Study) -> int:
    """Begin the next planned trial, or else a new one, as Optuna's `ask` does; return Optuna's own id of it."""
    with _telling_trouble(study.study_name):
        trial_id = study._pop_waiting_trial_id()
        return study._storage.create_new_trial(study._study_id) if trial_id is None else trial_id


def _open(study: optuna.Study, trial_id: int, config: SweepConfig) -> tuple[optuna.Trial, dict[str, Value]]:
    with _telling_trouble(study.study_name):
        trial = optuna.Trial(study, trial_id)
        # Each trial has its own sampler: two workers that ask at once must not draw the same random numbers.
        study.sampler = _sampler(config, trial.number)
        for parameter in config.parameters:
            _suggest(trial, parameter)
        return trial, dict(trial.params)


def take_over(study: optuna.Study, number: int) -> optuna.Trial:
    """A trial that another process has begun, to be continued."""
    with _telling_trouble(study.study_name):
        return optuna.Trial(study, study.get_trials(deepcopy=False)[number]._trial_id)


def report(trial: optuna.Trial, accuracies: Mapping[int, float]) -> None:
    """Report a trial's accuracy by epoch.

    The first report of an epoch stands: one that was repeated after a crash is not reported again.
    """
    with _telling_trouble(trial.study.study_name):
        told = trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values
        for epoch, accuracy in accuracies.items():
            if epoch not in told:
                trial.report(accuracy, epoch)


def is_hopeless(trial: optuna.Trial) -> bool:
    """Whether a trial lags so far behind the others that it should be pruned; hyperband decides once per rung."""
    with _telling_trouble(trial.study.study_name):
        return bool(trial.should_prune())


def tell(study: optuna.Study, number: int, state: TrialState, accuracy: float | None = None) -> None:
    """End a trial, or raise StudyError if the study does not answer; to do so twice has no further effect."""
    with _telling_trouble(study.study_name), suppress(optuna.exceptions.UpdateFinishedTrialError):
        study.tell(number, accuracy, state, skip_if_finished=True)


def open_trials(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that have begun and whose end has not been reported."""
    with _telling_trouble(study.study_name):
        return study.get_trials(deepcopy=False, states=[TrialState.RUNNING])


def put_right(study: optuna.Study, number: int, accuracy: float) -> None:
    """Report the result of a trial that was given up, then resumed by hand and finished.

    It is added as a copy, since Optuna does not let a trial that is over be changed.
    """
    with _telling_trouble(study.study_name):
        known = study.get_trials(deepcopy=False)
        if any(trial.user_attrs.get(_INSTEAD_OF) == number for trial in known):
            return
        given_up = known[number]
        study.add_trial(
            optuna.create_trial(
                value=accuracy,
                params=given_up.params,
                distributions=given_up.distributions,
                user_attrs={_INSTEAD_OF: number},
            )
        )


def given_up_trials(study: optuna.Study) -> list[int]:
    """The numbers of the trials that failed, diverged or were stopped early."""
    with _telling_trouble(study.study_name):
        given_up = study.get_trials(deepcopy=False, states=[TrialState.FAIL, TrialState.PRUNED])
        return [trial.number for trial in given_up]


def is_open(study: optuna.Study, number: int) -> bool:
    """Whether this trial has begun and its end has not been reported."""
    return any(trial.number == number for trial in open_trials(study))


def give_up_orphan(study: optuna.Study, trial: FrozenTrial) -> None:
    """Fail a trial that no run holds, once it is so old that none will; its planned values are enqueued again."""
    begun = trial.datetime_start
    if begun is not None and datetime.now() - begun > _ORPHANED_AFTER:
        give_up(study, trial)


def give_up(study: optuna.Study, trial: FrozenTrial | optuna.Trial) -> None:
    """End a trial that no run will hold; what it was planned to try is queued again."""
    tell(study, trial.number, TrialState.FAIL)
    if _POINT in trial.user_attrs:
        point = trial.user_attrs[_POINT]
        with _telling_trouble(study.study_name):
            study.enqueue_trial(point, user_attrs={_POINT: point})


def distributions(config: SweepConfig) -> dict[str, BaseDistribution]:
    """The parameters of a sweep as Optuna's distributions."""
    return {parameter.setting: _distribution(parameter) for parameter in config.parameters}


def _distribution(parameter: Parameter) -> BaseDistribution:
    if isinstance(parameter, Choice):
        return CategoricalDistribution(parameter.options)
    setting = SETTINGS[parameter.setting]
    low, high = parameter.ends
    if setting.is_whole:
        return IntDistribution(int(low), int(high), log=setting.is_log)
    return FloatDistribution(float(low), float(high), log=setting.is_log)


def _suggest(trial: optuna.Trial, parameter: Parameter) -> None:
    distribution = _distribution(parameter)
    match distribution:
        case CategoricalDistribution():
            trial.suggest_categorical(parameter.setting, distribution.choices)
        case IntDistribution():
            trial.suggest_int(parameter.setting, distribution.low, distribution.high, log=distribution.log)
        case FloatDistribution():
            trial.suggest_float(parameter.setting, distribution.low, distribution.high, log=distribution.log)


def _planned(config: SweepConfig) -> list[dict[str, Value]]:
    """The points that depend on no results: a whole grid, all random points, or those that TPE starts with."""
    if config.sampler == "grid":
        return grid(config.parameters)
    number = config.num_trials if config.sampler == "random" else config.num_startup
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(config.seed))
    return [dict(study.ask(distributions(config)).params) for _ in range(number)]


def _sampler(config: SweepConfig, number: int) -> optuna.samplers.BaseSampler:
    seed = int(np.random.SeedSequence([config.seed, number]).generate_state(1)[0])
    if config.sampler == "tpe":
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=config.num_startup)
    return optuna.samplers.RandomSampler(seed)  # for an unplanned trial, such as one resumed after a crash


def _pruner(config: SweepConfig) -> optuna.pruners.BasePruner:
    if config.pruner == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=config.num_startup)
    if config.pruner == "hyperband":
        return optuna.pruners.HyperbandPruner(max_resource=config.most_epochs)
    return optuna.pruners.NopPruner()


@lru_cache(maxsize=32)
def _storage(url: str, sweep_id: str) -> BaseStorage:
    """Where a study is kept: instead of SQLite a journal file, which is made for several processes that write."""
    place = sa.make_url(url)
    if place.get_backend_name() != "sqlite":
        return _database(url)
    folder = (Path(place.database).resolve().parent if place.database else lab_folder()) / "sweeps"
    folder.mkdir(parents=True, exist_ok=True)
    file = str(folder / f"{sweep_id}.journal")
    return JournalStorage(JournalFileBackend(file, lock_obj=_MendingLock(file)))


class _MendingLock(JournalFileOpenLock):
    """The lock under which a journal is written; acquiring it removes a torn last line.

    A full disk or a power cut leaves half a line, which readers skip; but the next entry would be appended to it, and
    the file be damaged for good. What is lost with the line is recovered from the runs' rows: see `trials.catch_up`.
    """

    def __init__(self, journal: str) -> None:
        super().__init__(journal)
        self._journal = Path(journal)

    def acquire(self) -> bool:
        is_acquired = super().acquire()
        try:
            self._remove_torn_line()
        except BaseException:
            self.release()
            raise
        return is_acquired

    def _remove_torn_line(self) -> None:
        with self._journal.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            if file.read() not in (b"", b"\n"):
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)


@lru_cache(maxsize=4)
def _database(url: str) -> RDBStorage:
    options = {"pool_pre_ping": True}
    try:
        return RDBStorage(url, engine_kwargs=options)
    except SQLAlchemyError:  # another process was making the same tables just then
        return RDBStorage(url, engine_kwargs=options)


@contextmanager
def _telling_trouble(sweep_id: str) -> Iterator[None]:
    """Raise a StudyError, with the reason in a sentence, where a study cannot be used."""
    try:
        yield
    except FileNotFoundError as error:
        raise StudyError(_not_there(sweep_id)) from error
    except JSONDecodeError as error:
        raise StudyError(
            f"The study of the sweep {sweep_id} cannot be used: its file, sweeps/{sweep_id}.journal beside the "
            f"database, is damaged ({error}). The results of its trials are kept with their runs. Start the sweep "
            "anew."
        ) from error
    except (OSError, RuntimeError, SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ if isinstance(error.__cause__, SQLAlchemyError) else error  # Optuna's words hide it
        advice = "Ask whoever runs its server." if isinstance(cause, SQLAlchemyError) else "Is its disk full?"
        trouble = f"The study of the sweep {sweep_id} cannot be used: {reason_of(cause)}. {advice}"
        raise StudyRefusedError(trouble) from error


def _not_there(sweep_id: str) -> str:
    return (
        f"The study of the sweep {sweep_id} is missing. Its file, sweeps/{sweep_id}.journal beside the database, may "
        "have been removed. Start the sweep anew."
    )

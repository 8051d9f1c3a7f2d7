"""A sweep's trial in its worker: it asks the study what to try, reports each epoch, and tells its result at the end.

The store is the source of truth: however a trial has ended, the next one to use the study reports it from there.
"""

from contextlib import suppress
from dataclasses import dataclass

import optuna
from optuna.trial import TrialState

from mnistlab import space, study, sweep
from mnistlab.errors import StudyError
from mnistlab.events import EpochEnded
from mnistlab.patience import insist
from mnistlab.runs import PRUNED, Run
from mnistlab.store import Store
from mnistlab.sweep_config import SweepConfig
from mnistlab.sweep_state import Trial


@dataclass(frozen=True)
class OpenTrial:
    """A trial that has begun and is not over."""

    epochs: int
    asked: optuna.Trial

    def verdict(self, ended: EpochEnded) -> str | None:
        """Report an epoch; return the reason why the trial should end there, or None if it should go on."""
        if ended.validation_accuracy is None or not 0 < ended.epoch < self.epochs:
            return None
        with suppress(StudyError):  # a trial that cannot be judged goes on
            study.report(self.asked, {ended.epoch: ended.validation_accuracy})
            if study.is_hopeless(self.asked):
                return (
                    f"{PRUNED} after epoch {ended.epoch} of {self.epochs}: with a validation accuracy of "
                    f"{100 * ended.validation_accuracy:.2f} % it was behind the trials before it."
                )
        return None

    def diverged(self) -> None:
        """Report that these values lead nowhere, so that others are tried; a plain failure would not say that."""
        study.tell(self.asked.study, self.asked.number, TrialState.PRUNED)


def begin(store: Store, run: Run, attempt: int) -> OpenTrial | None:
    """Ask the study what a trial that was just claimed is to try, unless it has asked before.

    Returns:
        None for a run that goes on after its trial is over.

    Raises:
        StudyError: the study is missing or cannot be used.
        ConfigError: the values that it is to try make no valid run.
    """
    assert run.sweep is not None
    sweep_id = run.sweep
    config = insist(lambda: sweep.config_of(sweep_id, store))
    its_study = insist(lambda: study.load(store.url, sweep_id, config))
    if (number := run.trial) is not None:
        return insist(lambda: _take_over(store, run, its_study, number))
    insist(lambda: catch_up(its_study, sweep_id, config, store))
    asked, values = study.ask(its_study, config)
    own = space.assemble(config.base, values)
    # From here on its row holds all that it needs: a worker that takes it over does not ask again.
    written = {"config": own.model_dump_json(), "trial": asked.number}
    if not insist(lambda: store.change(run.id, written, ["running"], attempt)):
        study.give_up(its_study, asked)  # the run was stopped, or belongs to another worker by now
    return OpenTrial(own.train.epochs, asked)


def _take_over(store: Store, run: Run, its_study: optuna.Study, number: int) -> OpenTrial | None:
    """Go on with the trial that an earlier attempt at this run has begun; None if it is over."""
    if not study.is_open(its_study, number):
        return None
    taken = study.take_over(its_study, number)
    study.report(taken, _accuracies(store, run.id))  # what its last worker had no time to report
    return OpenTrial(run.config.train.epochs, taken)


def _accuracies(store: Store, run_id: str) -> dict[int, float]:
    """The validation accuracy by epoch, from 1; the untrained network's does not count."""
    told = {one.epoch: one.validation_accuracy for one in store.epochs(run_id)}
    return {epoch: accuracy for epoch, accuracy in told.items() if epoch > 0 and accuracy is not None}


def end(store: Store, run: Run) -> None:
    """When a trial ends, tell the study the results of all that have ended."""
    assert run.sweep is not None
    with suppress(StudyError):  # the next trial that begins, or the page, will tell the study instead
        config = sweep.config_of(run.sweep, store)
        catch_up(study.load(store.url, run.sweep, config), run.sweep, config, store)


def catch_up(its_study: optuna.Study, sweep_id: str, config: SweepConfig, store: Store) -> None:
    """Tell a study the results of all trials that have ended, including those whose worker could not.

    Raises:
        StudyError: the study cannot be used.
    """
    open_trials, given_up = study.open_trials(its_study), study.given_up_trials(its_study)
    if not open_trials and not given_up:
        return
    by_number = {trial.number: trial for trial in sweep.read_trials(sweep_id, config, store)}
    for number in given_up:
        resumed = by_number.get(number)
        if resumed is not None and resumed.run.state == "finished" and resumed.accuracy is not None:
            study.put_right(its_study, number, resumed.accuracy)
    for begun in open_trials:
        trial = by_number.get(begun.number)
        if trial is None:
            study.give_up_orphan(its_study, begun)
        else:
            _tell_if_over(its_study, begun.number, trial)


def _tell_if_over(its_study: optuna.Study, number: int, trial: Trial) -> None:
    if trial.accuracy is not None and trial.run.state == "finished":
        study.tell(its_study, number, TrialState.COMPLETE, trial.accuracy)
    elif trial.is_pruned:
        study.tell(its_study, number, TrialState.PRUNED)
    elif trial.run.state == "failed":
        study.tell(its_study, number, TrialState.FAIL)

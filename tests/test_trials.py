"""Trials of a sweep that diverge or are killed: the study is told, and so is whoever looks at the run."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import optuna
import pytest

from mnistlab import execution, queue, recorder, steering, study, sweep, trials
from mnistlab.errors import StudyError, StudyRefusedError
from mnistlab.store import Store
from tests import sweeps
from tests.acting import Killed, after_step, kill
from tests.sweeps import ADAPTIVE, told

pytestmark = pytest.mark.usefixtures("talkative")


def test_trial_that_diverges_teaches_the_study_where_not_to_look(store: Store) -> None:
    config = sweeps.config(
        {"setting": "train.weight_decay", "options": [0.0, 1.0]}, train={"learning_rate": 90, "epochs": 9}
    )
    found = sweeps.train_all(sweep.create(config, store), store)
    assert found.trials[1].state == "failed"
    assert told(found.id, config, store)[1][0] == "PRUNED"


def test_divergence_is_told_although_the_study_does_not_answer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*told: object) -> None:
        raise StudyError("The study is busy.")

    diverging = {"setting": "train.weight_decay", "options": [1.0, 0.9]}
    sweep.create(sweeps.config(diverging, train={"learning_rate": 90, "epochs": 9}), store)
    monkeypatch.setattr(study, "tell", refuse)
    run = store.run(sweeps.train_next(store))
    assert run.state == "failed"
    assert "learning rate" in (run.error or "")


def test_divergence_is_told_by_its_trial_although_the_study_refuses_for_a_while(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever tells it instead knows only that the run failed, which does not keep others from these values."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    really, refusals = study.tell, [StudyRefusedError("The server is away.")]

    def tell(*told: Any) -> None:
        if refusals:
            raise refusals.pop()
        really(*told)

    diverging = {"setting": "train.weight_decay", "options": [1.0, 0.9]}
    config = sweeps.config(diverging, train={"learning_rate": 90, "epochs": 9})
    sweep_id = sweep.create(config, store)
    monkeypatch.setattr(study, "tell", tell)
    sweeps.train_next(store)
    assert not refusals
    assert told(sweep_id, config, store)[0][0] == "PRUNED"


def test_trial_begins_once_although_it_cannot_be_read_at_first(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    really, refusals = optuna.Trial.__init__, [OSError("The server is away.")]

    def read(*of: Any) -> None:
        if refusals:
            raise refusals.pop()
        really(*of)

    config = sweeps.config()
    sweep_id = sweep.create(config, store)
    monkeypatch.setattr(optuna.Trial, "__init__", read)
    found = sweeps.train_all(sweep_id, store)
    assert not refusals
    assert [trial.values["train.learning_rate"] for trial in found.trials] == [0.01, 0.1, 1]
    assert [state for state, _ in told(sweep_id, config, store).values()] == ["COMPLETE"] * 3


def test_killed_trial_goes_on_with_its_values_and_is_told_by_whoever_ends_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sweeps.config(**ADAPTIVE)
    sweep_id = sweep.create(config, store)
    with pytest.raises(Killed):
        sweeps.train_next(store, after_step(7, kill))
    (run,) = [run for run in store.runs() if run.state == "running"]
    before = run.config
    execution.execute(store, run.id)  # another worker, given the same ticket
    run = store.run(run.id)
    assert (run.state, run.attempt, run.trial, run.config) == ("finished", 2, 0, before)
    assert told(sweep_id, config, store)[0][0] == "COMPLETE"
    assert len([one for one in told(sweep_id, config, store).values() if one[0] != "WAITING"]) == 1  # asked once


def test_killed_trial_is_still_pruned_by_who_takes_it_over(store: Store) -> None:
    rates = {"setting": "train.learning_rate", "options": [0.2, 0.25, 0.3, 1e-5]}
    sweep_id = sweep.create(sweeps.config(rates, train={"epochs": 4}, pruner="median"), store)
    for _ in range(3):
        sweeps.train_next(store)
    with pytest.raises(Killed):
        sweeps.train_next(store, after_step(2, kill))  # in its first epoch of 5 steps
    (run,) = [run for run in store.runs() if run.state == "running"]
    execution.execute(store, run.id)
    assert sweep.find(sweep_id, store).trials[3].is_pruned


def test_killed_trial_tells_the_study_of_all_its_epochs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """By them later trials are judged; its first worker died before it could tell of the second."""
    config = sweeps.config(train={"epochs": 4})
    sweep_id = sweep.create(config, store)
    tell = study.report

    def tell_of_the_first(trial: optuna.Trial, accuracies: Mapping[int, float]) -> None:
        if list(accuracies) != [1]:
            kill()
        tell(trial, accuracies)

    with monkeypatch.context() as before_its_death:
        before_its_death.setattr(study, "report", tell_of_the_first)
        before_its_death.setattr(recorder, "_CHECKPOINT_EVERY", 0)  # the epoch itself is kept
        with pytest.raises(Killed):
            sweeps.train_next(store)
    (run,) = [run for run in store.runs() if run.state == "running"]
    execution.execute(store, run.id)
    kept = {one.epoch: one.validation_accuracy for one in store.epochs(run.id)}
    (trial,) = [one for one in study.load(store.url, sweep_id, config).trials if one.state.is_finished()]
    assert trial.intermediate_values == {epoch: kept[epoch] for epoch in (1, 2, 3)}


def test_trial_whose_worker_was_killed_before_its_row_was_written_is_asked_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sweeps.config()
    sweep_id = sweep.create(config, store)
    study.ask(study.load(store.url, sweep_id, config), config)  # and then its worker died
    later = datetime.now() + timedelta(seconds=90)

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return later

    monkeypatch.setattr(study, "datetime", Later)
    found = sweeps.train_all(sweep_id, store)
    assert {trial.values["train.learning_rate"] for trial in found.trials} == {0.01, 0.1, 1.0}
    assert found.counts == {"finished": 3}
    assert [state for state, _ in told(sweep_id, config, store).values()] == ["FAIL", *["COMPLETE"] * 3]


def test_what_a_trial_was_to_try_that_was_stopped_as_it_began_is_tried_when_it_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = sweep.create(sweeps.config(), store)
    really = study.ask

    def stopped_meanwhile(*arguments: Any) -> Any:
        answer = really(*arguments)
        steering.stop_at_once(queue.active_trials(sweep_id, store)[0].id, store)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(study, "ask", stopped_meanwhile)
        sweeps.train_next(store)
    sweep.requeue(sweep_id, store)
    found = sweeps.train_all(sweep_id, store)
    assert found.counts == {"finished": 3}
    assert {trial.values["train.learning_rate"] for trial in found.trials} == {0.01, 0.1, 1.0}


def test_what_a_worker_could_not_tell_is_told_by_whoever_begins_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sweeps.config()
    sweep_id = sweep.create(config, store)
    with monkeypatch.context() as patch:
        patch.setattr(trials, "end", lambda *_: None)  # as if it had been killed just then
        sweeps.train_next(store)
    assert told(sweep_id, config, store)[0][0] == "RUNNING"
    seen: list[str] = []
    sweeps.train_next(store, lambda _: seen.append(told(sweep_id, config, store)[0][0]))
    assert seen[0] == "COMPLETE"


def test_a_trial_that_goes_on_elsewhere_or_may_be_resumed_is_still_open(store: Store) -> None:
    config = sweeps.config()
    sweep_id = sweep.create(config, store)
    with pytest.raises(Killed):
        sweeps.train_next(store, after_step(2, kill))
    second = queue.waiting(store)[0].id
    sweeps.train_next(store, after_step(2, lambda: steering.stop(second, store)))
    assert store.run(second).state == "stopped"
    sweeps.train_next(store)
    assert [state for state, _ in told(sweep_id, config, store).values()] == ["RUNNING", "RUNNING", "COMPLETE"]


def test_trial_that_another_worker_has_just_begun_is_left_to_it(store: Store) -> None:
    config = sweeps.config()
    sweep_id = sweep.create(config, store)
    found = study.load(store.url, sweep_id, config)
    begun, _ = study.ask(found, config)  # and its row is about to be written
    study.give_up_orphan(found, study.open_trials(found)[0])
    assert study.is_open(found, begun.number)


def test_the_study_learns_what_a_trial_comes_to_that_was_stopped_early_and_is_resumed_by_hand(store: Store) -> None:
    rates = {"setting": "train.learning_rate", "options": [0.2, 0.25, 0.3, 1e-5]}
    config = sweeps.config(rates, train={"epochs": 4}, pruner="median")
    sweep_id = sweep.create(config, store)
    stopped = sweeps.train_all(sweep_id, store).trials[3]
    assert stopped.is_pruned
    steering.requeue(stopped.run.id, store)
    whole = sweeps.train_all(sweep_id, store).trials[3]
    assert whole.run.state == "finished"
    ends = list(told(sweep_id, config, store).values())
    assert ends[3:] == [("PRUNED", stopped.last_accuracy), ("COMPLETE", whole.accuracy)]
    sweeps.train_all(sweep_id, store)
    assert list(told(sweep_id, config, store).values()) == ends  # told once

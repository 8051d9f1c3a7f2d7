"""Sweeps in the store: trials ask when they begin, report, are pruned, fail, are stopped, killed and gone on with."""

import pytest
from optuna.trial import TrialState

from mnistlab import queue, schema, steering, study, sweep, training, trials
from mnistlab.errors import RunNotFoundError, StudyError, SweepNotFoundError
from mnistlab.events import EpochEnded
from mnistlab.store import Store
from tests import sweeps, tiny
from tests.acting import after_step
from tests.sweeps import ADAPTIVE, told

pytestmark = pytest.mark.usefixtures("talkative")


def test_trials_wait_without_values_until_they_are_claimed(store: Store) -> None:
    config = sweeps.config()
    sweep_id = sweep.create(config, store, "ann")
    found = sweep.find(sweep_id, store)
    assert [(trial.state, trial.number, trial.values) for trial in found.trials] == [("queued", None, {})] * 3
    assert {trial.run.owner for trial in found.trials} == {"ann"}
    run_id = sweeps.train_next(store)
    run = store.run(run_id)
    assert (run.trial, run.config.train.learning_rate) == (0, 0.01)


def test_grid_tries_each_combination_once_and_the_best_is_first(store: Store) -> None:
    config = sweeps.config(sweeps.RATES, {"setting": "model.activation", "options": ["relu", "tanh"]})
    found = sweeps.train_all(sweep.create(config, store), store)
    assert found.counts == {"finished": 6}
    tried = {(trial.values["train.learning_rate"], trial.values["model.activation"]) for trial in found.trials}
    assert tried == {(rate, name) for rate in (0.01, 0.1, 1.0) for name in ("relu", "tanh")}
    accuracies = [trial.accuracy for trial in found.ranked]
    assert accuracies == sorted(accuracies, reverse=True)
    assert found.best is found.ranked[0]


def test_study_is_told_what_the_store_knows(store: Store) -> None:
    config = sweeps.config()
    found = sweeps.train_all(sweep.create(config, store), store)
    assert told(found.id, config, store) == {trial.number: ("COMPLETE", trial.accuracy) for trial in found.trials}


def test_same_seed_gives_the_same_trials_one_after_the_other(store: Store) -> None:
    both = [sweeps.train_all(sweep.create(sweeps.config(**ADAPTIVE, seed=3), store), store) for _ in range(2)]
    assert [trial.values for trial in both[0].trials] == [trial.values for trial in both[1].trials]
    assert len({trial.values["train.learning_rate"] for trial in both[0].trials}) == 6
    other = sweeps.train_all(sweep.create(sweeps.config(**ADAPTIVE, seed=4), store), store)
    assert other.trials[0].values != both[0].trials[0].values


def test_two_workers_that_ask_at_once_are_given_different_values(store: Store) -> None:
    config = sweeps.config(**ADAPTIVE, seed=1)
    sweep_id = sweep.create(config, store)
    for _ in range(config.num_startup):
        sweeps.train_next(store)
    both = [study.load(store.url, sweep_id, config) for _ in range(2)]
    values = [study.ask(one, config)[1]["train.learning_rate"] for one in both]
    assert values[0] != values[1]


def test_trial_reads_no_test_image(store: Store) -> None:
    sweeps.train_all(sweep.create(sweeps.config(), store), store)
    for run in store.runs():
        assert (run.state, run.result) == ("finished", None)
        with pytest.raises(RunNotFoundError):
            store.weights(run.id, "answers")


def test_trial_is_tested_once_it_is_picked_for_more_epochs_and_its_rank_stays(store: Store) -> None:
    found = sweeps.train_all(sweep.create(sweeps.config(), store), store)
    assert found.best is not None
    steering.extend(found.best.run.id, 3, store)
    sweeps.train_next(store)
    run = store.run(found.best.run.id)
    assert run.result is not None
    assert 0 < run.result["test_accuracy"] <= 1
    again = sweep.find(found.id, store)
    assert [trial.accuracy for trial in again.trials] == [trial.accuracy for trial in found.trials]


def test_trial_that_lags_behind_is_pruned_and_can_go_on_by_itself(store: Store) -> None:
    rates = {"setting": "train.learning_rate", "options": [0.2, 0.25, 0.3, 1e-5]}
    config = sweeps.config(rates, train={"epochs": 4}, pruner="median")
    found = sweeps.train_all(sweep.create(config, store), store)
    assert found.counts == {"finished": 3, "pruned": 1}
    pruned = found.trials[3]
    assert pruned.run.error is not None
    assert pruned.run.error.startswith("Pruned after epoch 1 of 4: with a validation accuracy of ")
    assert f"{100 * pruned.accuracies[1]:.2f} % it was behind" in pruned.run.error
    assert (pruned.accuracy, list(pruned.accuracies)) == (None, [1])
    assert pruned.run.shown_state == "pruned"
    assert told(found.id, config, store)[3] == ("PRUNED", pruned.last_accuracy)
    steering.requeue(pruned.run.id, store)
    sweeps.train_next(store)
    assert store.run(pruned.run.id).result is not None  # an ordinary run by now


def test_hyperband_lets_only_some_go_on(store: Store) -> None:
    rates = {"setting": "train.learning_rate", "options": [0.3, 0.2, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 0.25]}
    found = sweeps.train_all(sweep.create(sweeps.config(rates, train={"epochs": 9}, pruner="hyperband"), store), store)
    assert found.counts["pruned"] > 0
    assert found.best is not None
    assert found.best.values["train.learning_rate"] in (0.3, 0.2, 0.25)


def test_trial_that_fails_is_a_failed_trial_and_the_sweep_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sweeps.config({"setting": "train.train_size", "options": [100, 501, 200]})  # there are 500
    found = sweeps.train_all(sweep.create(config, store), store)
    assert [trial.state for trial in found.trials] == ["finished", "failed", "finished"]
    assert "Choose 1 to 500, or 0 for all" in str(found.trials[1].run.error)
    assert [state for state, _ in told(found.id, config, store).values()] == ["COMPLETE", "FAIL", "COMPLETE"]


def test_failed_trial_that_comes_to_its_end_after_all_is_told_once(store: Store) -> None:
    config = sweeps.config()
    sweep_id = sweep.create(config, store)
    run_id = sweeps.train_next(store)
    its_study = study.load(store.url, sweep_id, config)
    asked = its_study.ask()
    study.tell(its_study, asked.number, TrialState.FAIL)
    store.change(run_id, {"trial": asked.number}, ["finished"])  # as if it had failed before
    for _ in range(2):
        trials.catch_up(its_study, sweep_id, config, store)
    copies = [one for one in its_study.trials if one.user_attrs.get("instead of") == asked.number]
    accuracy = store.epochs(run_id)[-1].validation_accuracy
    assert [(one.state, one.value) for one in copies] == [(TrialState.COMPLETE, accuracy)]


def test_stopped_sweep_empties_the_queue_and_goes_on_where_it_was(store: Store) -> None:
    config = sweeps.config(train={"epochs": 3})
    sweep_id = sweep.create(config, store)
    run_id = sweeps.train_next(store, after_step(7, lambda: sweep.stop(sweep_id, store)))
    stopped = sweep.find(sweep_id, store)
    assert stopped.counts == {"stopped": 3}
    assert not queue.waiting(store)
    assert stopped.can_be_resumed
    assert store.run(run_id).step == 7
    before = store.run(run_id).config
    sweep.requeue(sweep_id, store)
    found = sweeps.train_all(sweep_id, store)
    assert (found.counts, store.run(run_id).config) == ({"finished": 3}, before)
    assert [trial.number for trial in found.trials] == [0, 1, 2]


def test_a_sweep_that_is_stopped_stops_no_run_but_its_own(store: Store) -> None:
    theirs, by_hand = sweep.create(sweeps.config(), store), store.create(tiny.config())
    ours = sweep.create(sweeps.config(), store)
    mine = [trial.run.id for trial in sweep.find(ours, store).trials]
    assert [run.id for run in queue.active_trials(ours, store)] == mine
    following = sweep.next_waiting(ours, store)
    assert following is not None
    assert following.id == mine[0]
    store.claim(mine[0], "host:1")
    store.change(mine[0], {"heartbeat": 0}, ["running"])  # its worker sleeps with its laptop, and may wake
    assert sweep.find(ours, store).counts == {"lost": 1, "queued": 2}
    sweep.stop(ours, store)
    assert sweep.find(ours, store).counts == {"stopped": 3}
    assert sweep.find(theirs, store).counts == {"queued": 3}
    assert store.run(by_hand).state == "queued"


def test_a_sweep_goes_on_as_long_as_a_trial_waits_or_runs(store: Store) -> None:
    sweep_id = sweep.create(sweeps.config(), store)
    first, second, third = (trial.run.id for trial in sweep.find(sweep_id, store).trials)
    store.claim(first, "host:1")
    steering.stop(second, store)
    assert sweep.find(sweep_id, store).counts == {"running": 1, "stopped": 1, "queued": 1}
    assert sweep.find(sweep_id, store).is_active
    steering.stop(third, store)
    assert sweep.find(sweep_id, store).is_active
    steering.stop_at_once(first, store)
    assert not sweep.find(sweep_id, store).is_active


def test_resume_leaves_pruned_and_failed_trials_alone(store: Store) -> None:
    rates = {"setting": "train.learning_rate", "options": [0.2, 0.25, 0.3, 1e-5]}
    sweep_id = sweep.create(sweeps.config(rates, train={"epochs": 4}, pruner="median"), store)
    before = sweeps.train_all(sweep_id, store)
    sweep.requeue(sweep_id, store)
    assert sweep.find(sweep_id, store).counts == before.counts == {"finished": 3, "pruned": 1}


def test_deleted_trial_is_no_longer_part_of_its_sweep(store: Store) -> None:
    found = sweeps.train_all(sweep.create(sweeps.config(), store), store)
    assert found.best is not None
    store.delete(found.best.run.id)
    assert sweep.find(found.id, store).best == found.ranked[1]


def test_study_whose_file_is_gone_fails_the_trial_with_a_sentence(store: Store, lab: object) -> None:
    sweep_id = sweep.create(sweeps.config(), store)
    study._storage.cache_clear()
    (file,) = lab.glob("sweeps/*.journal")  # type: ignore[attr-defined]
    file.unlink()
    run_id = sweeps.train_next(store)
    run = store.run(run_id)
    assert run.state == "failed"
    assert run.error is not None
    assert f"The study of the sweep {sweep_id} is missing." in run.error


def test_unknown_sweep_is_told_by_name(store: Store) -> None:
    for wrong in ("abcdefgh", "../../etc", ""):
        for do in (sweep.find, sweep.stop, sweep.resume):
            with pytest.raises(SweepNotFoundError, match="There is no sweep"):
                do(wrong, store)


def test_newest_sweep_is_listed_first_with_its_progress(store: Store) -> None:
    first, second = (sweep.create(sweeps.config(), store, owner) for owner in ("ann", "bob"))
    assert sweep.newest(store) == [(second, "bob"), (first, "ann")]
    sweeps.train_next(store)
    assert sweep.progress([first, second], store) == {first: (1, 3), second: (0, 3)}


def test_study_that_does_not_answer_lets_a_trial_go_on_unjudged(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bool:
        raise StudyError("no answer")

    monkeypatch.setattr(study, "report", refuse)
    sweep_id = sweep.create(sweeps.config(pruner="median"), store)
    sweeps.train_next(store)
    assert sweep.find(sweep_id, store).trials[0].state == "finished"


def test_fewer_training_images_are_among_more_and_are_all_that_is_learned_from(tiny_dataset: object) -> None:
    some = tiny_dataset.train_of(50).images.tobytes()  # type: ignore[attr-defined]
    more = {image.tobytes() for image in tiny_dataset.train_of(200).images}  # type: ignore[attr-defined]
    assert {some[at : at + 784] for at in range(0, len(some), 784)} <= more
    held_out = {image.tobytes() for image in tiny_dataset.validation.images}  # type: ignore[attr-defined]
    assert not more & held_out
    events = list(training.train(tiny.config(train_size=50, batch_size=25), tiny_dataset))  # type: ignore[arg-type]
    assert [one.step for one in events if isinstance(one, EpochEnded)] == [0, 2, 4]


def test_sweep_of_sixty_does_not_block_a_classmate_nor_its_owners_own_run(store: Store) -> None:
    many = {"setting": "train.seed", "low": 0, "high": 59}
    sweep.create(sweeps.config(many, sampler="random", num_trials=60), store, "ann")
    first = queue.take(store, "host:1", "ticket")
    assert first is not None  # ann's first trial has the only worker
    bobs, anns = store.create(tiny.config(), "bob"), store.create(tiny.config(), "ann")
    assert [run.id for run in queue.waiting(store)][:1] == [bobs]
    store.claim(bobs, "host:1")
    assert queue.waiting(store)[0].id == anns
    assert len(queue.waiting(store)) == 60


def test_an_older_database_gets_the_table_of_sweeps(store: Store) -> None:
    with store.transaction() as connection:
        schema.sweeps.drop(connection)
    assert sweep.newest(Store()) == []


def test_open_trial_states_are_those_of_optuna(store: Store) -> None:
    config = sweeps.config()
    sweep_id = sweep.create(config, store)
    its_study = study.load(store.url, sweep_id, config)
    assert [one.state for one in its_study.trials] == [TrialState.WAITING] * 3
    study.ask(its_study, config)
    assert [one.number for one in study.open_trials(its_study)] == [0]
    study.tell(its_study, 0, TrialState.COMPLETE, 0.5)
    study.tell(its_study, 0, TrialState.FAIL)  # too late
    assert its_study.trials[0].state == TrialState.COMPLETE


def test_trial_that_is_given_more_epochs_keeps_its_place_where_epochs_are_varied(store: Store) -> None:
    config = sweeps.config({"setting": "train.epochs", "low": 1, "high": 2, "points": 2})
    found = sweeps.train_all(sweep.create(config, store), store)
    before = {trial.number: (trial.values, trial.accuracy) for trial in found.trials}
    (first,) = [trial for trial in found.trials if trial.number == 0]
    steering.extend(first.run.id, 2, store)
    steering.extend(first.run.id, 1, store)  # nothing: it waits already
    after = sweeps.train_all(found.id, store)
    assert {trial.number: (trial.values, trial.accuracy) for trial in after.trials} == before
    assert store.run(first.run.id).config.train.epochs == 3


def test_a_sweep_of_another_version_keeps_no_other_from_being_listed(store: Store) -> None:
    ours, theirs = (sweep.create(sweeps.config(), store) for _ in range(2))
    text = sweep.find(theirs, store).config.model_dump_json().replace("learning_rate", "nothere")
    with store.transaction() as connection:
        connection.execute(schema.sweeps.update().where(schema.sweeps.c.id == theirs).values(config=text))
    assert [one.id for one in sweep.latest(store)] == [ours]
    for read in (sweep.find, sweep.config_of):
        with pytest.raises(SweepNotFoundError, match=f"'{theirs}' was made by another version of mnistlab"):
            read(theirs, store)


def test_a_trial_of_another_version_is_left_out(store: Store) -> None:
    sweep_id = sweep.create(sweeps.config(), store)
    first, *others = sweep.find(sweep_id, store).trials
    with store.transaction() as connection:
        connection.execute(schema.runs.update().where(schema.runs.c.id == first.run.id).values(config='{"new": 1}'))
    assert [trial.run.id for trial in sweep.find(sweep_id, store).trials] == [trial.run.id for trial in others]

"""A sweep on a laptop and in a lab, with real workers: one is killed in it, and nothing but time is lost."""

from collections.abc import Callable

import psutil

from mnistlab import jobs, study, sweep
from mnistlab.store import Store
from mnistlab.sweep_config import parse_sweep
from mnistlab.sweep_state import Sweep
from tests import acting
from tests.trust.conftest import Place
from tests.trust.test_killed import PATIENCE, worker_of

TRIALS = 12
BASE = {
    "model": {"hidden": (16,)},
    "train": {"batch_size": 100, "epochs": 3, "validation_size": 1000, "train_size": 5000, "device": "cpu"},
}
RATES = {"setting": "train.learning_rate", "low": 0.01, "high": 1}


def wait_for(store: Store, sweep_id: str, is_there: Callable[[Sweep], bool]) -> Sweep:
    """Look at a sweep once in a while, as its page does, until it is as wanted."""

    def look() -> Sweep:
        if store.runs(states=["queued"]):
            jobs.wake(store)  # as the sidebar of every page does
        return sweep.find(sweep_id, store)

    return acting.wait_for(look, is_there, PATIENCE)


def test_worker_killed_in_a_sweep_costs_no_trial_and_no_value_is_asked_for_twice(place: Place) -> None:
    config = parse_sweep({"base": BASE, "parameters": (RATES,), "sampler": "tpe", "num_trials": TRIALS})
    sweep_id = sweep.start(config, place.store)
    running = wait_for(
        place.store,
        sweep_id,
        lambda one: any(trial.run.step > 5 and trial.run.state == "running" for trial in one.trials),
    )
    victim = next(trial.run for trial in running.trials if trial.run.state == "running" and trial.number is not None)
    psutil.Process(worker_of(victim)).kill()
    done = wait_for(place.store, sweep_id, lambda one: not one.is_active)
    assert done.counts == {"finished": TRIALS}
    assert sorted(trial.number or 0 for trial in done.trials) == list(range(TRIALS))
    values = {trial.run.id: trial.values for trial in done.trials}
    assert values[victim.id]["train.learning_rate"] == victim.config.train.learning_rate
    assert len({str(one) for one in values.values()}) == TRIALS
    its_study = study.load(place.store.url, sweep_id, config)
    ended = acting.wait_for(  # the last worker tells after it has closed its run
        lambda: its_study.trials, lambda trials: {trial.state.name for trial in trials} == {"COMPLETE"}, PATIENCE
    )
    told = {trial.number: trial.value for trial in ended}
    assert told == {trial.number: trial.accuracy for trial in done.trials}


def test_both_workers_take_trials_and_a_stopped_sweep_stops_within_seconds(place: Place) -> None:
    config = parse_sweep({"base": BASE, "parameters": (RATES,), "sampler": "random", "num_trials": 40})
    sweep_id = sweep.start(config, place.store)
    wait_for(place.store, sweep_id, lambda one: len({t.run.worker for t in one.trials if t.run.worker}) == 2)
    sweep.stop(sweep_id, place.store)
    stopped = wait_for(place.store, sweep_id, lambda one: not one.is_active)
    assert stopped.can_be_resumed
    assert stopped.counts["failed"] == 0

"""What a study tries next, and which trials it ends: Optuna's samplers and pruners as a sweep uses them."""

from collections.abc import Callable

import optuna
from optuna.trial import TrialState

from mnistlab import study
from mnistlab.store import Store
from mnistlab.sweep_config import SweepConfig
from tests import sweeps

RATE = "train.learning_rate"
RATES = {"setting": RATE, "low": 1e-4, "high": 10, "points": 3}


def begun(store: Store, config: SweepConfig, name: str = "one") -> optuna.Study:
    study.create(store.url, name, config)
    return study.load(store.url, name, config)


def next_rate(of: optuna.Study, config: SweepConfig) -> float:
    return float(study.ask(of, config)[1][RATE])


def guessed(store: Store, config: SweepConfig, judge: Callable[[float], float], name: str = "one") -> optuna.Study:
    """A study whose first guesses are over, each with the accuracy that `judge` gives its rate."""
    found = begun(store, config, name)
    for number in range(config.num_startup):
        study.tell(found, number, TrialState.COMPLETE, judge(next_rate(found, config)))
    return found


def test_after_its_first_guesses_tpe_goes_by_what_they_came_to(store: Store) -> None:
    config = sweeps.config(RATES, sampler="tpe", num_trials=12, seed=1)
    assert config.num_startup == 4
    low = guessed(store, config, lambda rate: 1 - rate / 10, "low")
    high = guessed(store, config, lambda rate: rate / 10, "high")
    assert next_rate(low, config) < next_rate(high, config) / 10


def test_trials_that_begin_side_by_side_do_not_crowd_at_one_place(store: Store) -> None:
    config = sweeps.config(RATES, sampler="tpe", num_trials=30)
    found = guessed(store, config, lambda rate: 1 - rate / 10)
    rates = [next_rate(found, config) for _ in range(8)]
    assert max(rates) > 100 * min(rates)


def test_hyperband_ends_who_lags_while_nobody_is_finished(store: Store) -> None:
    config = sweeps.config(RATES, sampler="random", num_trials=9, train={"epochs": 9}, pruner="hyperband")
    found = begun(store, config)
    hopeless = []
    for number in range(9):
        trial, _ = study.ask(found, config)
        study.report(trial, {1: 0.9 - number / 10})
        hopeless.append(study.is_hopeless(trial))
    assert not hopeless[0]
    assert any(hopeless)

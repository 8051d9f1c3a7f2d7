"""Which settings of a sweep mattered, beside what chance would make of settings that do not matter."""

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution

from mnistlab import importance
from mnistlab.importance import chance, evaluator

NAMES = ("one", "another", "a third")


def a_study(num_trials: int, weight: float, seed: int = 0) -> optuna.Study:
    """Trials whose result is noise and, weighted, how near their first setting is to 0.5."""
    generator = np.random.default_rng(seed)
    study = optuna.create_study(direction="maximize")
    for _ in range(num_trials):
        params = {name: float(generator.random()) for name in NAMES}
        value = float(generator.normal()) - weight * abs(params["one"] - 0.5)
        space = {name: FloatDistribution(0, 1) for name in NAMES}
        study.add_trial(optuna.create_trial(value=value, params=params, distributions=space))
    return study


def shares(study: optuna.Study) -> dict[str, float]:
    found = evaluator(study).evaluate(study)
    return {name: one / sum(found.values()) for name, one in found.items()}


def test_where_nothing_matters_few_settings_get_beyond_their_mark() -> None:
    beyond = 0
    for seed in range(12):
        study = a_study(25, weight=0, seed=seed)
        marks, found = chance(study), shares(study)
        beyond += sum(found[name] > marks[name] for name in NAMES)
    assert beyond <= 6  # of 36, where one in twenty is meant to


@pytest.mark.parametrize("num_trials", [25, 60])
def test_what_matters_gets_beyond_its_mark(num_trials: int) -> None:
    study = a_study(num_trials, weight=30)
    marks, found = chance(study), shares(study)
    assert [name for name in NAMES if found[name] > marks[name]] == ["one"]


@pytest.mark.parametrize(("num_trials", "share"), [(0, 0.5), (8, 0.5), (20, 0.25), (50, 0.1), (80, 0.1)])
def test_the_best_are_a_tenth_and_at_least_five_trials_where_that_is_not_most(
    num_trials: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importance, "PedAnovaImportanceEvaluator", lambda target_quantile: target_quantile)
    study = a_study(num_trials, weight=0)
    study.ask()  # has no result yet
    assert importance.evaluator(study) == pytest.approx(share)


def test_marks_are_the_same_each_time() -> None:
    study = a_study(12, weight=1)
    assert chance(study) == chance(study)
    assert all(0 < mark <= 1 for mark in chance(study).values())

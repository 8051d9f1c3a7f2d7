"""How much each setting of a sweep mattered: PED-ANOVA, which needs nothing but NumPy.

Source: Watanabe, Bansal and Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
Subspaces", 2023; Optuna's implementation. It compares where the best trials lie with where all of them do.
"""

import warnings

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import TrialState

_SHUFFLES = 40
_SELDOM = 95  # the percentile of what chance reaches
_FEW, _MOST = 5, 0.5  # the best are at least five trials, but at most half of all


def evaluator(study: optuna.Study) -> PedAnovaImportanceEvaluator:
    """The evaluator for a study of this size: the best tenth of its trials, or more where that is too few."""
    finished = len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]))
    return PedAnovaImportanceEvaluator(target_quantile=min(_MOST, max(0.1, _FEW / max(1, finished))))


def chance(study: optuna.Study) -> dict[str, float]:
    """How much each setting would seem to matter in 1 of 20 cases if none did, as a share of all, 0 to 1.

    The accuracies are shuffled among the finished trials, again and again; what still seems to matter is chance.
    """
    finished = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    # It warns each time that it looks for low targets; these are the negated accuracies.
    warnings.filterwarnings("ignore", "PedAnovaImportanceEvaluator computes")
    judge, generator = evaluator(study), np.random.default_rng(0)
    values, numbers = [trial.value or 0.0 for trial in finished], [trial.number for trial in finished]
    shares: dict[str, list[float]] = {}
    for _ in range(_SHUFFLES):
        found = _importances(judge, study, dict(zip(numbers, generator.permutation(values), strict=True)))
        for name, importance in found.items():
            shares.setdefault(name, []).append(importance / (sum(found.values()) or 1))
    return {name: float(np.percentile(each, _SELDOM)) for name, each in shares.items()}


def _importances(
    judge: PedAnovaImportanceEvaluator, study: optuna.Study, accuracies: dict[int, float]
) -> dict[str, float]:
    """How much each setting would seem to matter if the trials of these numbers had reached these accuracies."""
    return judge.evaluate(study, target=lambda trial: -accuracies[trial.number])

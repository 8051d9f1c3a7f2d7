"""How much each setting of a sweep mattered: PED-ANOVA, which needs nothing but NumPy.

Source: Watanabe, Bansal and Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
Subspaces", 2023; Optuna's implementation. It compares where the best trials lie with where all of them do.
"""

import optuna
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import TrialState

_FEW, _MOST = 5, 0.5  # the best are at least five trials, where that is not more than half of all


def evaluator(study: optuna.Study) -> PedAnovaImportanceEvaluator:
    """The evaluator for a study of this size: the best tenth of its trials, and not so few that they are chance."""
    finished = len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]))
    return PedAnovaImportanceEvaluator(target_quantile=min(_MOST, max(0.1, _FEW / max(1, finished))))

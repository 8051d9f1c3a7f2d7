"""Trials of a sweep whose training diverges: the study is told, and so is whoever looks at the run."""

import pytest

from mnistlab import study, sweep
from mnistlab.errors import StudyError
from mnistlab.store import Store
from tests import sweeps
from tests.sweeps import told

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

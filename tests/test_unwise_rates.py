"""A learning rate that was raised too far by hand: the run ends, says so, and does not do it again when resumed."""

import json

import pytest

from mnistlab import execution, recorder, steering
from mnistlab.cli import main
from mnistlab.config import TrainConfig
from mnistlab.optimizers import LearningRate
from mnistlab.store import Store
from tests import tiny
from tests.acting import after_step

CONFIG = tiny.config({"hidden": (64, 64), "activation": "none"}, learning_rate=0.01, epochs=20)


@pytest.mark.usefixtures("talkative")
def test_a_run_whose_rate_was_raised_too_far_goes_on_at_the_rate_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", 0)
    run_id = store.create(CONFIG)

    def raise_it() -> None:
        monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", 1e9)  # it is over long before another one is due
        steering.set_learning_rate(run_id, 100, store)

    execution.execute(store, run_id, after_step(5, raise_it))
    run = store.run(run_id)
    assert run.state == "failed"
    assert (run.error or "").endswith(
        "The change to 100 is taken back: Resume goes on from the last checkpoint at 0.01."
    )
    assert 0 < run.step < 100
    assert steering.requeue(run_id, store)
    execution.execute(store, run_id)
    resumed = store.run(run_id)
    assert (resumed.state, resumed.error, resumed.rate_changes) == ("finished", None, ())


@pytest.mark.usefixtures("talkative")
def test_a_checkpoint_younger_than_the_change_is_told_to_be_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_CHECKPOINT_EVERY", 0)  # after each step, as in slow motion
    run_id = store.create(CONFIG)
    execution.execute(store, run_id, after_step(5, lambda: steering.set_learning_rate(run_id, 100, store)))
    run, kept = store.run(run_id), store.weights_step(run_id, "checkpoint")
    assert run.state == "failed"
    assert kept is not None
    changed_at = 5
    assert kept > changed_at
    assert (run.error or "").endswith(
        f"It is {kept - changed_at} steps younger than the change; should it fail again, start anew."
    )


@pytest.mark.parametrize(
    ("rates", "taken_back", "left"),
    [
        ([], None, []),
        ([5.0], (5.0, 0.1), []),
        ([0.5, 5.0], (5.0, 0.5), [0.5]),
        ([0.01], None, [0.01]),  # lowered in vain: the rate before would be worse still
        ([5.0, 0.5], None, [5.0, 0.5]),
    ],
)
def test_only_a_last_change_that_raised_the_rate_is_taken_back(
    rates: list[float], taken_back: tuple[float, float] | None, left: list[float]
) -> None:
    rate = LearningRate(TrainConfig(learning_rate=0.1), 100, [(10 * i, one) for i, one in enumerate(rates)])
    assert rate.undo_rise() == taken_back
    assert [one for _, one in rate.changes] == left


def test_stopping_a_foreground_run_by_force_says_what_is_left_to_do(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its process may be on another computer, where nobody here can end it."""
    run_id = store.create(CONFIG)
    attempt = store.claim(run_id, "elsewhere:123")
    assert attempt is not None
    assert main(["stop", run_id, "--force", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "stopped"
    assert "taken from elsewhere:123" in told["said"]
    assert "can write nothing more" in told["said"]
    assert store.log(run_id, attempt).leave
    assert store.run(run_id).state == "stopped"


def test_stopping_an_engines_run_by_force_is_told_in_a_word(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    monkeypatch.setattr("mnistlab.tickets.end_worker_of", ended.append)
    run_id = store.create(CONFIG)
    store.claim(run_id, "host:1", "ticket")
    assert main(["stop", run_id, "--force", "--json"]) == 0
    assert (json.loads(capsys.readouterr().out)["said"], ended) == ("stopped", ["ticket"])

"""How long a sweep takes: before it starts, by runs that took the same steps, and while it goes on, by its trials."""

from typing import Any

import pytest

from mnistlab import sweep
from mnistlab.config import AugmentConfig, RunConfig
from mnistlab.store import Store
from mnistlab.sweep_config import parse_sweep
from tests import sweeps
from tests.ui.test_pages import open_page, small_run
from tests.ui.test_sweep_page import SWEEP
from tests.ui.test_train_page import finished
from ui import time_estimate

RATES = {"setting": "train.learning_rate", "low": 0.01, "high": 1, "points": 4}


def varying(*parameters: dict[str, Any], **train: Any) -> float | None:
    """The seconds that a sweep of 55,000 images an epoch is said to take."""
    config = parse_sweep({"base": small_run(validation_size=5000, **train), "parameters": parameters})
    estimate = time_estimate.of_sweep(config)
    return None if estimate is None else estimate[0]


@pytest.fixture
def paced() -> str:
    """A run that learned from a thousand images a second."""
    run_id = finished(train_size=500)
    Store().change(run_id, {"images_per_second": 1000.0}, ["finished"])
    return run_id


def at_a_pace(config: RunConfig, images_per_second: float, state: str, seconds: float, attempt: int = 1) -> str:
    """A run that has been at work for so many seconds."""
    run_id = Store().create(config)
    told = {"state": state, "images_per_second": images_per_second, "seconds": seconds, "attempt": attempt}
    Store().change(run_id, told | {"heartbeat": 9e12, "ticket": "a"}, ["queued"])
    return run_id


def test_the_pace_is_that_of_the_latest_run_here_beyond_its_first_seconds() -> None:
    config = small_run(validation_size=5000)
    assert time_estimate.of_run(config) is None
    assert varying(RATES) is None
    at_a_pace(config, 1000, "finished", 60)
    latest = at_a_pace(config, 500, "stopped", 6)
    at_a_pace(config, 100, "running", 4)
    at_a_pace(config, 10, "finished", 60, attempt=0)  # imported from another computer
    assert time_estimate.of_run(config) == (pytest.approx(110), latest)
    short = at_a_pace(config, 2000, "finished", 1)  # whole, so that it will be as short again
    assert time_estimate.of_run(config) == (pytest.approx(27.5), short)
    for _ in range(50):
        Store().create(config)  # a class that waits does not push it out of sight
    assert time_estimate.of_run(config) == (pytest.approx(27.5), short)


@pytest.mark.parametrize(
    ("train", "augment", "seconds"),
    [({"epochs": 3}, {}, 165), ({"train_size": 500}, {}, 0.5), ({}, {"rotation": 10, "use": "double"}, 110)],
)
def test_a_run_takes_as_long_as_all_its_images(train: dict[str, Any], augment: dict[str, Any], seconds: float) -> None:
    config = small_run(validation_size=5000, **train).model_copy(update={"augment": AugmentConfig(**augment)})
    run_id = at_a_pace(config, 1000, "finished", 60)
    assert time_estimate.of_run(config) == (pytest.approx(seconds), run_id)


def test_nobody_knows_when_a_paused_run_is_done() -> None:
    config, store = small_run(validation_size=5000), Store()
    at_a_pace(config, 1000, "finished", 60)
    run_id = at_a_pace(config, 1000, "running", 60)
    assert time_estimate.left_of(store.run(run_id), time_estimate.paces()) == pytest.approx(55)
    store.change(run_id, {"pause_at": 0}, ["running"])
    assert time_estimate.left_of(store.run(run_id), time_estimate.paces()) is None


def test_a_sweep_takes_as_long_as_all_its_trials(paced: str) -> None:
    assert varying(RATES, epochs=2) == pytest.approx(4 * 2 * 55)
    assert varying(RATES, {"setting": "train.epochs", "options": (1, 3)}) == pytest.approx(8 * 3 * 55)


@pytest.mark.parametrize(
    "parameter",
    [
        {"setting": "width", "low": 8, "high": 64, "points": 2},
        {"setting": "train.batch_size", "low": 8, "high": 64, "points": 2},
        {"setting": "train.batch_size", "options": (1000, 64)},
        {"setting": "train.train_size", "options": (500, 2000)},
    ],
    ids=["width", "batch size", "the recipe's own and another", "images"],
)
def test_what_decides_how_long_a_trial_takes_cannot_be_judged_by_one_run(parameter: dict[str, Any], paced: str) -> None:
    assert varying(RATES) is not None
    assert varying(RATES, parameter) is None


def test_time_left_goes_by_the_pace_of_the_first_trial_and_by_how_early_trials_end() -> None:
    store = Store()
    sweep_id = sweep.create(sweeps.config(train={"epochs": 4}), store)
    first, second, _ = (trial.run.id for trial in sweep.find(sweep_id, store).trials)

    def left() -> str:
        (bar,) = open_page(SWEEP, sweep=sweep_id).main.get("progress")
        return bar.proto.text

    running = {"state": "running", "heartbeat": 9e12, "ticket": "a", "num_steps": 400}
    store.change(first, {**running, "step": 100, "epoch": 1.0, "seconds": 0.5}, ["queued"])
    assert left() == "1 running, 2 waiting"  # the first steps take longer than those that follow
    store.change(first, {"seconds": 10.0}, ["running"])
    assert left() == "1 running, 2 waiting, about 1 min 50 s left"  # 11 epochs of 10 s
    store.change(first, {"state": "stopped", "error": "Pruned: it lagged behind"}, ["running"])
    assert left() == "1 pruned, 2 waiting, about 20 s left"  # two more that end after one epoch
    store.change(second, {**running, "step": 200, "epoch": 2.0, "seconds": 20.0}, ["queued"])
    assert left() == "1 pruned, 1 running, 1 waiting, about 30 s left"

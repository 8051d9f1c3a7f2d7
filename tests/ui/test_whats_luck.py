"""Runs and Evaluate: what is said of repeats, of twins, of a sweep's trials, and of seeds that are still learning."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mnistlab import execution, sweep
from mnistlab.events import EpochEnded
from mnistlab.seeds import Group
from mnistlab.store import Store
from tests import sweeps, tiny
from tests.ui.test_evaluate_page import EVALUATE, finished_run
from tests.ui.test_pages import open_page, small_run
from tests.ui.test_runs_page import RUNS, cells, kept, said
from tests.ui.test_runs_page import tables as tables
from tests.ui.test_train_page import TRAIN, running
from ui import evaluations, models, run_charts, run_overlay
from ui.live_chart import ENDED
from ui.run_charts import Told

ONE_RECIPE = "what sets their networks apart is the seed"


@pytest.fixture
def trial() -> str:
    """A finished trial of a sweep, which is not tested."""
    store = Store()
    sweep_id = sweep.create(sweeps.config(), store, "me")
    sweeps.train_all(sweep_id, store)
    return sweep.find(sweep_id, store).trials[0].run.id


def test_twins_are_not_told_apart_by_a_seed_they_share() -> None:
    first, second = kept(0.9), kept(0.9)
    text = said(open_page(RUNS, runs=f"{first},{second}"))
    assert "the same recipe with the same seed" in text
    assert ONE_RECIPE not in text
    assert ONE_RECIPE in said(open_page(RUNS, runs=f"{first},{kept(0.8, seed=1)}"))


def test_seeds_stay_together_over_a_visit_to_another_page(tables: list[dict[str, Any]]) -> None:
    ids = [kept(seed=seed) for seed in range(8)]
    app = open_page(RUNS, runs=",".join(ids), runs_together="true")
    app.switch_page(TRAIN)
    app.query_params.clear()
    app.run()
    app.switch_page(RUNS)
    app.query_params.clear()
    app.run()
    assert not app.warning
    assert app.toggle(key="runs_together").value
    assert len(app.session_state["runs_chosen"]) == 8


def test_a_mean_of_very_different_seeds_ends_at_nothing_and_at_all(tables: list[dict[str, Any]]) -> None:
    ids = [kept(0.1), kept(0.97, seed=1)]
    open_page(RUNS, runs=",".join(ids), runs_together="true")
    row = max(ids, key=lambda run_id: Store().run(run_id).created)
    assert any("0.00\N{EN DASH}100.00" in cell for cell in cells(tables, row))


def test_a_trial_is_not_called_a_run_that_is_still_to_be_tested(trial: str) -> None:
    text = said(open_page(RUNS, runs=trial))
    assert "A sweep's trials are not tested" in text
    assert "when it is finished" not in text
    assert "when it is finished. A sweep's trials" in said(open_page(RUNS, runs=f"{trial},{stopped()}"))
    store = Store()
    waiting = sweep.find(sweep.create(sweeps.config(), store, "me"), store).trials[0].run.id
    assert "when it is finished" not in said(open_page(RUNS, runs=waiting))
    Store().change(trial, {"is_starred": True}, ["finished"])
    ladder = open_page(EVALUATE, model=trial, evaluate_view="ladder")
    assert "As a trial of a sweep this run was not tested" in " ".join(text.value for text in ladder.info)


def stopped() -> str:
    store = Store()
    run_id = store.create(small_run(epochs=3))
    execution.execute(store, run_id, wants_stop=lambda: store.run(run_id).step > 0)
    return run_id


def test_seeds_that_are_still_learning_wait_for_their_place_in_the_mean() -> None:
    group = Group(tuple(Store().run(kept(accuracy, seed=seed)) for seed, accuracy in enumerate((0.8, 0.9))))
    whole = [Told.read(run) for run in group.runs]
    begun = Told(replace(whole[0].run, state="running"), whole[0].curve, whole[0].epochs[:1])
    _, expected = run_overlay._curves(whole, 0, "recipe", "validation accuracy")
    _, mean = run_overlay._curves([*whole, begun], 0, "recipe", "validation accuracy")
    np.testing.assert_array_equal(mean.y, expected.y)
    assert len(run_overlay._curves([begun], 0, "recipe", "validation accuracy")) == 1


def test_a_hidden_layer_is_called_quick_only_while_it_is_kept() -> None:
    st.cache_resource.clear()  # another lab's store
    ids = [finished_run(train_size=500, seed=seed) for seed in range(3)]
    three = [models.choices()[run_id] for run_id in ids]
    picture = np.zeros((28, 28), np.float32)
    for model in three:
        evaluations.nearest_in_hidden_layer(model, picture, 1)
    assert [evaluations.is_compared(model) for model in three] == [False, True, True]
    evaluations.nearest_in_hidden_layer(three[1], picture, 1)
    evaluations.nearest_in_hidden_layer(three[0], picture, 1)
    assert [evaluations.is_compared(model) for model in three] == [True, True, False]


def in_depth(**more: str) -> AppTest:
    return open_page(EVALUATE, model="pen-cnn", evaluate_view="one digit", **more)


def test_another_digit_on_the_way_is_told() -> None:
    app = in_depth(evaluate_index="18", evaluate_towards="6")
    assert not app.exception
    assert "On the way to a 6 it becomes a 2 first" in " ".join(caption.value for caption in app.caption)


def test_repeats_that_are_on_their_way_are_not_asked_for() -> None:
    run_id = kept()
    assert "or repeat this one with other seeds" in said(open_page(RUNS, runs=run_id))
    Store().create(tiny.config())  # the same seed: no repeat
    assert "or repeat this one with other seeds" in said(open_page(RUNS, runs=run_id))
    Store().create(tiny.config(seed=1))
    assert "or wait for the same recipe with other seeds" in said(open_page(RUNS, runs=run_id))


@pytest.mark.parametrize("epochs", [1, 3])
def test_curves_are_compared_from_the_beginning(epochs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[float, float]] = []
    monkeypatch.setattr(run_overlay, "live_chart", lambda *_, x_range, **__: shown.append(x_range))
    run_id = finished_run(train_size=500, epochs=epochs)
    for chart in ("training accuracy", "training loss"):
        assert not open_page(RUNS, runs=run_id, runs_chart=chart).exception
    assert shown == [(0.0, epochs)] * 2


def test_runs_that_ended_before_their_first_point_leave_a_chart_that_begins_at_0_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run that ended within its first epoch has but one validation figure, that of epoch 0."""
    shown: list[tuple[tuple[float, float], str]] = []
    monkeypatch.setattr(run_overlay, "live_chart", lambda *_, x_range, empty, **__: shown.append((x_range, empty)))
    store = Store()
    run_id = store.create(tiny.config(), state="running")
    store.claim(run_id, "a worker")
    before = EpochEnded(0, 0, None, None, 2.3, 0.1, 0.0, 0.0)
    store.log(run_id, store.run(run_id).attempt, [], [before], num_steps=10)
    store.change(run_id, {"state": "stopped", "step": 4}, ["running"])
    assert not open_page(RUNS, runs=run_id, runs_chart="validation accuracy").exception
    assert shown == [((0.0, 1.0), ENDED)]


@pytest.mark.parametrize(
    ("state", "words"),
    [("stopped", "it ended before its first point"), ("running", "waiting for the first point")],
)
def test_a_chart_without_points_says_whether_any_will_come(
    state: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(run_charts, "live_chart", lambda series, *, empty, **_: drawn.append(empty))
    run_id = running(step=0, epoch=0.0)
    Store().change(run_id, {"state": state}, ["running"])
    assert not open_page(TRAIN, run=run_id).exception
    assert set(drawn) == {words}


def test_without_an_answer_nothing_is_said_about_it() -> None:
    runs = [Store().create(tiny.config(learning_rate=rate)) for rate in (0.1, 0.2)]
    app = open_page(RUNS, runs=",".join(runs))
    assert "There will be an answer once two of these are tested" in said(app)
    assert "This is about these trained networks" not in said(app)

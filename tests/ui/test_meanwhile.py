"""What others do meanwhile, and what was done before, does not make a page fail or say what is not so."""

from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mnistlab import keeping, schema, sweep
from mnistlab.config import parse_config
from mnistlab.data import Dataset
from mnistlab.drawings import Drawings
from mnistlab.errors import DataError, OtherVersionError
from mnistlab.ids import new_id
from mnistlab.store import Store
from tests import sweeps
from tests.kept import keep
from tests.ui.test_evaluate_page import EVALUATE, finished_run, said
from tests.ui.test_pages import html_of, open_page, small_run
from ui import acting, depth_links, identity, models, resources, run_view, sees_now, splits

ME = "a browser"
DRAW = "pages/7_Draw.py"


@pytest.fixture(autouse=True)
def _one_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "owner", lambda: ME)


def a_drawing(label: int) -> None:
    image = np.zeros((28, 28), np.float32)
    image[4:24, 13:15] = 1
    Drawings(Store()).add(image, label)


def of_another_version(sweep_id: str) -> None:
    store = Store()
    text = sweep.find(sweep_id, store).config.model_dump_json().replace("learning_rate", "nothere")
    with store.transaction() as connection:
        connection.execute(schema.sweeps.update().where(schema.sweeps.c.id == sweep_id).values(config=text))


@pytest.mark.parametrize("view", ["overview", "two models", "confidence", "hidden layer"])
def test_a_drawing_that_is_kept_while_drawings_are_read_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    for label in range(3):
        a_drawing(label)
    read, times = Drawings.split, [0]

    def reading(self: Drawings) -> Any:
        found = read(self)
        times[0] += 1
        if times[0] < 4:
            a_drawing(5)  # somebody else, just now
        return found

    monkeypatch.setattr(Drawings, "split", reading)
    app = open_page(EVALUATE, evaluate_view=view, evaluate_split="drawings")
    assert times[0] >= 4
    assert not app.exception
    assert not app.error


def test_a_split_and_its_version_are_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    a_drawing(1)
    read, kept = Drawings.split, []

    def reading(self: Drawings) -> Any:
        found = read(self)
        if not kept:
            kept.append(a_drawing(2))
        return found

    monkeypatch.setattr(Drawings, "split", reading)
    split, version = splits.taken("drawings", small_run())
    assert len(split) == 2
    assert version == Drawings(Store()).version()


def test_two_models_of_which_one_was_steered_or_stopped_are_not_called_one_recipe() -> None:
    first, second = finished_run(), finished_run(seed=1)
    store = Store()
    app = open_page(EVALUATE, model=first, other=second, evaluate_view="two models")
    assert "what sets them apart is luck alone" in said(app)
    store.change(second, {"rate_changes": "[[3, 0.5]]"}, ["finished"])
    app = open_page(EVALUATE, model=first, other=second, evaluate_view="two models")
    assert "luck alone" not in said(app)
    assert "change of the learning rate 0.5 from step 4 on instead of none." in said(app)
    store.change(second, {"rate_changes": "[]", "state": "stopped"}, ["finished"])
    app = open_page(EVALUATE, model=first, other=second, evaluate_view="two models")
    assert f"with seed 1 instead of 0, steps trained {store.run(second).step} instead of all." in said(app)


def test_a_run_that_was_stopped_is_not_called_the_network_of_one_that_finished() -> None:
    store = Store()
    whole, stopped = (keep(store, small_run(), 0.9) for _ in range(2))
    app = open_page("pages/8_Runs.py", runs=f"{whole},{stopped}")
    assert "so the same network" in said(app)
    store.change(stopped, {"state": "stopped", "step": 20}, ["finished"])
    app = open_page("pages/8_Runs.py", runs=f"{whole},{stopped}")
    assert "same network" not in said(app)
    assert "with steps trained 20 instead of all." in said(app)


def test_a_model_is_not_compared_with_itself_and_one_that_is_gone_is_told() -> None:
    first, second = finished_run(), finished_run(seed=1)
    app = open_page(EVALUATE, model=first, other=first, evaluate_view="two models")
    assert first not in app.selectbox(key="evaluate_other").options
    assert app.selectbox(key="evaluate_other").value != first
    app.selectbox(key="evaluate_model").select(second).run()
    assert not app.warning
    keeping.put_away(second, Store())
    app.run()
    assert f"no model called `{second}`" in app.warning[0].value


def test_a_model_that_reads_drawings_and_is_gone_is_told() -> None:
    first, second = finished_run(), finished_run(seed=1)
    app = open_page(DRAW, model=first)
    app.multiselect(key="draw_model").set_value([first, second]).run()
    assert not app.warning
    keeping.put_away(second, Store())
    app.run()
    (warning,) = app.warning
    assert f"no model called `{second}`; you see the others" in warning.value
    assert app.multiselect(key="draw_model").value == [first]


def test_drawings_that_nobody_has_kept_yet_lead_to_where_one_is_made() -> None:
    app = open_page(EVALUATE, evaluate_split="drawings")
    assert "say what it was" in app.info[0].value
    assert not app.error
    a_drawing(1)
    app.run()
    assert not app.info
    assert "1 drawn digit" in said(app)


def test_a_cell_opened_in_a_new_tab_shows_the_same_models() -> None:
    first, second = finished_run(), finished_run(seed=1)
    html = html_of(open_page(EVALUATE, model=first, evaluate_split="validation"))
    assert f'"Evaluate?model={first}&amp;evaluate_split=validation&amp;evaluate_true=4&amp;evaluate_read=9"' in html
    html = html_of(open_page(EVALUATE, model=first, other=second, evaluate_view="two models"))
    assert f'"Evaluate?model={first}&amp;other={second}&amp;evaluate_view=two+models&amp;evaluate_split=test' in html


def test_a_link_to_a_models_mistakes_shows_them_whatever_was_shown_before() -> None:
    first, second = finished_run(), finished_run(seed=1)
    app = open_page(EVALUATE, model=first, evaluate_view="ladder")
    app.switch_page("pages/8_Runs.py").run()
    app.switch_page(EVALUATE)
    app.query_params.clear()
    app.run()
    assert app.session_state["evaluate_view"] == "ladder"  # the menu's link names no model
    app.switch_page("pages/8_Runs.py").run()
    app.switch_page(EVALUATE)
    app.query_params.clear()
    app.query_params["model"] = second
    app.run()
    assert app.session_state["evaluate_view"] == "overview"
    assert app.selectbox(key="evaluate_model").value == second


def _acting() -> None:
    import streamlit as st

    from ui import acting

    def refused() -> None:
        from mnistlab import errors

        raise errors.ConfigError("It was not written.")

    acting.tell_problem("first")
    acting.tell_problem("second")
    st.button("Do it", key="do", on_click=acting.act, args=(refused,))


def test_why_a_deed_was_refused_is_told_once_and_outlives_a_refresh(monkeypatch: pytest.MonkeyPatch) -> None:
    app = AppTest.from_function(_acting).run()
    app.button(key="do").click().run()
    for _ in range(2):  # as a page does that refreshes itself
        app.run()
        assert [error.value for error in app.error] == ["It was not written."]
    monkeypatch.setattr(acting, "is_stale", lambda begun: True)
    assert not app.run().error


def test_a_data_set_that_is_not_here_is_not_fetched_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(name: str) -> None:
        raise AssertionError(f"{name} was fetched")

    monkeypatch.setattr(resources, "load_dataset", fetched)
    monkeypatch.setattr(resources, "is_downloaded", lambda name: False)
    with pytest.raises(DataError, match=r"KMNIST is not on this computer .* Choose it on Data"):
        resources.dataset("kmnist")


def test_a_run_on_other_data_is_asked_about_a_picture_of_these(
    monkeypatch: pytest.MonkeyPatch, tiny_dataset: Dataset
) -> None:
    store, asked = Store(), []
    run = store.run(keep(store, parse_config(small_run().model_dump() | {"dataset": "kmnist"}), 0.9))
    monkeypatch.setattr(resources, "dataset", lambda name: asked.append(name) or tiny_dataset)
    for is_here in (True, False):
        monkeypatch.setattr(sees_now, "is_downloaded", lambda name, is_here=is_here: is_here)
        sees_now._drawing(run)
    assert asked == ["kmnist", "mnist"]


def test_a_picture_is_looked_at_by_a_model_of_its_own_data_set() -> None:
    store = Store()
    values = small_run().model_dump() | {"dataset": "kmnist"}
    of_mnist, of_kmnist = finished_run(), keep(store, parse_config(values), 0.9)
    assert models.of_dataset("kmnist", "evaluate_model") == of_kmnist
    assert models.of_dataset("mnist", "evaluate_model") in (of_mnist, models.DEFAULT_MODEL)
    assert models.of_dataset("fashion-mnist", "evaluate_model") is None


def test_a_sweep_of_another_version_is_stopped_and_another_one_started() -> None:
    store = Store()
    theirs = sweep.create(sweeps.config(), store, ME)
    of_another_version(theirs)
    app = open_page("pages/9_Sweep.py")
    assert not app.exception
    assert f"The sweep `{theirs}` was made by another version of mnistlab." in app.warning[0].value
    app.button(key=f"sidebar_stop_{theirs}").click().run()
    assert not app.error
    assert {run.state for run in store.runs()} == {"stopped"}
    with pytest.raises(OtherVersionError):
        sweep.stop(theirs, store)  # none of its trials is left to be stopped
    app.button(key="sweep_start").click().run()
    assert not app.exception
    assert sweep.newest(store)[0][0] != theirs


def test_a_class_that_sweeps_does_not_bury_the_runs_to_compare_with() -> None:
    store = Store()
    mine, before = (keep(store, small_run(seed=seed), 0.9) for seed in range(2))
    sweep_id = new_id()
    for number in range(run_view._MOST_OVERLAYS):
        trial = keep(store, small_run(seed=number), 0.9)
        with store.transaction() as connection:
            where = schema.runs.c.id == trial
            connection.execute(schema.runs.update().where(where).values(sweep=sweep_id, trial=number, step=1))
    app = open_page("pages/5_Train.py", run=mine)
    assert not app.exception
    assert len(app.selectbox(key=f"train_overlay_{mine}").options) == 1
    app.selectbox(key=f"train_overlay_{mine}").select(before).run()
    assert app.selectbox(key=f"train_overlay_{mine}").value == before


def test_another_drawing_in_depth_is_explained_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {"evaluate_explained": 4, "evaluate_towards": 9})
    depth_links.remember(depth_links.DRAWING)
    assert st.session_state == {
        "evaluate_view": depth_links.VIEW,
        "evaluate_from": depth_links.DRAWING,
        "evaluate_index": 0,
    }

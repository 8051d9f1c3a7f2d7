"""The trials of sweeps on other pages: they are runs, but do not stand in the way of those started by hand."""

from mnistlab import execution, keeping, sweep
from mnistlab.classics import CLASSICS
from mnistlab.data import Dataset
from mnistlab.ids import new_id
from mnistlab.rows import insert_run
from mnistlab.store import Store
from tests import tiny
from tests.ui.test_pages import open_app, open_page
from tests.ui.test_sweep_page import finished as finished
from tests.ui.test_sweep_page import links_of
from tests.ui.test_train_page import said
from ui import models


def test_trial_on_train_says_that_it_was_not_tested_and_leads_back(finished: str) -> None:
    run = sweep.find(finished, Store()).trials[0].run
    app = open_page("pages/5_Train.py", run=run.id)
    assert not app.exception
    assert "it has not been tested" in said(app)
    assert f"sweep={finished}" in links_of(app)


def test_trials_do_not_push_a_run_from_the_overview_or_from_train() -> None:
    from tests.ui.test_pages import small_run

    store = Store()
    run_id = store.create(small_run(), state="stopped")
    sweep.create(CLASSICS["learning-rate"].config, store)
    assert f"run={run_id}" in links_of(open_app())
    assert f"run `{run_id}`" in said(open_page("pages/5_Train.py"))


def test_of_its_trials_only_those_with_a_star_or_asked_for_are_offered_as_models(finished: str) -> None:
    store = Store()
    first, second, third = (run.id for run in store.runs())
    assert not {first, second, third} & set(models.choices())
    keeping.set_star(second, True, store)
    assert {first, second, third} & set(models.choices([third])) == {second, third}


def test_many_trials_do_not_push_a_run_out_of_the_menu_of_models(finished: str, tiny_dataset: Dataset) -> None:
    store = Store()
    config = store.runs()[0].config
    run_id = store.create(config)
    execution.execute(store, run_id)
    with store.transaction() as connection:
        for _ in range(501):
            insert_run(connection, new_id(), config, None, "finished", sweep=finished)
    assert run_id in models.choices()


def test_run_that_has_kept_no_weights_is_no_model() -> None:
    store = Store()
    run_id = store.create(tiny.config(), state="running")
    store.claim(run_id, "a worker")
    store.change(run_id, {"state": "stopped", "step": 3}, ["running"])
    assert run_id not in models.choices([run_id])
    app = open_page("pages/5_Train.py", run=run_id)
    assert not app.exception
    assert f"model={run_id}" not in links_of(app)

"""Evaluate, entered by the menu: whose network is there, and what stays of the last visit."""

import pytest
from streamlit.testing.v1 import AppTest

from mnistlab import execution
from mnistlab.builtin import DEFAULT_MODEL
from mnistlab.store import Store
from tests import tiny
from tests.ui.test_evaluate_page import EVALUATE, said
from tests.ui.test_pages import open_page, small_run
from ui import identity

ME = "a browser"
HINT = "are the fours that it took for nines"


@pytest.fixture(autouse=True)
def _one_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "owner", lambda: ME)


def train_one(owner: str) -> str:
    run_id = Store().create(small_run(), owner=owner)
    execution.execute(Store(), run_id)
    return run_id


def shown(app: AppTest) -> str:
    assert not app.exception
    return str(app.selectbox(key="evaluate_model").value)


def come_back(app: AppTest) -> AppTest:
    """As by the menu, whose links have nothing behind the name of the page."""
    app.query_params.clear()
    return app.run()


def test_the_visitors_newest_run_is_shown_and_nobody_elses() -> None:
    train_one("another browser")
    app = open_page(EVALUATE)
    assert shown(app) == DEFAULT_MODEL
    own = train_one(ME)
    assert shown(app.run()) == DEFAULT_MODEL  # not under somebody's hands
    assert shown(come_back(app)) == own


def test_a_model_that_was_chosen_stays() -> None:
    train_one(ME)
    app = open_page(EVALUATE)
    app.selectbox(key="evaluate_model").set_value("best-cnn").run()
    train_one(ME)
    assert shown(come_back(app)) == "best-cnn"


def test_what_to_watch_for_is_told_beside_the_view_that_it_is_about() -> None:
    app = open_page(EVALUATE)
    app.button(key="evaluate_try_0").click().run()
    assert HINT in said(app)
    app.segmented_control(key="evaluate_view").set_value("confidence").run()
    assert HINT not in said(app)
    app.segmented_control(key="evaluate_view").set_value("overview").run()
    assert HINT in said(app)


def test_a_run_that_has_failed_is_told_in_plain_words() -> None:
    run_id = Store().create(small_run(), owner=ME, state="running")
    Store().change(run_id, {"state": "failed"}, ["running"])
    assert f"The run `{run_id}` has failed, so you see" in said(open_page(EVALUATE, model=run_id))


def test_a_failed_run_offers_slower_steps_only_and_promises_no_weights() -> None:
    run_id = Store().create(small_run(learning_rate=9.0), owner=ME, state="running")
    Store().change(run_id, {"state": "failed", "step": 9, "num_steps": 100}, ["running"])
    app = open_page("pages/5_Train.py", run=run_id)
    rates = [button.label for button in app.button if button.label.startswith("Learning rate")]
    assert rates == ["Learning rate 0.9", "Learning rate 0.3"]  # a tenth, as its advice says, and less
    assert "It ended before its first weights were kept." in said(app)


def test_of_a_run_that_diverged_at_once_the_curve_can_be_taken_home() -> None:
    shape = {"hidden": (64, 64), "activation": "none"}
    run_id = Store().create(tiny.config(shape, learning_rate=100, batch_size=5), owner=ME)
    execution.execute(Store(), run_id)
    app = open_page("pages/5_Train.py", run=run_id)
    buttons = app.get("download_button")
    offered = {button.proto.label for button in buttons if not button.proto.disabled}
    assert offered == {"TensorBoard events", "PyTorch script (.py)"}
    refused = [button.proto.help for button in buttons if button.proto.disabled]
    assert refused.count("It has no weights: it failed before the end of its first epoch.") == 2

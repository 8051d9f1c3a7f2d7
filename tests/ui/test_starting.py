"""The button that starts: however often it is pressed, there is one run, and the address names it."""

import pytest

from mnistlab.store import Store
from tests.ui.test_pages import open_page
from tests.ui.test_train_page import TRAIN
from ui import starting


def test_second_click_leads_to_the_run_of_the_first_although_it_comes_with_the_old_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(starting, "_SECOND_CLICK", 600)
    app = open_page(TRAIN)
    app.button(key="train_start").click().run()
    run_id = app.query_params["run"]
    Store().change(run_id, {"state": "stopped"}, ["queued"])  # a tiny run is over before the second click
    del app.query_params["run"]
    app.run()
    app.button(key="train_start").click().run()
    assert app.query_params["run"] == run_id
    assert [run.id for run in Store().runs()] == [run_id]

"""Many visitors and many trials: one's own is found among them, and the sidebar reads no more than it shows."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mnistlab import execution, jobs, schema, sweep
from mnistlab.presets import get_preset
from mnistlab.runs import ACTIVE
from mnistlab.store import Store
from tests import sweeps, tiny
from tests.kept import keep
from tests.ui.test_pages import open_page, small_run
from ui import identity, running_jobs, starting

ME, TRAIN, OTHERS = "a browser", "pages/5_Train.py", 120


@pytest.fixture(autouse=True)
def _one_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "owner", lambda: ME)


def sidebar(app: AppTest) -> str:
    return " ".join(str(element.proto.text) for element in app.sidebar.get("progress"))


def test_train_shows_ones_own_run_however_many_others_have_begun_since() -> None:
    store = Store()
    own = store.create(tiny.config(), owner=ME)
    for number in range(OTHERS):
        store.create(tiny.config(seed=number), owner="others")
    assert f"run `{own}`" in " ".join(text.value for text in open_page(TRAIN).markdown)
    assert [run.id for run in starting.own_active_runs()] == [own]


@pytest.mark.usefixtures("few_listed")
def test_own_network_is_offered_and_shown_first_however_many_others_have_made_since() -> None:
    store = Store()
    own = store.create(small_run(), owner=ME)
    execution.execute(store, own)
    for number in range(7):
        keep(store, small_run(seed=number), 0.9)
    app = open_page("pages/6_Evaluate.py")
    assert not app.exception
    assert app.selectbox(key="evaluate_model").value == own


def test_own_runs_alone_are_read_for_their_owner() -> None:
    store = Store()
    ids = [store.create(tiny.config(), owner=owner) for owner in (ME, "others", ME)]
    assert [run.id for run in store.runs(owner=ME)] == [ids[2], ids[0]]
    assert store.runs(owner="nobody") == []


def test_own_sweep_is_found_among_those_of_others() -> None:
    store = Store()
    own = sweep.create(sweeps.config(), store, ME)
    sweep.create(sweeps.config(), store, "others")
    assert sweep.newest(store, 1, ME) == [(own, ME)]
    assert sweep.newest(store, 1)[0][1] == "others"


def test_the_sidebar_shows_a_sweep_as_one_job_and_reads_none_of_its_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    running = store.create(tiny.config(), owner="others", state="running")
    store.claim(running, "a worker")
    own = sweep.create(sweeps.config(title="*rates*"), store, ME)
    assert sweep.active(store) == [(own, ME)]
    read: list[dict[str, Any]] = []
    runs = Store.runs

    def reading(self: Store, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("states") == ACTIVE and kwargs.get("owner") is None:  # a button's own runs are few
            read.append(kwargs)
        return runs(self, *args, **kwargs)

    monkeypatch.setattr(Store, "runs", reading)
    monkeypatch.setattr(jobs, "reconcile", lambda store: None)  # behind the page's back, for an engine that has started
    there = running_jobs.Jobs.read()
    assert [kwargs["with_trials"] for kwargs in read] == [False]
    assert there.own_first(ME) == [own, *there.runs]
    shown = sidebar(open_page("pages/1_Data.py"))
    assert {kwargs.get("with_trials") for kwargs in read} == {False}
    assert "Sweep: \\*rates\\*" in shown
    assert "0 of 3 trials" in shown


def test_a_sweep_of_another_version_stays_in_the_sidebar_by_its_id() -> None:
    store = Store()
    theirs = sweep.create(sweeps.config(), store, "others")
    text = sweep.find(theirs, store).config.model_dump_json().replace("learning_rate", "nothere")
    with store.transaction() as connection:
        connection.execute(schema.sweeps.update().where(schema.sweeps.c.id == theirs).values(config=text))
    assert f"Sweep: `{theirs}`" in sidebar(open_page("pages/1_Data.py"))


def test_a_place_in_the_queue_counts_the_trials_that_go_first() -> None:
    store = Store()
    for owner in ("first", "second"):
        sweep.create(sweeps.config(), store, owner)
    for _ in range(2):
        store.create(tiny.config(), owner=ME)
    assert "behind 2 runs of others and 1 run of yours" in sidebar(open_page("pages/1_Data.py"))


def test_more_images_than_are_left_are_told_before_the_start() -> None:
    app = open_page(TRAIN)
    app.query_params["preset"] = "quick-mlp"
    app.query_params["train.train_size"] = "60000"
    app.run()
    assert "60,000 images, but 55,000 are left when 5,000 are held out" in app.error[0].value
    assert app.button(key="train_start").disabled
    assert "Changed since" not in " ".join(text.value for text in app.info)


def test_repeats_take_as_long_as_a_run_that_went_to_its_end() -> None:
    store = Store()
    run_id = keep(store, get_preset("quick-mlp").config, 0.9)
    app = open_page("pages/8_Runs.py", runs=run_id)
    assert "about 24 s of training in all" in app.button(key="runs_repeat").help
    cancelled = store.create(small_run(seed=1), owner=ME)
    store.change(cancelled, {"state": "stopped"}, ["queued"])
    app = open_page("pages/8_Runs.py", runs=cancelled)
    assert "of training in all" not in app.button(key="runs_repeat").help

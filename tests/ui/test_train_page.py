"""The Train page: the queue, steering, what comes after a run, and what cannot be shown."""

import re
import time
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

from mnistlab import execution, schema, sweep
from mnistlab.closeup import Closeup
from mnistlab.data import Dataset
from mnistlab.errors import StoreError
from mnistlab.events import StepsTaken
from mnistlab.store import Store
from mnistlab.training import TrainingState, train_step
from tests import sweeps, tiny
from tests.ui.test_pages import html_of, open_page, small_run
from ui import identity, run_charts
from ui.recipe import WANTED, Wanted

TRAIN, TUTORIAL = "pages/5_Train.py", "train_tutorial-mlp"


def keys_of(app: AppTest) -> set[str]:
    widgets = [*app.number_input, *app.toggle, *app.selectbox, *app.text_input, *app.button]
    return {str(widget.key) for widget in widgets}


def said(app: AppTest) -> str:
    words = " ".join(text.value for text in [*app.markdown, *app.caption, *app.info, *app.warning, *app.error])
    return words.replace("\N{NO-BREAK SPACE}", " ")


def progress_of(part: Any) -> list[str]:
    """The texts above the progress bars of a page, or of its sidebar."""
    return [bar.proto.text for bar in part.get("progress")]


def running(step: int = 40, num_steps: int = 100, batch_size: int = 1000, **values: object) -> str:
    """A run in a worker's hands."""
    store = Store()
    run_id = store.create(small_run(epochs=2, batch_size=batch_size), state="running")
    store.claim(run_id, "a worker")
    store.change(run_id, {"step": step, "num_steps": num_steps, "epoch": 0.8, "seconds": 4.0, **values}, ["running"])
    return run_id


def finished(**train: object) -> str:
    store = Store()
    run_id = store.create(small_run(**train))
    execution.execute(store, run_id)
    return run_id


def test_same_recipe_cannot_be_started_twice_and_another_one_joins_the_queue() -> None:
    app = open_page(TRAIN)
    app.button(key="train_start").click().run()
    assert app.button(key="train_start").disabled
    app.number_input(key=f"{TUTORIAL}_seed").set_value(5).run()
    assert app.button(key="train_start").label == "Add to the queue"
    app.button(key="train_start").click().run()
    second, first = Store().runs()
    assert second.owner == first.owner is not None
    assert "2nd in the queue, behind 1 run of yours." in progress_of(app)
    app.button(key="train_try_0").click().run()
    assert app.button(key="train_start").label == "Add to the queue"
    assert not [told.value for told in app.caption if "Press Start" in told.value]


def test_queued_run_of_others_is_counted_and_ones_own_can_be_cancelled() -> None:
    store = Store()
    store.create(small_run(), "somebody else")
    app = open_page(TRAIN)
    app.button(key="train_start").click().run()
    assert "2nd in the queue, behind 1 run of others." in progress_of(app)
    app.button(key="run_stop").click().run()
    assert store.runs()[0].state == "stopped"
    assert "Cancelled before its first step" in said(app)


def test_paused_and_lost_runs_are_told_in_the_sidebar() -> None:
    paused, lost = running(pause_at=40), running(heartbeat=time.time() - 60)
    app = open_page(TRAIN, run=paused)
    texts = progress_of(app.sidebar)
    assert any("paused at 40 %" in text for text in texts)
    assert any("lost at 40 %" in text for text in texts)
    assert f"sidebar_resume_{lost}" in [button.key for button in app.sidebar.button]


def test_seeds_of_a_recipe_are_told_apart_in_the_sidebar() -> None:
    first = running()
    assert progress_of(open_page(TRAIN, run=first).sidebar)[0].startswith(r"quick\-mlp  ")
    Store().create(small_run(epochs=2, batch_size=1000, seed=7))
    texts = progress_of(open_page(TRAIN, run=first).sidebar)
    assert [text.split("  ")[0] for text in texts] == [r"quick\-mlp, seed 0", r"quick\-mlp, seed 7"]


def test_pause_go_on_and_stop_are_asked_of_the_store() -> None:
    store, run_id = Store(), running()
    app = open_page(TRAIN, run=run_id)
    app.button(key="run_pause").click().run()
    asked = store.run(run_id)
    assert (asked.step, asked.pause_at, asked.is_paused) == (40, 41, False)  # its worker has not told yet that it waits
    app.button(key="run_go_on").click().run()
    assert store.run(run_id).pause_at is None
    app.button(key="run_stop").click().run()
    assert store.run(run_id).control == "stop"
    assert app.button(key="run_stop").disabled


def test_other_learning_rate_is_asked_for_and_the_change_listed() -> None:
    store, run_id = Store(), running(rate_changes="[[20, 0.05]]")
    app = open_page(TRAIN, run=run_id)
    app.select_slider(key=f"rate_{run_id}_1").set_value(0.02).run()
    app.button(key="run_rate").click().run()
    assert store.run(run_id).wanted_rate == 0.02
    assert "Asked for: 0.02." in said(app)


def test_force_is_offered_only_to_a_run_that_does_not_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    from ui import run_steering

    run_id = running(control="stop")
    app = open_page(TRAIN, run=run_id)
    assert "run_force" not in keys_of(app)
    monkeypatch.setattr(run_steering, "_PATIENCE_SECONDS", 0.0)
    app.run()
    app.button(key="run_force").click().run()
    assert Store().run(run_id).state == "stopped"


@pytest.mark.parametrize(
    ("batch_size", "told"),
    [(12, "these 12 digits. Loss: "), (500, "500 digits; these are 12 of them. Of these 12, loss: ")],
)
def test_one_step_shows_the_batch_with_right_and_wrong_and_what_it_changed(
    tiny_dataset: Dataset, batch_size: int, told: str
) -> None:
    run_id = running(step=0, pause_at=1, batch_size=batch_size)
    store = Store()
    state = TrainingState.start(tiny.config())
    images = torch.tensor(tiny_dataset.source.images[:12]).float() / 255
    labels = torch.tensor(tiny_dataset.source.labels[:12])
    closeup = Closeup(state.model, images, labels)
    train_step(state.model, state.optimizer, images, labels)
    report = StepsTaken(1, 1, 0.01, np.array([2.3], "<f4"), 0.1, 0.1, 100.0, 0.1)
    store.log(run_id, store.run(run_id).attempt, [report], weights={"closeup": closeup.pack()})
    app = open_page(TRAIN, run=run_id)
    assert not app.exception
    assert f"learned from {told}" in said(app)
    assert html_of(app).count("\N{BALLOT X}") + html_of(app).count("\N{CHECK MARK}") >= 12
    assert "% of its size" in html_of(app)


def test_result_is_compared_and_a_second_reading_of_the_test_set_is_told() -> None:
    store, run_id = Store(), finished()
    app = open_page(TRAIN, run=run_id)
    assert "may be luck" in said(app)
    assert "was read" not in said(app)
    app.button(key="run_extend").click().run()
    run = store.run(run_id)
    assert (run.state, run.config.train.epochs) == ("queued", 6)
    execution.execute(store, run_id)
    app.run()
    assert "The test set was read 2 times" in said(app)
    is_validated = run.config.train.validation_size > 0
    assert ("trust the validation curve" in said(app)) == is_validated
    assert ("hold images out to judge it by" in said(app)) != is_validated


def test_one_thing_is_changed_with_one_click_and_all_else_kept() -> None:
    store, run_id = Store(), finished(seed=3)
    app = open_page(TRAIN, run=run_id)
    app.button(key=f"change_3_{run_id}").click().run()  # no hidden layer, so that there is no width to double
    app.run()
    changed = app.info[0].value
    app.button(key="train_start").click().run()
    before, after = store.run(run_id).config, store.runs()[0].config
    assert "ugmentation" in changed
    assert after.augment.is_active
    assert after.train == before.train
    assert after.model == before.model


def test_earlier_run_stands_behind_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, list[str]] = {}
    monkeypatch.setattr(
        run_charts, "live_chart", lambda series, **options: drawn.update({options["title"]: [s.name for s in series]})
    )
    earlier, run_id = finished(), finished(seed=1)
    app = open_page(TRAIN, run=run_id)
    assert drawn["Loss"] == ["each step", "training", "validation"]
    app.selectbox(key=f"train_overlay_{run_id}").set_value(earlier).run()
    assert drawn["Loss"] == ["each step", f"{earlier}, training", f"{earlier}, validation", "training", "validation"]
    assert f"{earlier}, validation" in drawn["Accuracy"]


def test_stopped_failed_and_lost_runs_can_be_resumed() -> None:
    for values in ({"state": "stopped"}, {"state": "failed", "error": "No."}, {"heartbeat": 0.0}):
        run_id = running(**values)
        app = open_page(TRAIN, run=run_id)
        button = app.button(key="run_resume")
        assert (button.proto.type == "primary") == ("error" not in values)  # what failed would fail again
        button.click().run()
        assert Store().run(run_id).state == "queued"


def test_run_deleted_while_watched_is_a_sentence_and_others_are_offered() -> None:
    store, other, run_id = Store(), finished(), running()
    app = open_page(TRAIN, run=run_id)
    store.delete(run_id)
    app.run()
    assert not app.exception
    assert "There is no run" in app.warning[0].value
    assert any(other in link.proto.label for link in app.get("page_link"))


def test_curve_that_cannot_be_read_is_a_sentence_and_ends_the_refresh(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("The database could not be used: disk image is malformed.")

    run_id = running()
    monkeypatch.setattr(Store, "curve", refuse)
    app = open_page(TRAIN, run=run_id)
    assert not app.exception
    assert [error.value for error in app.error] == ["The database could not be used: disk image is malformed."]
    assert app.button(key="train_start")


def test_database_that_cannot_be_opened_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise StoreError("The database cannot be opened.")

    app = open_page(TRAIN)
    monkeypatch.setattr(schema, "open_database", refuse)
    st.cache_resource.clear()
    app.run()
    assert not app.exception
    assert "cannot be opened" in said(app)


def test_estimate_of_the_time_counts_this_recipes_images_not_those_of_the_run_it_judges_by() -> None:
    run_id = finished(train_size=500)
    Store().change(run_id, {"images_per_second": 100.0}, ["finished"])
    app = open_page(TRAIN)
    app.session_state[WANTED] = Wanted(small_run(validation_size=5000, epochs=3), "The same, with all images.")
    app.run()
    assert f"Takes about 27 min 30 s, judging by run {run_id}." in said(app)  # 3 x 55,000 images, 100 a second


def test_a_trial_that_was_not_tested_is_no_run_to_compare_with(
    talkative: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "owner", lambda: None)
    tested = finished(validation_size=100)
    sweeps.train_all(sweep.create(sweeps.config(), Store()), Store())
    app = open_page(TRAIN, run=finished(seed=1, validation_size=100))
    (compared,) = re.findall(r"your previous run \(.*?, (\w+)\)", said(app))
    assert compared == tested


def test_no_change_is_offered_that_is_not_allowed() -> None:
    run_id = finished(learning_rate=81.0)
    app = open_page(TRAIN, run=run_id)
    labels = [button.label for button in app.button]
    assert "Learning rate 27" in labels
    assert "Learning rate 240" not in labels


def test_a_run_in_its_first_seconds_says_nothing_of_the_pace() -> None:
    run_id = running(images_per_second=100.0, seconds=1.0)
    same = Wanted(Store().run(run_id).config, "The same.")
    app = open_page(TRAIN)
    app.session_state[WANTED] = same
    app.run()
    assert "How long it takes will show after the first few seconds." in said(app)
    Store().change(run_id, {"seconds": 6.0}, ["running"])
    app.run()
    assert f"judging by run {run_id}." in said(app)


def test_the_note_of_an_experiment_says_when_its_settings_have_been_changed() -> None:
    app = open_page(TRAIN)
    app.session_state[WANTED] = Wanted(small_run(), "Experiment: **a small one**.")
    app.run()
    assert app.info[-1].value == "Experiment: **a small one**."
    (epochs,) = [field for field in app.number_input if field.label == "Epochs"]
    epochs.set_value(7).run()
    assert app.info[-1].value == "Experiment: **a small one**. Changed since."

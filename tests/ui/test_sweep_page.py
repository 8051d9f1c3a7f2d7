"""The Sweep page: classic experiments, the form, one start, what is shown of trials, stop, and links."""

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from mnistlab import keeping, steering, sweep
from mnistlab.classics import CLASSICS
from mnistlab.data import Dataset
from mnistlab.figures import percent
from mnistlab.space import shown
from mnistlab.store import Store
from tests import sweeps, tiny
from tests.ui.test_pages import open_app, open_page
from tests.ui.test_train_page import said
from ui import sweep_view

SWEEP = "pages/9_Sweep.py"


@pytest.fixture
def finished(talkative: None, tiny_dataset: Dataset) -> str:
    """A sweep whose three trials are done."""
    store = Store()
    return sweeps.train_all(sweep.create(sweeps.config(), store), store).id


def links_of(app: AppTest) -> list[str]:
    return [link.proto.query_string for link in app.get("page_link") if link.proto.query_string]


def test_page_opens_with_the_learning_rate_ready_to_start() -> None:
    app = open_page(SWEEP)
    assert not app.exception
    assert not app.error
    assert "11 trials, 22 epochs in all." in said(app)
    assert not app.button(key="sweep_start").disabled


@pytest.mark.parametrize("number", range(len(CLASSICS)))
def test_each_classic_fills_the_form_and_starts_as_it_is(number: int) -> None:
    classic = list(CLASSICS.values())[number]
    app = open_page(SWEEP)
    app.button(key=f"sweep_try_{number}").click().run()
    assert not app.error
    assert classic.watch in said(app)
    app.button(key="sweep_start").click().run()
    assert not app.exception
    (sweep_id, _), *others = sweep.newest(Store())
    assert not others
    assert sweep.config_of(sweep_id, Store()) == classic.config


def test_an_experiment_outlives_a_reload_and_can_be_sent_as_a_link() -> None:
    app = open_page(SWEEP)
    app.button(key="sweep_try_1").click().run()
    name = app.query_params["classic"]
    again = open_page(SWEEP, classic=name)
    assert again.multiselect[0].value == app.multiselect[0].value != open_page(SWEEP).multiselect[0].value
    again.button(key="sweep_try_0").click().run()
    assert again.query_params["classic"] == "learning-rate"
    again.query_params["classic"] = name  # as a second click tells the address of before the first one
    assert again.run().query_params["classic"] == "learning-rate"
    assert "It can be " in said(open_page(SWEEP, classic="nosuch"))


def test_second_press_starts_no_second_sweep() -> None:
    app = open_page(SWEEP)
    app.button(key="sweep_start").click().run()
    assert app.query_params["sweep"] == sweep.newest(Store())[0][0]
    assert app.button(key="sweep_start").disabled
    assert len(sweep.newest(Store())) == 1


def test_value_that_is_not_allowed_is_said_and_start_is_off() -> None:
    app = open_page(SWEEP)
    app.number_input(key="sweep_learning-rate_train.learning_rate_low").set_value(0.0).run()
    assert "it should begin above 0" in app.error[0].value
    assert [error.value[:25] for error in app.error] == ["Learning rate is varied b"]  # once, beside the range
    assert "Start is off until the setting marked above is corrected." in said(app)
    assert app.button(key="sweep_start").disabled


def test_sweep_is_one_line_of_the_sidebar_and_can_be_stopped_there() -> None:
    store = Store()
    sweep_id = sweep.create(CLASSICS["learning-rate"].config, store, "somebody")
    app = open_app()
    bars = [bar.proto.text for bar in app.sidebar.get("progress")]
    assert bars == ["Sweep: Learning rate  \n0 of 11 trials"]
    app.button(key=f"sidebar_stop_{sweep_id}").click().run()
    assert sweep.find(sweep_id, store).counts == {"stopped": 11}
    assert not app.sidebar.get("progress")


def test_finished_sweep_shows_its_best_and_the_way_to_it(finished: str) -> None:
    app = open_page(SWEEP, sweep=finished)
    best = sweep.find(finished, Store()).best
    assert best is not None
    assert best.accuracy is not None
    told = f"with a validation accuracy of **{100 * best.accuracy:.2f}\N{NO-BREAK SPACE}%**"
    assert any(told in text.value for text in app.markdown)
    assert f"run={best.run.id}" in links_of(app)
    (table,) = app.dataframe
    assert next(iter(table.value["trial"])) == best.number
    (chart,) = app.get("plotly_chart")
    ends = f"the best {percent(best.accuracy)} at {shown(best.values[sweeps.RATES['setting']])}, the worst "
    assert chart.proto.alt.startswith(f"Accuracy by learning rate: 3 dots, {ends}")


def test_the_end_of_a_sweep_is_read_aloud_with_its_best_and_nothing_at_each_trial(
    talkative: None, tiny_dataset: Dataset
) -> None:
    store = Store()
    sweep_id = sweep.create(sweeps.config(), store)
    told = [sweep_view.change_line(sweep.find(sweep_id, store))]
    for _ in range(3):
        sweeps.train_next(store)
        told.append(sweep_view.change_line(sweep.find(sweep_id, store)))
    assert told[:3] == ["The sweep is going on."] * 3
    assert re.fullmatch(r"The sweep has ended\. Best: learning rate [\d.]+, validation accuracy [\d.]+ %\.", told[3])
    sweep.stop(sweep_id := sweep.create(sweeps.config(), store), store)
    assert sweep_view.change_line(sweep.find(sweep_id, store)).startswith("The sweep was stopped.")


def test_what_is_varied_is_not_said_to_be_the_same_in_all_trials() -> None:
    ends = {"low": 1, "high": 3, "points": 2}
    widths, depths, epochs = ({"setting": name} | ends for name in ("width", "depth", "train.epochs"))
    rules = {"setting": "train.optimizer", "options": ("sgd", "adam")}
    for varied, told in (
        ((sweeps.RATES,), "All trials: 784-8-10, sgd, 2 epochs, 100 images held out"),
        ((widths,), "All trials: sgd, 2 epochs, 100 images held out"),
        ((depths, rules), "All trials: 2 epochs, 100 images held out"),
        ((epochs,), "All trials: 784-8-10, sgd, 100 images held out"),
    ):
        sweep_id = sweep.create(sweeps.config(*varied), Store())
        assert told in said(open_page(SWEEP, sweep=sweep_id))


def test_the_best_is_said_to_have_been_lucky(finished: str) -> None:
    told = said(open_page(SWEEP, sweep=finished))
    assert "With 100 images, a difference of less than" in told
    assert "And the best of 3 has itself been lucky" in told


def test_importance_is_shown_beside_what_chance_alone_reaches(talkative: None, tiny_dataset: Dataset) -> None:
    store = Store()
    seeds = {"setting": "train.seed", "options": (0, 1, 2)}
    sweep_id = sweep.create(sweeps.config(sweeps.RATES, seeds), store)
    for _ in range(8):
        sweeps.train_next(store)
    assert "When the sweep is over, marks will show what may be chance" in said(open_page(SWEEP, sweep=sweep_id))
    sweeps.train_next(store)
    app = open_page(SWEEP, sweep=sweep_id)
    assert "a setting that does not matter reaches by chance" in said(app)
    assert "the higher its accuracy, the more orange" in said(app)
    bars, marks = json.loads(app.get("plotly_chart")[-1].proto.spec)["data"]
    assert sorted(marks["y"]) == sorted(bars["y"]) == ["learning rate", "seed"]
    assert marks["marker"]["symbol"] == "line-ns"
    each = r"(learning rate|seed) \d+ %, by chance up to \d+ %"
    told = re.compile(f"What mattered: {each}; (?!\\1){each}.")
    *_, together, importance = [chart.proto.alt for chart in app.get("plotly_chart")]
    assert told.match(importance)
    assert together.startswith("Each trial, setting by setting: 9 lines, the best through ")


def test_mistakes_of_the_best_are_looked_at_on_the_images_it_was_chosen_by(finished: str) -> None:
    app = open_page(SWEEP, sweep=finished)
    app.button(key="sweep_evaluate").click().run()
    assert app.session_state["evaluate_split"] == "validation"


def test_axis_spans_all_that_is_varied_in_whole_numbers(talkative: None, tiny_dataset: Dataset) -> None:
    store = Store()
    depth = {"setting": "depth", "low": 0, "high": 2, "points": 3}
    sweep_id = sweep.create(sweeps.config(depth), store)
    sweeps.train_next(store)
    (chart,) = open_page(SWEEP, sweep=sweep_id).get("plotly_chart")
    axis = json.loads(chart.proto.spec)["layout"]["xaxis"]
    assert axis["dtick"] == 1
    assert axis["range"] == pytest.approx([-0.12, 2.12])


def test_a_cross_says_how_its_trial_ended(talkative: None, tiny_dataset: Dataset) -> None:
    store = Store()
    sizes = {"setting": "train.train_size", "options": [100, 501, 200]}  # there are 500
    sweep_id = sweeps.train_all(sweep.create(sweeps.config(sizes), store), store).id
    (chart,) = open_page(SWEEP, sweep=sweep_id).get("plotly_chart")
    *_, crosses = json.loads(chart.proto.spec)["data"]
    assert crosses["text"] == ["failed before the end of its first epoch"]


def test_best_is_trained_longer_on_train_with_its_own_values(finished: str) -> None:
    app = open_page(SWEEP, sweep=finished)
    app.button(key="sweep_longer").click().run()
    app = app.switch_page("pages/5_Train.py").run()
    best = sweep.find(finished, Store()).best
    assert best is not None
    assert "but with **10 epochs**" in said(app)
    app.button(key="train_start").click().run()
    config = Store().runs()[0].config
    assert config.train.learning_rate == best.values["train.learning_rate"]
    assert config.train.epochs == 10


def test_a_recipe_of_ones_own_is_swept_from_its_run() -> None:
    mine = tiny.config(batch_size=7, momentum=0.5).model_copy(update={"preset": "tutorial-mlp"})
    steering.stop(run_id := Store().create(mine), Store())
    assert f"like={run_id}" in links_of(open_page("pages/5_Train.py", run=run_id))
    app = open_page(SWEEP, like=run_id)
    assert app.selectbox(key="sweep_learning-rate_recipe").value == run_id
    app.button(key="sweep_start").click().run()
    assert not app.exception
    assert "batch size 7 instead of 20, images shuffled" in said(app)
    base = sweep.config_of(sweep.newest(Store())[0][0], Store()).base
    assert base.model == mine.model
    assert (base.train.batch_size, base.train.momentum, base.train.epochs) == (7, 0.5, 2)


def test_the_recipe_of_a_run_gives_way_to_another_choice_and_to_its_deletion() -> None:
    run_id = Store().create(tiny.config(batch_size=7))
    app = open_page(SWEEP, like=run_id)
    recipe = "sweep_learning-rate_recipe"
    app.selectbox(key=recipe).set_value("fast-mlp").run()
    assert app.selectbox(key=recipe).value == "fast-mlp"
    assert "like" not in app.query_params  # or a reload would bring the run's back
    app.selectbox(key=recipe).set_value(run_id).run()
    assert app.query_params["like"] in (run_id, [run_id])
    app.selectbox(key=recipe).set_value("fast-mlp").run()
    app.query_params["like"] = run_id  # by the link once more
    app.run()
    assert app.selectbox(key=recipe).value == run_id
    keeping.put_away(run_id, Store())
    app.run()
    assert not app.exception
    assert app.selectbox(key=recipe).value == "own"


def test_a_run_that_is_not_there_gets_a_sentence() -> None:
    app = open_page(SWEEP, like="<b>x</b>")
    assert [warning.value for warning in app.warning] == [
        "There is no run `<b>x</b>` in this lab to take the recipe of."
    ]
    assert not app.button(key="sweep_start").disabled


def test_stopped_sweep_is_resumed_by_its_button() -> None:
    store = Store()
    sweep_id = sweep.create(sweeps.config(), store)
    app = open_page(SWEEP, sweep=sweep_id)
    app.button(key="sweep_stop").click().run()
    assert sweep.find(sweep_id, store).counts == {"stopped": 3}
    app.button(key="sweep_resume").click().run()
    assert sweep.find(sweep_id, store).counts == {"queued": 3}


@pytest.mark.parametrize("rubbish", ["nosuchid", "../../etc/passwd", "<b>x</b>"])
def test_rubbish_in_the_address_gets_a_sentence_and_the_way_to_what_there_is(rubbish: str, finished: str) -> None:
    app = open_page(SWEEP, sweep=rubbish)
    assert not app.exception
    assert f"There is no sweep `{rubbish}` in this lab." in said(app)
    assert f"sweep={finished}" in links_of(app)


def test_setting_without_effect_is_told_at_start() -> None:
    run_id = Store().create(tiny.config(optimizer="adam"))
    app = open_page(SWEEP, like=run_id)
    app.multiselect[0].set_value(["train.momentum"]).run()
    app.button(key="sweep_start").click().run()
    assert ["Whatever the momentum" in error.value for error in app.error] == [True]
    assert not sweep.newest(Store())

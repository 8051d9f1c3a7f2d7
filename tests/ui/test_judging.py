"""What a result may be judged by: validation before the test set, and curves that are of the same thing."""

import re
from typing import Any

import pytest

from mnistlab import execution
from mnistlab.config import parse_config
from mnistlab.presets import get_preset
from mnistlab.store import Store
from tests.kept import keep
from tests.test_scores import answers
from tests.ui.test_pages import html_of, open_page, small_run
from tests.ui.test_runs_page import RUNS, kept
from tests.ui.test_train_page import TRAIN, finished, said
from ui import evaluations, identity


def test_changes_are_to_be_chosen_by_the_validation_accuracy_of_both_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "owner", lambda: None)
    first, second = finished(train_size=500), finished(train_size=500, seed=1)
    reads = {one: f"{100 * (Store().epochs(one)[-1].validation_accuracy or 0):.2f} %" for one in (first, second)}
    told = said(open_page(TRAIN, run=second))
    assert f"validation accuracy: {reads[second]} here, and {reads[first]} for your previous run ({first})." in told


def test_a_recipe_that_holds_nothing_out_is_told_so() -> None:
    run_id = finished(train_size=500, validation_size=0)
    assert "This recipe holds no images out." in said(open_page(TRAIN, run=run_id))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": {"dropout": 0.3}}, "while it learns, with dropout; validation"),
        ({"train": {"label_smoothing": 0.1}}, "while it learns, with smoothed labels; validation"),
        ({"augment": {"rotation": 5}, "model": {"dropout": 0.3}}, "with dropout and warped digits; validation"),
        ({}, None),
    ],
)
def test_curves_that_are_not_of_the_same_thing_are_told(changes: dict[str, Any], words: str | None) -> None:
    values = get_preset("quick-mlp").config.model_dump()
    values["train"]["validation_size"] = 5000
    for section, fields in changes.items():
        values[section] |= fields
    told = said(open_page(TRAIN, run=Store().create(parse_config(values))))
    assert words in told if words else "Training is measured" not in told


def test_the_digit_that_it_sees_while_it_learns_is_marked_right_or_wrong() -> None:
    store = Store()
    run_id = store.create(small_run(train_size=500))
    execution.execute(store, run_id)
    html = html_of(open_page(TRAIN, run=run_id))
    (answer,) = re.findall(r"<b>(\d)</b><span[^>]*><i[^>]*></i></span><em><strong>", html)
    mark = "\N{CHECK MARK}" if answer == "5" else "\N{BALLOT X}"
    assert f"<figcaption>{mark} a test 5</figcaption>" in html


@pytest.mark.parametrize(("number", "is_told"), [(2, False), (29, False), (30, True)])
def test_of_few_digits_it_is_not_judged_whether_confidence_fits(
    number: int, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answers([1] * number, [1, 2] * (number // 2) + [1] * (number % 2), [0.997] * number)
    monkeypatch.setattr(evaluations, "evaluation", lambda *_: (None, found))
    app = open_page("pages/6_Evaluate.py", model="small-cnn", evaluate_view="confidence")
    told = said(app)
    (chart,) = app.get("plotly_chart")
    assert re.match(r"Is it as sure as it is right\? .*\d+ % sure, \d+ % right of \d+\.$", chart.proto.alt)
    assert "it is 99.70 % sure on average" in told
    assert ("of the time: fewer than 30 digits are too few to tell whether that fits." in told) is not is_told
    for words in ("expected calibration error is", "luck" if number < 30 else "more sure than it should be"):
        assert (words in told) is is_told


@pytest.mark.parametrize("shuffle", [False, True])
def test_dips_that_come_of_the_files_order_are_told(shuffle: bool) -> None:
    app = open_page(RUNS, runs=f"{kept(shuffle=shuffle)},{kept(seed=1)}", runs_chart="training loss")
    assert ("Images in file order" in said(app)) != shuffle


def test_neurons_are_switched_off_and_a_network_without_any_is_told() -> None:
    neurons = {"evaluate_view": "robustness", "evaluate_change": "neurons"}
    app = open_page("pages/6_Evaluate.py", model="fast-cnn", **neurons)
    assert not app.exception
    assert "; with half of its hidden neurons switched off, **" in said(app)
    assert "Dropout left on" not in said(app)  # it learned without any
    assert (len(app.get("plotly_chart")), len(app.info)) == (1, 0)
    told = app.get("plotly_chart")[0].proto.alt  # for who cannot see it
    told = told.removeprefix("Accuracy, the more it is changed, hidden neurons switched off (%): ")
    assert re.fullmatch(r"0: 9\d %; .*: \d+ %\.", told)
    app = open_page("pages/6_Evaluate.py", model=finished(), **neurons)
    assert "This network has no hidden neurons that could be switched off." in said(app)
    assert not app.exception
    assert not app.get("plotly_chart")


def test_what_dropout_costs_that_is_not_switched_off_is_told() -> None:
    app = open_page("pages/6_Evaluate.py", model="small-cnn", evaluate_view="robustness", evaluate_change="neurons")
    assert not app.exception
    words = r"10\s% of its neurons were silenced .* it would read \*\*(\d+\.\d)\s%\*\* of these digits"
    told = re.search(words, said(app))
    assert told is not None
    assert 95 < float(told[1]) < 100


@pytest.mark.parametrize(
    ("preset", "is_told"), [("tutorial-augmented", True), ("tutorial-keras", True), ("tutorial-mlp", False)]
)
def test_the_leaps_within_an_epoch_that_augmentation_doubles_are_told(preset: str, is_told: bool) -> None:
    run_id = keep(Store(), get_preset(preset).config, 0.98)
    app = open_page(RUNS, runs=run_id, runs_chart="training loss")
    assert ("the curve leaps from half to half" in said(app)) == is_told
    begun = Store().create(get_preset(preset).config, state="running")
    assert ("the curve leaps from half to half" in said(open_page(TRAIN, run=begun))) == is_told


def test_a_shuffled_epoch_does_not_leap() -> None:
    values = get_preset("tutorial-augmented").config.model_dump()
    values["train"]["shuffle"] = True
    begun = Store().create(parse_config(values), state="running")
    assert "the curve leaps from half to half" not in said(open_page(TRAIN, run=begun))

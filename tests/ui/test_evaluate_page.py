"""Evaluate: each view says what the core found, clicks lead where they should, addresses come back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mnistlab import evaluation, execution
from mnistlab.data import Dataset
from mnistlab.evaluation import Evaluation
from mnistlab.intervals import wilson_interval
from mnistlab.predictions import stored_evaluation
from mnistlab.presets import get_preset
from mnistlab.store import Store
from tests.ui.test_pages import html_of, open_page, small_run
from ui import depth_parts, evaluations, models, picking, splits
from ui.words import a_digit

EVALUATE = "pages/6_Evaluate.py"
VIEWS = ["overview", "one digit", "two models", "confidence", "robustness", "hidden layer", "ladder"]


def finished_run(**train: object) -> str:
    store = Store()
    run_id = store.create(small_run(**train))
    execution.execute(store, run_id)
    return run_id


@pytest.fixture
def run_id() -> str:
    """A run of ten neurons without a hidden layer, tested."""
    return finished_run()


@pytest.fixture
def answers(run_id: str, dataset: Dataset) -> Evaluation:
    found = stored_evaluation(Store(), run_id, Store().run(run_id).step, dataset.test)
    assert found is not None
    return found


def said(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.info, *app.warning, *app.error])


def captions(html: str) -> list[str]:
    return [part.split("<", 1)[0] for part in html.split("<figcaption>")[1:]]


@pytest.fixture
def click(monkeypatch: pytest.MonkeyPatch) -> Callable[[AppTest, str, int], None]:
    """Click on a digit or cell of a component, by its key and position: a button stands in for it."""
    at = [0]

    def pick(content: str, key: str, on_pick: Callable[[int], None] | None = None) -> int | None:
        st.html(content)
        pressed = st.button(key, key=f"click_{key}", on_click=on_pick, args=(at[0],))
        return at[0] if pressed else None

    def click(app: AppTest, key: str, position: int) -> None:
        monkeypatch.setattr(picking, "pick", pick)
        at[0] = position
        app.run()
        app.button(key=f"click_{key}").click().run()
        assert not app.exception

    return click


Click = Callable[[AppTest, str, int], None]


def test_first_sentence_tells_accuracy_and_its_interval(run_id: str, answers: Evaluation) -> None:
    app = open_page(EVALUATE, model=run_id)
    low, high = wilson_interval(int(answers.correct.sum()), 10_000)
    assert f"**{100 * answers.accuracy:.2f} %**" in said(app)
    assert f"{100 * low:.2f} % to {100 * high:.2f} %" in said(app)


def test_bars_tell_recall_as_the_tutorial_does_and_precision(run_id: str, answers: Evaluation) -> None:
    html = html_of(open_page(EVALUATE, model=run_id))
    for digit, row in enumerate(answers.confusion):
        assert f"<em>{row[digit] / row.sum():.1%}".replace("%", " %") + f" ({row[digit]}/{row.sum()})</em>" in html
        assert f"<em>{100 * row[digit] / answers.confusion[:, digit].sum():.1f} %</em>" in html


def test_a_finished_run_is_shown_without_reading_the_test_set_again(
    run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the test set was read again")

    monkeypatch.setattr(evaluation, "evaluate", refuse)
    assert not open_page(EVALUATE, model=run_id).exception


def test_true_and_read_in_the_address_show_just_those_digits(run_id: str, answers: Evaluation) -> None:
    app = open_page(EVALUATE, model=run_id, evaluate_true="4", evaluate_read="9")
    count = int(answers.confusion[4, 9])
    shown = captions(html_of(app))[: min(20, count)]
    assert count
    assert set(shown) == {"\N{BALLOT X} 9 (4)"}
    assert f"({count:,} digits)" in said(app)


def test_a_click_on_a_cell_sets_the_controls_and_the_page(run_id: str, click: Click) -> None:
    app = open_page(EVALUATE, model=run_id, evaluate_page="7")
    click(app, "evaluate_matrix", 38)
    assert (app.selectbox(key="evaluate_true").value, app.selectbox(key="evaluate_read").value) == ("3", "8")
    assert app.number_input(key="evaluate_page").value == 1
    assert 'class="chosen"' in html_of(app)
    click(app, "evaluate_matrix", 38)
    assert (app.selectbox(key="evaluate_true").value, app.selectbox(key="evaluate_read").value) == ("any", "any")


@pytest.mark.parametrize("split", ["test", "validation"])
def test_a_click_on_a_digit_opens_that_very_digit(run_id: str, split: str, dataset: Dataset, click: Click) -> None:
    app = open_page(EVALUATE, model=run_id, evaluate_split=split)
    click(app, "evaluate_digits", 6)
    index = 6 if split == "test" else int(dataset.source_indices("validation")[6])
    name, images = ("Test", dataset.test) if split == "test" else ("Training", dataset.source)
    assert f"{name} image {index:,}: " in said(app)
    assert app.number_input(key="evaluate_index").value == index
    label = dataset.split(split).labels[6]
    assert images.labels[index] == label


def test_surest_mistakes_are_wrong_and_the_surest_first(run_id: str, answers: Evaluation) -> None:
    shown = captions(html_of(open_page(EVALUATE, model=run_id)))[-12:]
    assert len(shown) == 12
    assert all(caption.startswith("\N{BALLOT X}") for caption in shown)
    sure = [int(caption.split(")")[1].strip(" %")) for caption in shown]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] == round(100 * float(answers.confidence[~answers.correct].max()))


def test_a_page_number_in_the_address_is_that_page(run_id: str, answers: Evaluation) -> None:
    app = open_page(EVALUATE, model=run_id, evaluate_page="3")
    assert app.number_input(key="evaluate_page").value == 3
    shown = [caption.split(" ", 1)[1] for caption in captions(html_of(app))[:20]]
    pairs = zip(answers.predictions[40:60], answers.labels[40:60], strict=True)
    assert shown == [f"{read} ({label})" for read, label in pairs]


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_opens_by_its_address_without_a_complaint(run_id: str, view: str) -> None:
    app = open_page(EVALUATE, model=run_id, evaluate_view=view)
    assert not app.exception
    assert not app.error
    assert not app.warning
    assert app.segmented_control(key="evaluate_view").value == view
    assert [expander.label for expander in app.expander] == ["Show the code"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"evaluate_view": "<b>"},
        {"evaluate_true": "eleven"},
        {"evaluate_page": "100000"},
        {"evaluate_split": "train"},
        {"evaluate_view": "one digit", "evaluate_index": "10000"},
        {"evaluate_view": "one digit", "evaluate_from": "../../etc"},
        {"evaluate_view": "one digit", "evaluate_explained": "x"},
        {"evaluate_view": "two models", "other": "nonsense"},
        {"evaluate_view": "two models", "evaluate_cell": "none"},
        {"evaluate_view": "robustness", "evaluate_change": "time"},
        {"evaluate_view": "hidden layer", "evaluate_map": "world"},
    ],
)
def test_rubbish_in_the_address_is_a_sentence_and_the_page_is_there(run_id: str, parameters: dict[str, str]) -> None:
    app = open_page(EVALUATE, model=run_id, **parameters)
    assert not app.exception
    assert len(app.warning) == 1
    assert html_of(app)


def test_one_digit_says_what_was_read_and_what_it_is(run_id: str, answers: Evaluation, dataset: Dataset) -> None:
    wrong = int(answers.mistakes[0])
    app = open_page(EVALUATE, model=run_id, evaluate_view="one digit", evaluate_index=str(wrong))
    read, label = answers.predictions[wrong], dataset.test.labels[wrong]
    assert f"Test image {wrong:,}: \N{BALLOT X} read as **{read}**, labelled **{label}**" in said(app)
    assert "compares nothing but pixels" in said(app)
    assert f"Which pixels speak for a {read}?" in [header.value for header in app.header]


def test_a_training_digit_is_not_its_own_neighbour(dataset: Dataset) -> None:
    from mnistlab.predict import load_predictor

    assert load_predictor().config.train.validation_size == 5000
    index = int(dataset.source_indices("train")[40])
    app = open_page(EVALUATE, evaluate_view="one digit", evaluate_from="training", evaluate_index=str(index))
    assert not app.exception
    near = html_of(app).split('class="digits')[1].split("</div>")[0]
    assert len(captions(near)) == 12
    assert f"training image {index}," not in near


def test_the_last_drawing_is_looked_at_and_without_one_the_way_is_shown(run_id: str) -> None:
    app = open_page(EVALUATE, model=run_id, evaluate_view="one digit", evaluate_from="my drawing")
    if "last_drawing" in app.session_state:  # of Overview, the page before
        del app.session_state["last_drawing"]
        app.run()
    assert "drawn nothing yet" in said(app)
    drawing = np.zeros((28, 28), np.float32)
    drawing[4:24, 13:15] = 1
    app.session_state["last_drawing"] = drawing
    app.run()
    assert not app.exception
    assert "My drawing: read as" in said(app)


def test_the_slider_stands_where_the_answer_turns_and_before_it_does_not(run_id: str) -> None:
    app = open_page(EVALUATE, model=run_id, evaluate_view="one digit", evaluate_index="5")
    (sentence,) = [text.value for text in app.markdown if "The answer turns" in text.value]
    before, after = (part.split("**")[0] for part in sentence.split("**")[1:4:2])
    assert sentence.endswith(f"the network reads {a_digit(int(after), '**{}**')}.")
    assert "measured as on Data: the root" in said(app)  # Pixels shows no distance
    app.slider(key="evaluate_step").set_value(50).run()
    (sentence,) = [text.value for text in app.markdown if "The answer turns" in text.value]
    assert sentence.endswith(f"the network reads {a_digit(int(before), '**{}**')}.")


def test_a_further_split_is_one_entry(run_id: str, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    own = dataset.test.take(np.arange(30), "own")
    monkeypatch.setitem(splits.SPLITS, "own", splits.Scored("of mine", lambda config: own))
    app = open_page(EVALUATE, model=run_id, evaluate_split="own")
    assert not app.exception
    assert "of the 30 own digits correctly" in said(app)
    for view in VIEWS:
        app.segmented_control(key="evaluate_view").set_value(view).run()
        assert not app.exception, view
        if view == "one digit":
            assert "own" in app.selectbox(key="evaluate_from").options


def test_a_slow_model_is_first_compared_with_a_part_and_then_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = "fast-cnn"
    monkeypatch.setattr(depth_parts, "_AT_ONCE", -1.0)  # whatever this computer's pace
    monkeypatch.setattr(evaluations, "PART", 300)
    parts, compared = [], evaluations.nearest_in_hidden_layer

    def watched(*given: Any, of_part: bool = False) -> Any:
        parts.append(of_part)
        return compared(*given, of_part=of_part)

    monkeypatch.setattr(evaluations, "nearest_in_hidden_layer", watched)
    app = open_page(EVALUATE, model=run_id, evaluate_view="one digit", evaluate_index="18")
    assert not app.exception
    assert any("So far only among the first 300 training digits" in text.value for text in app.caption)
    app.button(key="evaluate_compare").click().run()
    assert not app.exception
    assert parts == [True, False]


def test_a_layer_too_wide_to_be_kept_of_all_is_kept_of_some(monkeypatch: pytest.MonkeyPatch) -> None:
    name, width = "small-cnn", get_preset("small-cnn").config.model.channels[-1]
    monkeypatch.setattr(evaluations, "_MOST_KEPT", 40 * width)
    monkeypatch.setattr(evaluations, "_MOST_ON_MAP", 30 * width)
    app = open_page(EVALUATE, model=name, evaluate_view="one digit", evaluate_index="18")
    assert not app.exception
    assert any(text.value.startswith("Among the first 40 of ") for text in app.caption)
    app = open_page(EVALUATE, model=name, evaluate_view="hidden layer")
    assert not app.exception
    assert "30 test digits, each where the hidden layer puts it" in said(app)


@pytest.mark.parametrize(("number", "said_so"), [(1, "1 drawn digit"), (50, "50 drawn digits")])
def test_drawings_are_spoken_of_as_drawn_digits(number: int, said_so: str) -> None:
    assert splits.digits(number, splits.DRAWINGS) == said_so


def test_a_stopped_run_has_no_place_on_the_ladder(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    run_id = store.create(small_run(epochs=3))
    execution.execute(store, run_id, wants_stop=lambda: store.run(run_id).step > 0)
    app = open_page(EVALUATE, model=run_id, evaluate_view="ladder")
    assert not app.exception
    assert "stopped before its test" in said(app)


def test_neighbours_are_among_the_images_that_the_model_has_learned_from(dataset: Dataset) -> None:
    run_id = finished_run(train_size=500)
    model = models.choices()[run_id]
    split, in_source = evaluations.learned_from(model)
    assert len(split) == len(in_source) == 500
    np.testing.assert_array_equal(split.images, dataset.source.images[in_source])
    found = evaluations.nearest_in_pixels(model, dataset.test.images[0] / np.float32(255), 13)
    assert found.indices.max() < 500


def test_split_cannot_be_chosen_for_the_ladder() -> None:
    assert open_page(EVALUATE, model="small-cnn", evaluate_view="ladder").selectbox(key="evaluate_split").disabled
    assert not open_page(EVALUATE, model="small-cnn").selectbox(key="evaluate_split").disabled

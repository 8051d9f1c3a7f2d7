"""Every page opens on something, and its main control changes it; real strokes and charts are tested in Chromium."""

import pytest
from streamlit.testing.v1 import AppTest

from mnistlab import execution, tickets
from mnistlab.config import RunConfig, parse_config
from mnistlab.errors import EngineError
from mnistlab.presets import get_preset
from mnistlab.store import Store

PAGES = [
    "pages/1_Data.py",
    "pages/2_Pixels.py",
    "pages/3_Augment.py",
    "pages/4_Model.py",
    "pages/5_Train.py",
    "pages/6_Evaluate.py",
    "pages/7_Draw.py",
    "pages/8_Runs.py",
    "pages/9_Sweep.py",
]


def open_app() -> AppTest:
    return AppTest.from_file("../../app.py", default_timeout=60).run()


def open_page(script: str, **parameters: str) -> AppTest:
    app = open_app().switch_page(script)
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def html_of(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def small_run(**train: object) -> RunConfig:
    values = get_preset("quick-mlp").config.model_dump()
    values["model"]["hidden"] = []
    values["train"] |= {"epochs": 1, "batch_size": 1000, **train}
    return parse_config(values)


def test_overview_opens_on_a_digit_that_is_read() -> None:
    app = open_app()
    assert not app.exception
    assert "This is a <strong>3</strong>" in html_of(app)


@pytest.mark.parametrize("script", PAGES)
def test_each_page_opens_without_a_complaint(script: str) -> None:
    app = open_page(script)
    assert not app.exception
    assert not app.error
    assert app.title[0].value.endswith("?")


def test_data_shows_the_tutorials_first_batch_and_its_tensor() -> None:
    app = open_page("pages/1_Data.py")
    batch = html_of(app).split('class="digits')[1]
    first = [part.split("<", 1)[0] for part in batch.split("<figcaption>")[1:]]
    assert first[:5] == ["5", "0", "4", "1", "9"]
    assert len(first) == 20
    assert any("images (20, 1, 28, 28) float32 in [0, 1]" in caption.value for caption in app.caption)


def test_next_batch_shows_other_digits_and_previous_goes_back() -> None:
    app = open_page("pages/1_Data.py")
    before = html_of(app)
    app.button(key="data_next").click().run()
    assert app.number_input(key="data_batch").value == 2
    assert html_of(app) != before
    app.button(key="data_previous").click().run()
    assert html_of(app) == before


def test_a_batch_number_past_the_last_batch_becomes_the_last() -> None:
    app = open_page("pages/1_Data.py")
    app.number_input(key="data_batch").set_value(2750).run()
    app.slider(key="data_batch_size").set_value(200).run()
    assert not app.exception
    assert app.number_input(key="data_batch").value == 275


def test_start_queues_one_run_of_the_chosen_settings() -> None:
    app = open_page("pages/5_Train.py")
    app.number_input(key="train_tutorial-mlp_epochs").set_value(3).run()
    app.button(key="train_start").click().run()
    assert not app.exception
    (run,) = Store().runs()
    assert (run.config.train.epochs, run.state) == (3, "queued")
    assert app.button(key="train_start").disabled


def test_network_and_augmentation_of_other_pages_are_trained_and_can_be_dropped() -> None:
    app = open_page("pages/5_Train.py")
    app.session_state["model_for_training"] = {"hidden": [64, 32]}
    app.session_state["augment_for_training"] = {"rotation": 10}
    app.run()
    assert any("784-64-32-10" in text.value for text in app.markdown)
    assert any("rotation 10" in text.value for text in app.markdown)
    app.button(key="augment_for_training_drop").click().run()
    app.button(key="train_start").click().run()
    (run,) = Store().runs()
    assert run.config.model.hidden == (64, 32)
    assert not run.config.augment.is_active


def test_a_run_says_what_it_changed_in_its_preset() -> None:
    store = Store()
    run_id = store.create(small_run(seed=7))
    app = open_page("pages/5_Train.py", run=run_id)
    (changed,) = [caption.value for caption in app.caption if caption.value.startswith("Changed: ")]
    assert "epochs 1 (preset: 3)" in changed
    assert "hidden none (preset: 512)" in changed


def test_a_double_click_starts_one_run_even_where_the_first_has_failed_already(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise EngineError("The engine did not start.")

    from ui import starting

    app = open_page("pages/5_Train.py")
    app.button(key="train_start").click().run()
    assert app.button(key="train_start").disabled
    monkeypatch.setattr(tickets, "submit", refuse)
    monkeypatch.setattr(starting, "_SECOND_CLICK", 60.0)
    app.number_input(key="train_tutorial-mlp_seed").set_value(1).run()
    for _ in range(2):
        app.button(key="train_start").click().run()
        assert "did not start" in app.error[0].value
    assert len(Store().runs()) == 2


def test_a_wrong_setting_is_said_in_a_sentence_and_start_is_off() -> None:
    app = open_page("pages/5_Train.py")
    app.number_input(key="train_tutorial-mlp_learning_rate").set_value(-1.0).run()
    assert app.error[0].value == "Learning rate should be greater than 0; -1.0 is not."
    assert app.button(key="train_start").disabled


@pytest.mark.parametrize(
    ("typed", "hidden"), [("784-512-10", (512,)), ("512; 120", (512, 120)), ("10", (10,)), (" ", ())]
)
def test_hidden_layers_are_read_as_on_model(typed: str, hidden: tuple[int, ...]) -> None:
    app = open_page("pages/5_Train.py")
    app.text_input(key="train_tutorial-mlp_hidden").set_value(typed).run()
    app.button(key="train_start").click().run()
    assert Store().runs()[0].config.model.hidden == hidden


def test_hidden_layers_that_are_no_numbers_are_said_in_a_sentence() -> None:
    app = open_page("pages/5_Train.py")
    app.text_input(key="train_tutorial-mlp_hidden").set_value("512-many").run()
    assert not app.exception
    assert "many" in app.error[0].value


def test_an_engine_that_cannot_start_is_said_and_the_run_kept_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise EngineError("The engine did not start.")

    monkeypatch.setattr(tickets, "submit", refuse)
    app = open_page("pages/5_Train.py")
    app.button(key="train_start").click().run()
    assert "did not start" in app.error[0].value
    assert Store().runs()[0].state == "failed"


@pytest.mark.parametrize("run_id", ["zzzzzzzz", "../../etc/passwd", "<b>", "a" * 500])
def test_an_unknown_run_in_the_address_is_a_sentence(run_id: str) -> None:
    app = open_page("pages/5_Train.py", run=run_id)
    assert not app.exception
    assert len(app.warning) == 1


def test_a_finished_run_is_shown_with_its_accuracy_and_can_be_evaluated() -> None:
    store = Store()
    run_id = store.create(small_run())
    execution.execute(store, run_id)
    app = open_page("pages/5_Train.py", run=run_id)
    accuracy = store.run(run_id).result["test_accuracy"]
    assert any(f"{100 * accuracy:.2f}\N{NO-BREAK SPACE}%" in text.value for text in app.markdown)
    app = open_page("pages/6_Evaluate.py", model=run_id)
    assert app.selectbox(key="evaluate_model").value == run_id
    assert any(f"**{100 * accuracy:.2f} %**" in text.value for text in app.markdown)


def test_evaluate_gives_the_tutorials_line_for_each_digit_and_marks_the_wrong_ones() -> None:
    app = open_page("pages/6_Evaluate.py")
    assert "/1135)" in html_of(app)
    app.segmented_control(key="evaluate_shown").set_value("only wrong ones").run()
    assert not app.exception
    captions = html_of(app).split("<figcaption>")[1:]
    assert captions
    assert all(caption.startswith("\N{BALLOT X}") for caption in captions)


def test_an_unknown_model_in_the_address_is_a_sentence_and_the_default_is_shown() -> None:
    app = open_page("pages/6_Evaluate.py", model="nonsense")
    assert not app.exception
    assert "nonsense" in app.warning[0].value
    assert app.selectbox(key="evaluate_model").value == "pen-cnn"


def test_a_model_without_validation_images_says_so() -> None:
    store = Store()
    run_id = store.create(small_run(validation_size=0))
    execution.execute(store, run_id)
    app = open_page("pages/6_Evaluate.py", model=run_id)
    app.selectbox(key="evaluate_split").set_value("validation").run()
    assert not app.exception
    assert "no validation" in app.error[0].value

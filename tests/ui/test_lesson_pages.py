"""Pixels, Augment and Model: each answers its controls, comes back from its address and survives rubbish in it."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnistlab.config import AugmentConfig
from mnistlab.data import Dataset
from tests.ui.test_pages import html_of, open_page

PIXELS, AUGMENT, MODEL = "pages/2_Pixels.py", "pages/3_Augment.py", "pages/4_Model.py"


def said(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.warning, *app.error])


def test_pixels_writes_the_tutorials_values_with_two_decimals(dataset: Dataset) -> None:
    app = open_page(PIXELS, pixels_index="0")
    brightest = dataset.train.images[0].max() / 255
    assert f">{brightest:.2f}<" in html_of(app)
    assert any("labelled 5" in text.value for text in app.markdown)


def test_pixels_address_shows_that_very_image(dataset: Dataset) -> None:
    app = open_page(PIXELS, pixels_split="test", pixels_index="18")
    label = dataset.test.labels[18]
    assert any("test image 18" in text.value.lower() and f"labelled {label}" in text.value for text in app.markdown)


def test_pixels_next_shows_the_next_image_and_other_numbers() -> None:
    app = open_page(PIXELS, pixels_index="4")
    before = html_of(app)
    app.button(key="pixels_next").click().run()
    assert app.number_input(key="pixels_index").value == 5
    assert html_of(app) != before


def test_pixels_shows_the_last_drawing_of_the_session() -> None:
    app = open_page(PIXELS)
    drawing = np.zeros((28, 28), np.float32)
    drawing[4:24, 13:15] = 0.25
    app.session_state["last_drawing"] = drawing
    app.selectbox(key="pixels_source").set_value("my drawing").run()
    assert not app.exception
    assert ">0.25<" in html_of(app)
    assert app.number_input(key="pixels_index").disabled  # it would change nothing


@pytest.mark.parametrize(
    ("script", "parameters"),
    [
        (PIXELS, {"pixels_index": "1000000"}),
        (PIXELS, {"pixels_index": "-3"}),
        (PIXELS, {"pixels_index": "five"}),
        (PIXELS, {"pixels_index": "1e400"}),
        (PIXELS, {"pixels_index": "9" * 5000}),
        (PIXELS, {"pixels_split": "<script>"}),
        (AUGMENT, {"augment_rotation": "steep"}),
        (AUGMENT, {"augment_rotation": "900"}),
        (AUGMENT, {"augment_example": "inf", "augment_noise": "nan", "augment_variant": "99", "augment_framed": "1"}),
        (MODEL, {"model_layers": "784 - 0 - 10"}),
        (MODEL, {"model_layers": "1-2-3-4-5-6-7-8-9"}),
        (MODEL, {"model_activation": "magic"}),
    ],
)
def test_rubbish_in_the_address_is_a_sentence_and_the_page_is_there(script: str, parameters: dict[str, str]) -> None:
    app = open_page(script, **parameters)
    assert not app.exception
    assert said(app)
    assert html_of(app)


@pytest.mark.parametrize("script", ["pages/1_Data.py", PIXELS, AUGMENT, MODEL])
def test_setting_that_the_page_does_not_have_is_told_and_leaves_the_address(script: str) -> None:
    app = open_page(script, nonsense="1")
    assert "The address gives a setting that this page does not have: `nonsense`. It is ignored." in said(app)
    assert "nonsense" not in app.query_params
    assert html_of(app)


def test_augment_same_seed_same_pictures_and_another_seed_others() -> None:
    first, again = (html_of(open_page(AUGMENT, augment_rotation="30")) for _ in range(2))
    other = html_of(open_page(AUGMENT, augment_rotation="30", augment_seed="1"))
    assert first == again
    assert first != other


def test_augment_is_carried_to_train() -> None:
    app = open_page(AUGMENT, augment_rotation="40")
    (use,) = [button for button in app.button if button.label == "Use this for training"]
    use.click().run()
    assert not app.exception
    assert app.session_state["augment_for_training"]["rotation"] == 40
    assert any("rotation 40" in text.value for text in app.markdown)


def test_augment_warns_where_a_turn_changes_the_meaning() -> None:
    assert not said(open_page(AUGMENT, augment_rotation="10"))
    assert "9" in said(open_page(AUGMENT, augment_rotation="180"))


def test_model_counts_the_tutorials_parameters_and_shows_its_source() -> None:
    app = open_page(MODEL)
    assert any("407,050 parameters" in text.value for text in app.markdown)
    assert any("nn.Linear(784, 512)" in code.value for code in app.code)
    assert any("2.303" in text.value for text in app.markdown)


def test_model_line_of_widths_builds_that_network_and_carries_it_to_train() -> None:
    app = open_page(MODEL)
    app.text_input(key="model_layers").set_value("784 - 64 - 32 - 10").run()
    assert any("nn.Linear(64, 32)" in code.value for code in app.code)
    (use,) = [button for button in app.button if button.label == "Use this for training"]
    use.click().run()
    assert not app.exception
    assert tuple(app.session_state["model_for_training"]["hidden"]) == (64, 32)
    assert any("784-64-32-10" in text.value for text in app.markdown)


def test_a_line_with_one_of_its_two_ends_says_how_it_is_read() -> None:
    app = open_page(MODEL, model_layers="784 - 128 - 64")
    assert any("Read as 784 - 784 - 128 - 64 - 10: write both ends" in caption.value for caption in app.caption)
    app.text_input(key="model_layers").set_value("784 - 128 - 10").run()
    assert not any("Read as" in caption.value for caption in app.caption)


@pytest.mark.parametrize("script", ["pages/1_Data.py", PIXELS, AUGMENT, MODEL])
def test_each_experiment_sets_its_page_without_a_complaint(script: str) -> None:
    app = open_page(script)
    key = script.split("_")[1].removesuffix(".py").lower()
    for number in range(3):
        app.button(key=f"{key}_try_{number}").click().run()
        assert not app.exception
        assert not app.error


def test_example_on_the_overview_is_nobodys_drawing() -> None:
    app = open_page(PIXELS, pixels_source="my drawing")
    assert "last_drawing" not in app.session_state
    assert "drawn nothing" in app.info[0].value


def test_numbers_that_are_out_of_bounds_are_all_told_beside_the_nearest_view() -> None:
    app = open_page(AUGMENT, augment_rotation="900", augment_digit="x", augment_seed="-4")
    assert not app.exception
    assert app.slider(key="augment_rotation").value == 180
    assert app.number_input(key="augment_seed").value == 0
    for sentence in ('For "rotation"', 'For "digit"', 'For "seed"'):
        assert said(app).count(sentence) == 1


@pytest.mark.parametrize(
    ("given", "nearest"), [("", "784 - 10"), ("rubbish", "784 - 10"), ("784 - 0 - 10", "784 - 1 - 10")]
)
def test_layers_of_the_address_that_cannot_be_built_are_mended_in_the_field_too(given: str, nearest: str) -> None:
    app = open_page(MODEL, model_layers=given)
    assert not app.exception
    assert app.text_input(key="model_layers").value == nearest
    assert f"You see {nearest} instead." in said(app)


def test_layers_that_were_typed_wrongly_stay_for_their_writer_to_mend() -> None:
    app = open_page(MODEL)
    app.text_input(key="model_layers").set_value("784 - many - 10").run()
    assert app.text_input(key="model_layers").value == "784 - many - 10"
    assert "'many' is not a whole number" in said(app)


@pytest.mark.parametrize(
    ("chip", "setting", "value"),
    [
        ("Tutorial", "affine_rotation", 45),
        ("Keras variant", "use", "once"),
        ("Strong but legible", "elastic", 1.5),
    ],
)
def test_each_preset_of_augment_sets_the_controls_and_other_pictures(chip: str, setting: str, value: object) -> None:
    app = open_page(AUGMENT)
    before = html_of(app)
    app.button_group(key="augment_preset").set_value(chip).run()
    assert not app.exception
    assert app.session_state[f"augment_{setting}"] == value
    assert html_of(app) != before


def test_tutorials_two_turns_are_said_to_add_up_to_70() -> None:
    app = open_page(AUGMENT, augment_rotation="25", augment_affine_rotation="45")
    assert "25 and 45 degrees add up: turned by up to 70 degrees" in said(app)


def test_augmentation_tells_its_cost_in_images_per_second() -> None:
    assert any("images/s" in caption.value for caption in open_page(AUGMENT).caption)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "gelu", "none"])
def test_model_compares_gradients_of_sigmoid_and_relu_side_by_side(activation: str) -> None:
    app = open_page(MODEL, model_activation=activation, model_layers="784 - 32 - 32 - 10")
    assert not app.exception
    titles = [text.value for text in app.markdown]
    assert any(title.startswith("**Sigmoid**") for title in titles)
    assert any(title.startswith("**ReLU**") for title in titles)


def test_model_tells_the_memory_that_adam_needs() -> None:
    app = open_page(MODEL)  # 407,050 parameters of 4 bytes: weights, gradients, two averages
    assert any(f"{407_050 * 16 / 1e6:.2f} MB" in text.value for text in app.markdown)


@pytest.mark.parametrize(
    ("script", "parameters", "chip"),
    [
        (MODEL, {"model_layers": "784-10"}, "No hidden layer"),
        (MODEL, {"model_layers": "784 - 33 - 10"}, None),
        (AUGMENT, {"augment_rotation": "15", "augment_shift": "0.1", "augment_scale_min": "0.9"}, None),
        (AUGMENT, {"augment_rotation": "0"}, "Nothing"),
    ],
)
def test_chip_that_is_marked_is_what_the_address_makes(
    script: str, parameters: dict[str, str], chip: str | None
) -> None:
    key = f"{script.split('_')[1].removesuffix('.py').lower()}_preset"
    assert open_page(script, **parameters).button_group(key=key).value == chip


def test_every_setting_of_augmentation_is_on_its_page() -> None:
    app = open_page(AUGMENT)
    there = {element.key for element in [*app.slider, *app.toggle, *app.selectbox]}
    assert {f"augment_{name}" for name in AugmentConfig.model_fields} <= there


def test_costly_network_is_asked_about_fewer_images() -> None:
    app = open_page(MODEL, model_kind="cnn", model_channels="128-128-128")
    assert any("On the first 10 training images" in text.value for text in app.markdown)
    assert any("one batch of 2 training images" in caption.value for caption in app.caption)


def test_network_without_a_hidden_layer_is_said_to_be_the_same_with_either_activation() -> None:
    app = open_page(MODEL, model_layers="784 - 10")
    assert any("one and the same network" in caption.value for caption in app.caption)

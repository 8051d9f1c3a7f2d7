"""Pixels: what is written on the grid, and which picture it is, from the data set and from the pad."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from mnistlab.data import Dataset
from tests.ui.test_pages import html_of, open_page
from ui.pixel_grid import pixel_grid
from ui.pixel_scale import diverging, diverging_address, diverging_to_largest, number

PIXELS = "pages/2_Pixels.py"


def readouts(html: str) -> dict[tuple[int, int], str]:
    """What is said of each pixel when the mouse is on it, by row and column."""
    found = re.findall(r'data-t="row (\d+), column (\d+): ([^"]*)"', html)
    return {(int(row), int(column)): text for row, column, text in found}


def test_every_pixel_of_the_chosen_image_is_written_at_its_row_and_column(dataset: Dataset) -> None:
    said = readouts(html_of(open_page(PIXELS, pixels_index="7", pixels_scale="0 to 255")))
    assert len(said) == 784
    assert all(int(text) == dataset.train.images[7][place] for place, text in said.items())


def test_difference_is_the_picture_minus_the_average_of_its_digit(dataset: Dataset) -> None:
    said = readouts(html_of(open_page(PIXELS, pixels_index="0", pixels_view="difference")))
    own = dataset.train.images[dataset.train.labels == 5] / 255
    expected = dataset.train.images[0] / 255 - own.mean(axis=0)
    for place, text in said.items():
        assert float(text.replace("\N{MINUS SIGN}", "-")) == pytest.approx(expected[place], abs=0.0051)


def test_drawing_is_compared_with_the_average_that_is_nearest() -> None:
    app = open_page(PIXELS, pixels_source="my drawing")
    app.run()
    assert "drawn nothing" in app.info[0].value
    drawing = np.zeros((28, 28), np.float32)
    drawing[4:24, 13:15] = 1
    app.session_state["last_drawing"] = drawing
    app.run()
    assert any("My drawing, nearest to the average 1" in text.value for text in app.markdown)


def test_previous_of_the_first_image_is_the_last_of_the_split() -> None:
    app = open_page(PIXELS, pixels_split="test")
    app.button(key="pixels_previous").click().run()
    assert app.number_input(key="pixels_index").value == 9999


def test_smaller_split_moves_an_index_beyond_it_to_its_last_image() -> None:
    app = open_page(PIXELS, pixels_index="54000")
    app.selectbox(key="pixels_split").set_value("test").run()
    assert not app.exception
    assert app.number_input(key="pixels_index").value == 9999


def test_text_is_white_on_dark_and_black_on_bright_pixels() -> None:
    picture = np.zeros((28, 28), np.float32)
    picture[0, :3] = [0.39, 0.41, 1]
    html = pixel_grid(picture, "0 to 1", "a test")
    assert [kind for kind, _ in re.findall(r'<i class="(\w)" style="background:(#\w+)"', html)] == ["w", "k", "k"]


@pytest.mark.parametrize(
    ("value", "scale", "is_difference", "text"),
    [
        (0.0, "0 to 1", False, "0"),
        (0.9921, "0 to 1", False, "0.99"),
        (1.0, "0 to 255", False, "255"),
        (0.0, "normalised", False, "\N{MINUS SIGN}0.42"),
        (-0.25, "0 to 1", True, "\N{MINUS SIGN}0.25"),
        (0.004, "0 to 1", True, "0"),
        (0.3081, "normalised", True, "+1.00"),
        (-0.001, "0 to 255", True, "0"),
        (0.01, "0 to 255", True, "+3"),
        (-0.01, "0 to 255", True, "\N{MINUS SIGN}3"),
    ],
)
def test_value_is_written_in_its_scale(value: float, scale: str, is_difference: bool, text: str) -> None:
    assert number(value, scale, is_difference) == text  # type: ignore[arg-type]


def test_more_is_orange_less_is_blue_and_equal_is_black() -> None:
    more, less, equal = diverging(np.array([[1, -1, 0]], np.float32))[0]
    assert more[0] > more[2]
    assert less[2] > less[0]
    assert not equal.any()


def test_the_largest_of_any_values_is_as_bright_as_can_be() -> None:
    half, full, none = diverging_to_largest(np.array([[0.02, -0.04, 0]], np.float32))[0]
    assert full.tolist() == diverging(np.array([[-1]], np.float32))[0, 0].tolist()
    assert half.tolist() == diverging(np.array([[0.5]], np.float32))[0, 0].tolist()
    assert not none.any()
    assert not diverging_to_largest(np.zeros((1, 2), np.float32)).any()


def test_normalised_view_says_what_background_becomes_and_why() -> None:
    app = open_page(PIXELS, pixels_scale="normalised")
    assert any("are \N{MINUS SIGN}0.42, plain background" in text.value for text in app.markdown)
    assert any("Why?" in caption.value for caption in app.caption)
    difference = open_page(PIXELS, pixels_scale="normalised", pixels_view="difference")
    assert any("The mean cancels out" in caption.value for caption in difference.caption)


def test_a_picture_of_differences_has_the_colours_of_each_and_gaps_where_there_is_none() -> None:
    differences = np.random.default_rng(0).uniform(-1, 1, (20, 30)).astype(np.float32)
    differences[0, :4] = -1, 0, 1, np.nan
    kind, content = diverging_address(differences).split(",")
    assert kind == "data:image/png;base64"
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGBA")).astype(int)
    assert (seen[..., 3] == 255 * ~np.isnan(differences)).all()
    expected = diverging(np.nan_to_num(differences)).astype(int)
    assert np.abs(seen[..., :3] - expected)[~np.isnan(differences)].max() <= 1
    assert (seen[0, :3, :3] == expected[0, :3]).all()

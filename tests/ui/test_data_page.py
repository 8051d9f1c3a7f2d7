"""Data: filter, mixing and ranking show what they say; the address is followed as far as it can be."""

import numpy as np
import pytest

from mnistlab.data import Dataset
from tests.ui.test_pages import html_of, open_page

DATA = "pages/1_Data.py"


def captions(html: str) -> list[str]:
    return [part.split("<", 1)[0] for part in html.split("<figcaption>")[1:]]


def test_only_the_chosen_digits_are_shown_and_counted_in_the_batches(dataset: Dataset) -> None:
    app = open_page(DATA, data_digits="4", data_batch_size="50")
    assert set(captions(html_of(app))[:50]) == {"4"}
    assert app.number_input(key="data_batch").max == -(-int((dataset.train.labels == 4).sum()) // 50)


def test_mix_again_shows_other_digits_and_the_seed_brings_the_first_back() -> None:
    app = open_page(DATA, data_order="shuffled")
    before = html_of(app)
    app.button(key="data_mix").click().run()
    assert app.number_input(key="data_seed").value == 1
    assert html_of(app) != before
    app.number_input(key="data_seed").set_value(0).run()
    assert html_of(app) == before


def test_ranking_begins_at_the_nearest_and_at_the_farthest_image(dataset: Dataset) -> None:
    app = open_page(DATA, data_ranked="3", data_split="test")
    own = dataset.test.images[dataset.test.labels == 3].astype(float) / 255
    found = np.sort(np.sqrt(((own - own.mean(axis=0)) ** 2).sum(axis=(1, 2))))
    shown = captions(html_of(app))[20:40]
    assert shown[:10] == [f"{distance:.1f}" for distance in found[:10]]
    assert shown[10:] == [f"{distance:.1f}" for distance in found[::-1][:10]]


def test_each_digit_leads_to_its_own_pixels() -> None:
    html = html_of(open_page(DATA, data_split="validation", data_batch="3"))
    assert 'href="Pixels?pixels_set=mnist&amp;pixels_split=validation&amp;pixels_index=40"' in html


@pytest.mark.parametrize("number", [0, 1, 2])
def test_experiment_sets_the_controls_and_says_what_to_watch(number: int) -> None:
    app = open_page(DATA)
    before = [caption.value for caption in app.caption]
    app.button(key=f"data_try_{number}").click().run()
    assert not app.exception
    assert [caption.value for caption in app.caption] != before


@pytest.mark.parametrize(
    ("name", "given", "widget", "nearest"),
    [
        ("data_batch", "1000000", "data_batch", 2750),
        ("data_batch", "-3", "data_batch", 1),
        ("data_batch", "abc", "data_batch", 1),
        ("data_batch", "9" * 300, "data_batch", 2750),
        ("data_batch", "1e400", "data_batch", 2750),
        ("data_batch", "2.6", "data_batch", 3),
        ("data_seed", "-1", None, None),
    ],
)
def test_number_that_cannot_be_followed_is_one_sentence_and_the_nearest_view(
    name: str, given: str, widget: str | None, nearest: int | None
) -> None:
    app = open_page(DATA, data_order="shuffled", **{name: given})
    assert not app.exception
    assert len(app.warning) == 1
    assert widget is None or app.number_input(key=widget).value == nearest


def test_choice_that_does_not_exist_is_one_sentence() -> None:
    app = open_page(DATA, data_split="<b>nonsense`")
    assert not app.exception
    assert app.warning[0].value == (
        'For "split" the address gives `<b>nonsense `, which is ignored. It can be train, validation or test.'
    )


def test_batch_of_one_is_one_picture() -> None:
    assert any("is 1 picture of" in caption.value for caption in open_page(DATA, data_batch_size="1").caption)

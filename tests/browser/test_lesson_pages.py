"""Data, Pixels, Augment and Model in a real browser: a control changes the picture, the address brings it back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.waiting import PATIENT, at_rest, digit_of, until


def open_page(page: Page, address: str) -> Locator:
    """Open an address and return the page's main part, once its script has ended ("Show the code" comes last)."""
    page.goto(address)
    expect(page.get_by_text("Show the code")).to_be_visible(timeout=PATIENT)
    return page.get_by_test_id("stMain")


def change_slider(page: Page, label: str) -> None:
    slider = page.get_by_role("slider", name=re.compile(label)).first
    slider.focus()
    slider.press("End")


@contextmanager
def changing_and_brought_back(page: Page, picture: Locator, parameter: str) -> Iterator[None]:
    """What is done inside changes the picture and the address, and the address alone brings the new picture back."""
    before = at_rest(page, picture.inner_html)
    yield
    expect(page).to_have_url(re.compile(parameter), timeout=PATIENT)
    until(page, lambda: picture.inner_html() != before, "another picture")
    after = at_rest(page, picture.inner_html)
    open_page(page, page.url)
    until(page, lambda: picture.inner_html() == after, "the picture that the address stands for")


@pytest.mark.parametrize(
    ("path", "selector", "parameter"),
    [("Augment", ".digits >> nth=1", "augment_rotation"), ("Data", ".digits >> nth=0", "data_batch_size")],
)
def test_a_slider_changes_the_picture_and_the_address_brings_it_back(
    page: Page, app_url: str, path: str, selector: str, parameter: str
) -> None:
    open_page(page, f"{app_url}/{path}")
    with changing_and_brought_back(page, page.locator(selector), f"{parameter}="):
        change_slider(page, "Rotation" if path == "Augment" else "Batch size")


def test_a_click_on_a_digit_opens_its_pixels_and_the_address_brings_them_back(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Data")
    digit_of(page, 4).click()
    expect(page.get_by_text("What does the network see?")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text("labelled 9").first).to_be_visible(timeout=PATIENT)
    expect(page).to_have_url(re.compile("pixels_index=4"))
    open_page(page, page.url)
    expect(page.get_by_text("labelled 9").first).to_be_visible(timeout=PATIENT)


def test_a_line_of_widths_draws_that_network_and_the_address_brings_it_back(page: Page, app_url: str) -> None:
    main = open_page(page, f"{app_url}/Model")
    expect(main.get_by_text("407,050 parameters")).to_be_visible(timeout=PATIENT)
    line = page.get_by_role("textbox", name="Layers (neurons)")
    line.fill("784 - 33 - 10")
    line.press("Enter")
    expect(main.locator("svg text", has_text=re.compile("^33$"))).to_be_visible(timeout=PATIENT)
    expect(page).to_have_url(re.compile("model_layers="))
    main = open_page(page, page.url)
    expect(main.locator("svg text", has_text=re.compile("^33$"))).to_be_visible(timeout=PATIENT)


def test_rubbish_in_an_address_is_a_sentence(page: Page, app_url: str) -> None:
    main = open_page(page, f"{app_url}/Pixels?pixels_index=1000000")
    expect(main.get_by_test_id("stAlert").first).to_be_visible(timeout=PATIENT)


@pytest.mark.parametrize(
    ("path", "corrected"),
    [
        ("Data?data_order=shuffled&data_batch=99999", "data_batch=2750"),
        ("Pixels?pixels_split=test&pixels_index=1000000", "pixels_index=9999"),
        ("Augment?augment_digit=6&augment_rotation=900", "augment_rotation=180"),
        ("Model?model_activation=tanh&model_dropout=7", "model_dropout=0.9"),
        ("Model?model_activation=tanh&model_layers=784-0-10", re.escape("model_layers=784+-+1+-+10")),
    ],
)
def test_address_out_of_bounds_becomes_that_of_what_is_shown(
    page: Page, app_url: str, path: str, corrected: str
) -> None:
    kept = path.split("?")[1].split("&")[0]
    main = open_page(page, f"{app_url}/{path}")
    expect(main.get_by_test_id("stAlert").first).to_contain_text("You see", timeout=PATIENT)
    expect(page).to_have_url(re.compile(corrected), timeout=PATIENT)
    expect(page).to_have_url(re.compile(kept))


@pytest.mark.parametrize(
    ("path", "chip", "parameter"),
    [("Augment", "Strong but legible", "augment_elastic=1.5"), ("Model", "Five sigmoids", "model_activation=sigmoid")],
)
def test_preset_changes_the_picture_and_the_address_brings_it_back(
    page: Page, app_url: str, path: str, chip: str, parameter: str
) -> None:
    selector = ".digits" if path == "Augment" else ".network"
    last = page.locator(selector).nth(1 if path == "Augment" else 0)
    open_page(page, f"{app_url}/{path}")
    with changing_and_brought_back(page, last, parameter):
        page.get_by_role("button", name=chip, exact=True).or_(page.get_by_role("radio", name=chip, exact=True)).click()


def test_ugly_sevens_shows_sevens_and_its_link_goes_to_the_ugliest(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Data?data_ranked=3")
    page.get_by_role("button", name="Ugly sevens").click()
    expect(page.locator(".digits").first.locator("figcaption").first).to_have_text("7", timeout=PATIENT)
    expect(page.get_by_text("Nearest to the average 7")).to_be_attached(timeout=PATIENT)
    page.get_by_role("link", name="Go down to the sevens").click()
    expect(page.get_by_text("Nearest to the average 7")).to_be_in_viewport(timeout=PATIENT)


def test_back_after_a_correction_leaves_the_page_in_two_steps(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Data")
    main = open_page(page, f"{app_url}/Pixels?pixels_index=1000000")
    expect(main.get_by_test_id("stAlert").first).to_contain_text("You see", timeout=PATIENT)
    expect(page).to_have_url(re.compile("pixels_index=54999"), timeout=PATIENT)
    for _ in range(2):
        at_rest(page, lambda: page.url)
        page.go_back()
    expect(page.get_by_text("What are we learning from?")).to_be_visible(timeout=PATIENT)


def test_no_experiment_and_no_preset_writes_to_the_terminal(page: Page, app_url: str, terminal: Path) -> None:
    for path in ("Data", "Pixels", "Augment", "Model"):
        open_page(page, f"{app_url}/{path}?data_batch_size=30&pixels_view=average&augment_shear=5&model_dropout=0.1")
        for number in range(3):
            page.locator(f".st-key-{path.lower()}_try_{number} button").click()
            at_rest(page, page.get_by_test_id("stMain").inner_text)
    assert "WARNING" not in terminal.read_text().upper()
    assert "default value" not in terminal.read_text()
    assert "Traceback" not in terminal.read_text()

"""Data, Pixels, Augment and Model in a real browser: a control changes the picture, the address brings it back."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

PATIENT = 60_000  # ms; the first page waits for torch


def open_page(page: Page, address: str) -> Locator:
    """Open an address and return the page's main part, once its script has ended ("Show the code" comes last)."""
    page.goto(address)
    expect(page.get_by_text("Show the code")).to_be_visible(timeout=PATIENT)
    return page.get_by_test_id("stMain")


def picture(page: Page, selector: str) -> str:
    return page.locator(selector).first.inner_html()


def change_slider(page: Page, label: str) -> None:
    slider = page.get_by_role("slider", name=re.compile(label)).first
    slider.focus()
    slider.press("End")


@pytest.mark.parametrize(
    ("path", "selector", "parameter"),
    [("Augment", ".digits >> nth=1", "augment_rotation"), ("Data", ".digits", "data_batch_size")],
)
def test_a_slider_changes_the_picture_and_the_address_brings_it_back(
    page: Page, app_url: str, path: str, selector: str, parameter: str
) -> None:
    open_page(page, f"{app_url}/{path}")
    before = picture(page, selector)
    change_slider(page, "Rotation" if path == "Augment" else "Batch size")
    expect(page).to_have_url(re.compile(f"{parameter}="), timeout=PATIENT)
    page.wait_for_function(
        "([selector, before]) => document.querySelectorAll(selector)[before.index]?.innerHTML !== before.html",
        arg=[selector.split(" >>")[0], {"index": 1 if ">>" in selector else 0, "html": before}],
        timeout=PATIENT,
    )
    page.wait_for_timeout(2000)
    after = picture(page, selector)
    open_page(page, page.url)
    page.wait_for_timeout(2000)
    assert picture(page, selector) == after


def test_a_click_on_a_digit_opens_its_pixels_and_the_address_brings_them_back(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Data")
    page.locator(".digits a").nth(4).click()
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
    before = last.inner_html()
    page.get_by_role("button", name=chip, exact=True).or_(page.get_by_role("radio", name=chip, exact=True)).click()
    expect(page).to_have_url(re.compile(parameter), timeout=PATIENT)
    page.wait_for_timeout(1500)
    after = last.inner_html()
    assert after != before
    open_page(page, page.url)
    page.wait_for_timeout(1000)
    assert last.inner_html() == after


def test_ugly_sevens_shows_sevens_and_its_link_goes_to_the_ugliest(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Data?data_ranked=3")
    page.get_by_role("button", name="Ugly sevens").click()
    expect(page.locator(".digits").first.locator("figcaption").first).to_have_text("7", timeout=PATIENT)
    expect(page.get_by_text("Nearest to the average 7")).to_be_attached(timeout=PATIENT)
    page.get_by_role("link", name="Go down to the sevens").click()
    expect(page.get_by_text("Nearest to the average 7")).to_be_in_viewport(timeout=PATIENT)

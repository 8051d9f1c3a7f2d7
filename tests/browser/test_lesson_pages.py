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
    page.wait_for_timeout(1000)
    after = picture(page, selector)
    open_page(page, page.url)
    page.wait_for_timeout(1000)
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

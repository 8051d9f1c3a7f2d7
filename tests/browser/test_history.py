"""The browser's Back: one press for one press, to the page as it was left, without a word about settings of another."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_lesson_pages import open_page
from tests.browser.waiting import PATIENT, digit_of


def go_back_to(page: Page, question: str, address: str) -> None:
    page.go_back()
    expect(page.get_by_role("heading", name=question)).to_be_visible(timeout=PATIENT)
    expect(page).to_have_url(re.compile(f"{address}$"), timeout=PATIENT)
    expect(page.get_by_text("Show the code")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_test_id("stAlertContentWarning")).to_have_count(0)


@pytest.mark.parametrize("way", ["menu", "digit"])
def test_back_leads_to_the_page_as_it_was_left(page: Page, app_url: str, way: str) -> None:
    open_page(page, f"{app_url}/Data")
    page.get_by_role("button", name="Next", exact=True).first.click()
    expect(page).to_have_url(re.compile("data_batch=2"), timeout=PATIENT)
    if way == "menu":
        page.get_by_test_id("stSidebar").get_by_role("link", name="Augment", exact=True).click()
        expect(page.get_by_role("heading", name="Is a tilted 3 still a 3?")).to_be_visible(timeout=PATIENT)
    else:
        digit_of(page, 24).click()
        expect(page.get_by_role("heading", name="What does the network see?")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text("Show the code")).to_be_visible(timeout=PATIENT)
    go_back_to(page, "What are we learning from?", "data_batch=2")
    expect(page.get_by_role("spinbutton", name="Batch").first).to_have_value("2", timeout=PATIENT)
    go_back_to(page, "What are we learning from?", "/Data")


def test_back_from_what_was_sent_to_train(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Augment")
    page.get_by_role("button", name="Use this for training").click()
    expect(page).to_have_url(re.compile("Train.*augment"), timeout=PATIENT)  # Train writes its recipe there
    go_back_to(page, "Is a tilted 3 still a 3?", "/Augment")


# Safari's order: what React has put off comes after timers of 0 ms.
_DRAWN_LATE = """
const post = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (...sent) { setTimeout(() => post.apply(this, sent), 50); };
"""


def test_a_setting_that_has_just_changed_stays_in_the_address_of_a_page_that_is_drawn_late(
    page: Page, app_url: str
) -> None:
    page.add_init_script(_DRAWN_LATE)
    open_page(page, f"{app_url}/Evaluate?evaluate_view=confidence")
    page.get_by_role("radio", name="ladder").click()
    expect(page.get_by_test_id("stSelectbox").get_by_role("combobox", name="Split")).to_be_disabled(timeout=PATIENT)
    expect(page.get_by_text("Show the code")).to_be_visible(timeout=PATIENT)
    page.get_by_role("radio", name="robustness").click()  # once more: by now the model stands in the address, too
    expect(page.get_by_text("Show the code")).to_be_visible(timeout=PATIENT)
    page.wait_for_timeout(1000)  # the old value would come back from the server
    expect(page).to_have_url(re.compile("evaluate_view=robustness"))

"""Evaluate as it is used: clicks on cells and digits, pointing at the map, the slider; the address brings all back."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_lesson_pages import PATIENT, open_page
from tests.browser.test_story import go_to
from tests.browser.waiting import digit_of, expect_no_sideways_scroll, press_until

_VIEWS = ("overview", "one+digit", "two+models", "confidence", "robustness", "hidden+layer", "ladder")


def a_mistake(page: Page) -> Locator:
    """A cell beside the diagonal in which there is something."""
    return page.locator(".confusion a:not(.none)").filter(has_text=re.compile(r"^\d$")).first


def test_a_click_on_a_cell_shows_its_digits_and_the_address_brings_them_back(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Evaluate")
    cell = a_mistake(page)
    count, (true, read) = int(cell.inner_text()), divmod(int(cell.get_attribute("data-pick") or ""), 10)
    cell.click()
    captions = page.locator(".digits").first.locator("figcaption")
    expect(captions).to_have_count(count, timeout=PATIENT)
    expect(captions.first).to_have_text(f"\N{BALLOT X} {read} ({true})")
    expect(page.locator(".confusion a.chosen")).to_have_count(1)
    expect(page).to_have_url(re.compile(f"evaluate_true={true}.*evaluate_read={read}"), timeout=PATIENT)
    open_page(page, page.url)
    expect(captions).to_have_count(count, timeout=PATIENT)
    expect(page.locator(".confusion a.chosen")).to_have_count(1)


def test_the_keyboard_stays_on_the_cell_whose_digits_it_has_asked_for(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Evaluate")
    cell = page.locator('.confusion a[data-pick="1"]')
    cell.focus()
    cell.press("Enter")
    expect(page.locator(".confusion a.chosen")).to_have_attribute("data-pick", "1", timeout=PATIENT)
    expect(cell).to_be_focused()


def test_a_click_on_a_digit_opens_it_in_depth_and_the_address_brings_it_back(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Evaluate")
    digit_of(page, 7).click()
    expect(page.get_by_text(re.compile("Test image 7: "))).to_be_visible(timeout=PATIENT)
    expect(page).to_have_url(re.compile("evaluate_view=one.digit.*evaluate_index=7"), timeout=PATIENT)
    open_page(page, page.url)
    expect(page.get_by_text(re.compile("Test image 7: "))).to_be_visible(timeout=PATIENT)


def test_a_button_on_pixels_opens_its_digit_although_another_one_was_looked_at(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Evaluate?evaluate_view=one+digit&evaluate_index=3")
    go_to(page, "Pixels")
    expect(page.get_by_text(re.compile("Train image 0, labelled"))).to_be_visible(timeout=PATIENT)
    page.get_by_role("button", name="How is it read, and why?").click()
    expect(page.get_by_text(re.compile("Training image 0: "))).to_be_visible(timeout=PATIENT)


def test_an_experiment_stands_in_the_address_from_whatever_view_it_is_begun(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Evaluate?evaluate_view=ladder")
    page.get_by_role("button", name="Fours read as nines").click()
    expect(page.locator(".confusion a.chosen")).to_have_count(1, timeout=PATIENT)
    expect(page).to_have_url(re.compile("evaluate_true=4.*evaluate_read=9"), timeout=PATIENT)
    page.get_by_role("button", name="Fool it").click()
    expect(page.get_by_text(re.compile("Test image 18: "))).to_be_visible(timeout=PATIENT)
    expect(page).to_have_url(re.compile("evaluate_index=18"), timeout=PATIENT)


def test_arrow_keys_and_neighbours_go_to_other_digits(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Evaluate?evaluate_view=one+digit&evaluate_index=10")
    shown = page.get_by_text(re.compile("Test image [0-9]+: "))
    press_until(page, "ArrowRight", lambda: "Test image 10: " not in shown.inner_text(), "the digit after it")
    expect(shown).to_contain_text(re.compile("Test image 1[1-9]: "))
    page.locator(".digits a").first.click()
    expect(page.get_by_text(re.compile("Training image .*: "))).to_be_visible(timeout=PATIENT)


def test_the_slider_turns_the_answer_and_back(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Evaluate?evaluate_view=one+digit&evaluate_index=18")
    sentence = page.get_by_text(re.compile("The answer turns from"))
    expect(sentence).to_be_visible(timeout=PATIENT)
    found = re.search(r"from (\d) to (\d)", sentence.inner_text())
    assert found is not None
    before, after = found.groups()
    expect(sentence).to_have_text(re.compile(f"the network reads an? {after}"))
    slider = page.get_by_role("slider", name=re.compile("Step"))
    slider.focus()
    slider.press("Home")
    expect(sentence).to_have_text(re.compile(f"the network reads an? {before}"), timeout=PATIENT)
    expect(page).to_have_url(re.compile("evaluate_step=0"), timeout=PATIENT)


def test_a_digit_on_the_map_is_shown_when_it_is_pointed_at_and_opens_on_a_click(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Evaluate?evaluate_view=hidden+layer")
    dots = page.locator(".map a")
    expect(dots).to_have_count(1000, timeout=PATIENT)
    dot = page.locator(".map a.wrong").first
    expect(dot.locator("i")).to_be_hidden()
    dot.hover()
    expect(dot.locator("i")).to_be_visible()
    dot.click()
    expect(page.get_by_text(re.compile(r"Test image [\d,]+: "))).to_be_visible(timeout=PATIENT)


def test_no_view_scrolls_sideways_on_a_phone(page: Page, app_url: str) -> None:
    page.set_viewport_size({"width": 320, "height": 844})  # also a laptop's window at 400 %
    for view in _VIEWS:
        page.goto(f"{app_url}/Evaluate?evaluate_view={view}")
        expect_no_sideways_scroll(page, view)


def test_while_a_view_computes_the_one_before_is_gone(page: Page, app_url: str) -> None:
    main = open_page(page, f"{app_url}/Evaluate?model=best-cnn")
    expect(main.get_by_text("What was read as what?")).to_be_visible(timeout=PATIENT)
    main.get_by_role("radio", name="robustness").click()
    expect(main.get_by_text("Reading 1,000 digits at")).to_be_visible(timeout=PATIENT)
    expect(main.get_by_text("What was read as what?")).to_have_count(0, timeout=1000)
    expect(main.get_by_text("Reading 1,000 digits at")).to_be_visible()

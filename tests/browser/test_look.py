"""Data and Pixels as they are used: by keyboard, by pointing, on a phone, and with a drawing of one's own."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_lesson_pages import open_page
from tests.browser.test_story import THREE, draw, go_to
from tests.browser.waiting import PATIENT, at_rest, digit_of, expect_no_sideways_scroll, press_until, until


def test_two_hundred_digits_come_with_one_click(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Data")
    page.get_by_role("button", name="200 at a glance").click()
    expect(page.locator(".digits").first.locator("figure")).to_have_count(200, timeout=PATIENT)
    expect(page).to_have_url(re.compile("data_batch_size=200"))


def test_arrow_keys_step_through_the_digits_and_enter_opens_one(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Data")
    digit_of(page, 0).focus()
    here = "document.activeElement.dataset.pick"
    press_until(page, "ArrowRight", lambda: page.evaluate(here) == "1", "the second digit")
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "Enter"):  # ten in a row
        page.keyboard.press(key)
    expect(page.get_by_text("Train image 11, labelled 5")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_role("heading", level=1, name="What does the network see?")).to_be_focused()
    levels = page.get_by_test_id("stMain").get_by_role("heading").evaluate_all("all => all.map((one) => one.tagName)")
    assert set(levels[1:]) == {"H2"}  # what listens to a page leaps from heading to heading


def test_digit_picked_later_wins_over_the_one_seen_before(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Pixels?pixels_split=test&pixels_index=3")
    go_to(page, "Data")
    digit_of(page, 7).click()
    expect(page.get_by_text("Train image 7, labelled 3")).to_be_visible(timeout=PATIENT)


def test_choice_is_still_there_after_a_visit_elsewhere(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Pixels?pixels_index=9&pixels_scale=normalised")
    go_to(page, "Data")
    expect(page.locator(".digits").first).to_be_visible(timeout=PATIENT)
    go_to(page, "Pixels")
    expect(page.get_by_text("Train image 9, labelled 4")).to_be_visible(timeout=PATIENT)
    expect(page).to_have_url(re.compile("pixels_scale=normalised"))


def test_arrow_keys_and_thumbnails_go_to_other_images(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Pixels?pixels_index=10")
    chosen = page.get_by_role("spinbutton", name=re.compile("^Image"))
    press_until(page, "ArrowRight", lambda: chosen.input_value() != "10", "another image after the right arrow")
    here = int(at_rest(page, chosen.input_value))
    page.locator(".digits a").first.click()
    expect(page.get_by_text(f"Train image {here - 3}, labelled")).to_be_visible(timeout=PATIENT)
    expect(page).to_have_url(re.compile(f"pixels_index={here - 3}"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pixel_under_the_mouse_is_told_in_the_colour_of_the_text(page: Page, app_url: str, theme: str) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    main = open_page(page, f"{app_url}/Pixels")
    colour = main.evaluate("main => getComputedStyle(main).color")
    # A bright pixel with black text, a dark one with white text, and plain background.
    for row, column, value in ((7, 12, r"0\.99"), (7, 22, r"0\.15"), (0, 0, "0")):
        _expect_told(page, row, column, value, colour)


def _expect_told(page: Page, row: int, column: int, value: str, colour: str) -> None:
    pixel = page.locator(".pixels i").nth(28 * row + column)

    def is_told() -> bool:
        pixel.hover()  # again, if the page has moved below the mouse
        told, shown = pixel.evaluate("pixel => ['content', 'color'].map(n => getComputedStyle(pixel, '::after')[n])")
        return re.fullmatch(f'"row {row}, column {column}: {value}"', told) is not None and shown == colour

    until(page, is_told, f"row {row}, column {column} and its value, in {colour}")
    expect(page.locator(".pixels .hint")).to_have_css("visibility", "hidden")


def test_pixel_is_told_to_a_finger_in_browsers_that_do_not_pretend_it_hovers(page: Page, app_url: str) -> None:
    open_page(page, f"{app_url}/Pixels")
    pixel = page.locator(".pixels i").nth(28 * 7 + 12)
    pixel.dispatch_event("pointerdown", {"pointerType": "touch", "bubbles": True})
    told = "pixel => getComputedStyle(pixel, '::after').content"
    assert pixel.evaluate(told) == '"row 7, column 12: 0.99"'
    expect(page.locator(".pixels .hint")).to_have_css("visibility", "hidden")
    page.locator(".pixels i").first.hover()  # a mouse, after all: one of them is told
    expect(page.locator(".pixels .tapped")).to_have_count(0)
    assert pixel.evaluate(told) == "none"


def test_pixels_keep_their_brightness_where_a_contrast_theme_forces_its_colours(page: Page, app_url: str) -> None:
    page.emulate_media(forced_colors="active")
    open_page(page, f"{app_url}/Pixels")
    for row, column, brightness in ((0, 0, 0), (7, 12, 253)):
        pixel = page.locator(".pixels i").nth(28 * row + column)
        expect(pixel).to_have_css("background-color", f"rgb({brightness}, {brightness}, {brightness})")


def test_settings_are_told_by_a_contrast_theme_and_under_wide_spacing(page: Page, app_url: str) -> None:
    """WCAG 1.4.12 has whoever reads widen the room between paragraphs; Streamlit has one in each button."""
    page.emulate_media(forced_colors="active")
    main = open_page(page, f"{app_url}/Data")
    page.add_style_tag(content="p { margin-bottom: 2em !important; }")
    paper, background = "rgb(255, 255, 255)", "part => getComputedStyle(part).backgroundColor"
    chosen = main.get_by_role("radio", name="file order")
    assert chosen.evaluate(background) != main.get_by_role("radio", name="shuffled").evaluate(background)
    handle = main.get_by_test_id("stSlider").get_by_test_id("stSliderThumbValue").locator("..")
    assert handle.evaluate(background) != paper
    name = chosen.locator("p").bounding_box()
    frame = chosen.bounding_box()
    assert name is not None
    assert frame is not None
    assert abs(name["y"] + name["height"] / 2 - frame["y"] - frame["height"] / 2) < 3
    page.context.new_cdp_session(page).send("Page.setFontSizes", {"fontSizes": {"standard": 24}})
    expect(page.locator("html")).to_have_css("font-size", "24px")  # whoever has asked the browser for it


def test_arrow_keys_scroll_numbers_that_are_wider_than_the_window(page: Page, app_url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, f"{app_url}/Pixels?pixels_index=10")
    numbers = page.locator(".pixels .scroll")
    before = at_rest(page, lambda: numbers.evaluate("box => box.scrollLeft"))
    numbers.focus()
    page.keyboard.press("ArrowRight")
    until(page, lambda: bool(numbers.evaluate("box => box.scrollLeft") > before), "the numbers further to the right")
    at_rest(page, lambda: page.url)
    expect(page.get_by_role("spinbutton", name=re.compile("^Image"))).to_have_value("10")
    expect(numbers).to_be_focused()


def test_nothing_is_pale_for_who_asks_for_more_contrast(page: Page, app_url: str) -> None:
    main = open_page(page, f"{app_url}/Data")
    caption, button = page.get_by_test_id("stCaptionContainer").first, main.get_by_role("button", name="Previous")
    edge = "button => [getComputedStyle(button).borderColor, getComputedStyle(button).color]"
    expect(caption).to_have_css("opacity", "0.78")
    page.emulate_media(contrast="more")
    expect(caption).to_have_css("opacity", "1")
    until(page, lambda: len(set(button.evaluate(edge))) == 1, "an edge in the colour of the text")


def test_a_page_that_is_dark_on_the_screen_is_printed_dark_on_white_but_for_its_pictures(
    page: Page, app_url: str
) -> None:
    page.emulate_media(color_scheme="dark")
    open_page(page, f"{app_url}/Pixels")
    expect(page.locator(".pixels i")).to_have_count(784, timeout=PATIENT)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    ink, paper, nothing = "rgb(27, 36, 48)", "rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"
    expect(page.locator(".stApp")).to_have_css("background-color", paper)
    for text in (page.get_by_role("heading", level=1), page.locator(".pixels b").nth(5)):
        expect(text).to_have_css("color", ink)
    expect(page.get_by_role("button", name="Next")).to_have_css("background-color", nothing)
    expect(page.locator(".pixels i").first).to_have_css("background-color", "rgb(0, 0, 0)")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".stApp")).not_to_have_css("background-color", paper)


@pytest.mark.parametrize("path", ["Augment", "Model"])
def test_tablet_held_upright_shows_the_names_of_buttons_whole(page: Page, app_url: str, path: str) -> None:
    page.set_viewport_size({"width": 820, "height": 1180})
    open_page(page, f"{app_url}/{path}")
    button = page.get_by_role("button", name="Use this for training")
    cut = "button => [button, ...button.querySelectorAll('*')].some(part => part.scrollWidth > part.clientWidth + 1)"
    until(page, lambda: button.bounding_box() is not None, "the button")
    assert not at_rest(page, lambda: button.evaluate(cut))
    box, picture = button.bounding_box(), page.get_by_test_id("stColumn").first.bounding_box()
    assert box is not None
    assert picture is not None
    assert box["x"] > picture["x"] + picture["width"]  # beside the picture, not below it
    expect_no_sideways_scroll(page, path)


def test_drawing_is_shown_as_the_network_got_it(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/Draw")
    expect(page.get_by_text("Draw a digit on the black square.")).to_be_visible(timeout=PATIENT)
    draw(page, THREE)
    expect(page.get_by_text("This is a 3")).to_be_visible(timeout=PATIENT)
    go_to(page, "Pixels")
    page.get_by_role("combobox", name=re.compile("Picture from")).click()
    page.get_by_role("option", name="my drawing").click()
    expect(page.get_by_text(re.compile(r"My drawing, nearest to the average \d"))).to_be_visible(timeout=PATIENT)
    until(page, lambda: page.locator(".pixels .k").count() > 20, "the strokes of the drawing")


@pytest.mark.parametrize("path", ["Data?data_batch_size=200", "Pixels?pixels_view=difference"])
def test_phone_never_scrolls_sideways(page: Page, app_url: str, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, f"{app_url}/{path}")
    expect_no_sideways_scroll(page, path)
    numbers = page.locator(".pixels .scroll")
    if numbers.count():
        assert numbers.evaluate("box => box.scrollWidth > box.clientWidth")
        assert page.locator(".pixels i").first.evaluate("i => parseFloat(getComputedStyle(i).fontSize)") >= 8


def test_a_link_reached_by_keyboard_has_a_ring(page: Page, app_url: str) -> None:
    page.goto(app_url)
    link = page.get_by_role("link", name="See the digits it learns from")
    expect(link).to_be_visible(timeout=PATIENT)
    style = "link => getComputedStyle(link).outlineStyle"
    assert link.evaluate(style) == "none"
    page.keyboard.press("Tab")  # a ring is for whoever comes by keyboard
    link.focus()
    assert link.evaluate(style) == "solid"

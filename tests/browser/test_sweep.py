"""A sweep in a real browser: a classic is started once, stopped, resumed, and its best trial looked at."""

import re
from collections import Counter

from playwright.sync_api import Page, expect

from tests.browser.test_lesson_pages import open_page
from tests.browser.test_train import PATIENT, main, press
from tests.browser.waiting import at_rest


def test_a_small_sweep_is_started_once_watched_and_its_best_trial_opened(page: Page, app_url: str) -> None:
    page.set_default_timeout(PATIENT)
    open_page(page, f"{app_url}/Sweep")
    press(page, "Depth")
    expect(page.get_by_text("One hidden layer is much better than none.")).to_be_visible(timeout=PATIENT)
    high = main(page).get_by_role("spinbutton", name="to", exact=True)
    expect(high).to_have_value("5", timeout=PATIENT)
    high.fill("1")
    high.press("Enter")
    epochs = main(page).get_by_role("spinbutton", name="Epochs of each trial")
    epochs.fill("3")  # long enough to be stopped in time
    epochs.press("Enter")
    expect(page.get_by_text("2 trials, 6 epochs in all.")).to_be_visible(timeout=PATIENT)
    main(page).get_by_role("button", name="Start", exact=True).dblclick()
    expect(page).to_have_url(re.compile(r"sweep=[a-z0-9]{8}"), timeout=PATIENT)
    in_menu = page.get_by_test_id("stSidebar").get_by_text("Sweep: ")
    expect(in_menu).to_have_count(1, timeout=PATIENT)
    press(page, "Stop")
    expect(page.get_by_text(re.compile(r"\d stopped"))).to_be_visible(timeout=PATIENT)
    expect(in_menu).to_have_count(0, timeout=PATIENT)
    press(page, "Resume")
    expect(in_menu).to_have_count(1, timeout=PATIENT)
    expect(page.get_by_text("2 finished")).to_be_visible(timeout=PATIENT)
    expect(page.locator(".js-plotly-plot .scatterlayer .trace").first).to_be_visible(timeout=PATIENT)
    page.reload()
    expect(page.get_by_text(re.compile("Best: depth"))).to_be_visible(timeout=PATIENT)
    main(page).get_by_role("button", name="What does it get wrong?").click()
    expect(page).to_have_url(re.compile("Evaluate.*evaluate_split=validation"), timeout=PATIENT)
    expect(page.get_by_text("of the 5,000 validation digits correctly")).to_be_visible(timeout=PATIENT)
    page.go_back()
    _click_run(page, "sweep_trials")
    expect(page.get_by_text("it has not been tested")).to_be_visible(timeout=PATIENT)


def _click_run(page: Page, key: str) -> None:
    """Click on the first row of the second column of a table, which is painted, not made of elements."""
    table = page.locator(f".st-key-{key} canvas").first
    expect(table).to_be_visible(timeout=PATIENT)
    table.scroll_into_view_if_needed()
    box = at_rest(page, table.bounding_box)
    assert box is not None
    page.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + 50)


def test_phone_shows_a_link_to_no_sweep_as_a_sentence_and_never_scrolls_sideways(page: Page, app_url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    content = open_page(page, f"{app_url}/Sweep?sweep=nosuchid")
    expect(page.get_by_text("There is no sweep")).to_be_visible(timeout=PATIENT)
    assert content.evaluate("main => main.scrollWidth <= main.clientWidth")


def rows(page: Page) -> list[int]:
    """How many of the settings' charts stand beside each other, row by row."""
    charts = "all => all.map((one) => Math.round(one.getBoundingClientRect().y))"
    found = at_rest(page, lambda: page.locator(".st-key-sweep_slices .js-plotly-plot").evaluate_all(charts))
    return list(Counter(found).values())


def test_charts_of_many_settings_stand_below_each_other_where_their_titles_need_the_room(
    page: Page, app_url: str
) -> None:
    page.set_default_timeout(PATIENT)
    page.set_viewport_size({"width": 700, "height": 900})
    open_page(page, f"{app_url}/Sweep")
    press(page, "Six settings at once")
    expect(page.get_by_text("30 trials, at most 90 epochs in all.")).to_be_visible(timeout=PATIENT)
    tags = page.get_by_test_id("stMultiSelectTagsContainer")
    expect(tags).to_have_count(1)
    expect(tags).to_have_css("mask-image", "none")  # it hides the first one's cross
    press(page, "Start")
    titles = page.locator(".st-key-sweep_slices .gtitle")
    expect(titles).to_have_count(6, timeout=PATIENT)
    ends = "title => [title, title.closest('.js-plotly-plot')].map((one) => one.getBoundingClientRect().right)"
    for title in titles.all():
        right, edge = at_rest(page, lambda title=title: title.evaluate(ends))
        assert right <= edge
    assert rows(page) == [2, 2, 2]
    page.set_viewport_size({"width": 1280, "height": 900})
    assert rows(page) == [3, 3]
    press(page, "Stop")
    expect(page.get_by_text(re.compile(r"\d stopped"))).to_be_visible(timeout=PATIENT)

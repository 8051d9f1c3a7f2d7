"""Training in a real browser: started once, paused, stepped, steered, stopped, resumed, extended, seen by two."""

import re

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.chart_page import drag, ranges
from tests.browser.test_lesson_pages import open_page
from tests.browser.test_story import last_step
from tests.browser.waiting import at_rest, until

PATIENT = 120_000  # ms; a browser, a server and a training share two cores
PROGRESS = re.compile(r"Epoch .* step ")


def main(page: Page) -> Locator:
    return page.get_by_test_id("stMain")


def press(page: Page, name: str) -> None:
    main(page).get_by_role("button", name=name, exact=True).click()


def choose_preset(page: Page, title: str) -> None:
    main(page).get_by_role("combobox", name="Preset").click()
    page.get_by_role("option", name=title, exact=True).click()


def set_epochs(page: Page, number: int) -> None:
    epochs = main(page).get_by_role("spinbutton", name="Epochs")
    epochs.fill(str(number))
    epochs.press("Enter")


def choose_tab(page: Page, name: str) -> None:
    """Click until it is chosen: a click is lost while a tab beside it, of a step in slow motion, is taken away."""
    tab = page.get_by_role("tab", name=name)

    def is_chosen() -> bool:
        tab.click()
        page.wait_for_timeout(500)
        return tab.get_attribute("aria-selected") == "true"

    until(page, is_chosen, f"the tab {name} is chosen")


def loss_chart(page: Page) -> Locator:
    return page.get_by_role("figure", name=re.compile("^Loss"))


def start(page: Page, app_url: str, epochs: int, hidden: str = "512") -> str:
    """Start the quick preset for some epochs with a double click; return the run's id."""
    page.set_default_timeout(PATIENT)
    open_page(page, f"{app_url}/Train")
    choose_preset(page, "Quick")
    expect(main(page).get_by_role("spinbutton", name="Batch size")).to_have_value("128", timeout=PATIENT)
    layers = main(page).get_by_role("textbox", name="Hidden layers")
    layers.fill(hidden)
    layers.press("Enter")
    at_rest(page, layers.input_value)
    set_epochs(page, epochs)
    at_rest(page, main(page).get_by_role("spinbutton", name="Epochs").input_value)
    main(page).get_by_role("button", name=re.compile("^(Start|Add to the queue)$")).dblclick()
    expect(page).to_have_url(re.compile(r"run=[a-z0-9]{8}"), timeout=PATIENT)
    # A tiny run may be over before anybody has looked.
    expect(page.get_by_text(re.compile(f"{PROGRESS.pattern}|It reads")).first).to_be_visible(timeout=PATIENT)
    return page.url.split("run=")[1][:8]


def expect_no_scrolling_within_the_weights(page: Page, on_a_screen_of: int) -> None:
    """Their box has the same height whatever is in it, but for large letters: what does not fit is cut off."""
    before = page.viewport_size
    assert before is not None
    page.set_viewport_size({"width": on_a_screen_of, "height": 900})
    weights = page.get_by_alt_text(re.compile("^weights of"))
    expect(weights).to_be_visible(timeout=PATIENT)
    scrolls = "for (; !/auto|scroll/.test(getComputedStyle(e).overflowY); e = e.parentElement);"
    for size in ("150%", "100%"):
        page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        hidden = at_rest(page, lambda: weights.evaluate(f"e => {{ {scrolls} return e.scrollHeight - e.clientHeight }}"))
        assert hidden == 0, size
    page.set_viewport_size(before)


def pause_and_take_a_step(page: Page) -> str:
    """Return what is told of the step."""
    press(page, "Pause")
    expect(main(page).get_by_role("button", name="One step")).to_be_enabled(timeout=PATIENT)
    told = f"Step {last_step(page) + 1:,} learned"
    press(page, "One step")
    expect(page.get_by_text(re.compile(rf"{told} from 128 digits"))).to_be_visible(timeout=PATIENT)
    pictures = main(page).locator(".digits figure")
    expect(pictures).to_have_count(41, timeout=PATIENT)  # 40 of the batch, and the one that is read below
    expect(page.get_by_test_id("stSidebar").get_by_text("paused at")).to_be_visible(timeout=PATIENT)
    gradients = page.get_by_role("tab", name="Gradients")
    gradients.click()
    expect(page.get_by_text(told)).to_have_count(0, timeout=PATIENT)
    expect(gradients).to_have_attribute("aria-selected", "true")
    return told


def lower_the_rate(page: Page) -> None:
    # While the page takes the close-up away, the button may be there twice for a moment.
    expect(main(page).get_by_role("button", name="Learning rate", exact=True)).to_have_count(1, timeout=PATIENT)
    press(page, "Learning rate")
    slider = page.get_by_role("slider", name=re.compile("earning rate from now on"))
    slider.focus()
    slider.press("ArrowLeft")
    page.get_by_role("button", name="Use it").click()
    choose_tab(page, "Learning rate")
    expect(page.get_by_text(re.compile(r"Changed by hand: 0\.0015 after step"))).to_be_visible(timeout=PATIENT)
    page.keyboard.press("Escape")


def test_run_is_paused_stepped_steered_stopped_and_resumed_and_two_browsers_see_the_same(
    page: Page, chromium: Browser, app_url: str
) -> None:
    run_id = start(page, app_url, epochs=300)
    stops = page.get_by_test_id("stSidebar").get_by_role("button", name="Stop")
    expect(stops).to_have_count(1, timeout=PATIENT)  # a double click has started one run
    told = pause_and_take_a_step(page)

    other = chromium.new_page()
    other.set_default_timeout(PATIENT)
    other.goto(page.url)
    expect(other.get_by_text(re.compile(told))).to_be_visible(timeout=PATIENT)
    press(other, "Go on")
    expect(main(page).get_by_role("button", name="Pause")).to_be_visible(timeout=PATIENT)
    lower_the_rate(page)

    press(other, "Stop")
    expect(page.get_by_text(re.compile("Stopped after"))).to_be_visible(timeout=PATIENT)
    stopped = page.get_by_text(re.compile("Stopped after")).inner_text()
    other.close()
    press(page, "Resume")
    expect(page.get_by_text(PROGRESS)).to_be_visible(timeout=PATIENT)
    assert last_step(page) / 430 >= float(stopped.split()[2]) - 0.01  # 430 steps an epoch: it goes on, not anew
    press(page, "Stop")
    expect(page.get_by_text(re.compile("Stopped after"))).to_be_visible(timeout=PATIENT)
    assert run_id in page.url


def test_zoom_survives_while_a_run_goes_on_and_a_reload_finds_it(page: Page, app_url: str) -> None:
    start(page, app_url, epochs=300)
    chart = loss_chart(page)
    expect(chart.locator(".scatterlayer .trace")).to_have_count(3, timeout=PATIENT)
    drag(page, chart, (0.0, 0.1), (0.4, 0.6))
    page.wait_for_function("plot => plot.layout.xaxis.range[1] < 200", arg=chart.element_handle(), timeout=PATIENT)
    zoomed, step = ranges(chart), last_step(page)
    page.wait_for_function(
        "step => Number(document.body.innerText.match(/step ([\\d,]+) of/)?.[1].replaceAll(',', '')) > step + 200",
        arg=step,
        timeout=PATIENT,
    )
    assert np.array(ranges(chart)) == pytest.approx(np.array(zoomed))
    page.reload()
    expect(page.get_by_text(PROGRESS)).to_be_visible(timeout=PATIENT)
    assert last_step(page) > step
    expect(main(page).get_by_role("spinbutton", name="Epochs")).to_have_value("300", timeout=PATIENT)  # the same recipe
    press(page, "Stop")
    expect(page.get_by_text(re.compile("Stopped after"))).to_be_visible(timeout=PATIENT)


def test_finished_run_gets_five_more_epochs_and_one_thing_is_changed(page: Page, app_url: str) -> None:
    start(page, app_url, epochs=1, hidden="16")
    expect(page.get_by_text("of the test digits correctly")).to_be_visible(timeout=PATIENT)
    expect_no_scrolling_within_the_weights(page, on_a_screen_of=430)
    press(page, "5 more epochs")
    expect(page.get_by_text("The test set was read 2 times")).to_be_visible(timeout=PATIENT)
    press(page, "Learning rate 0.006")
    expect(main(page).get_by_text(re.compile(r"Like run .*, but with learning rate 0\.006"))).to_be_visible(
        timeout=PATIENT
    )
    expect(main(page).get_by_role("spinbutton", name="Epochs")).to_have_value("6", timeout=PATIENT)


def test_what_it_sees_is_seen_whole_on_a_tablet_held_upright(page: Page, app_url: str) -> None:
    start(page, app_url, epochs=1)
    page.set_viewport_size({"width": 700, "height": 900})
    bars = page.locator(".bars").last
    expect(bars).to_be_visible(timeout=PATIENT)
    scrolls = "for (; e && !/auto|scroll/.test(getComputedStyle(e).overflowY); e = e.parentElement); return e"
    box = f"e => {{ const found = ((e) => {{ {scrolls} }})(e); return found && found.dataset.testid }}"
    assert at_rest(page, lambda: bars.evaluate(box)) == "stMain"

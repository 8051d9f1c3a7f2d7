"""One story from start to end, as a student lives it: open, browse, train, stop, evaluate, draw."""

import re
from itertools import pairwise

from playwright.sync_api import Page, expect

from tests.browser.waiting import at_rest, expect_no_sideways_scroll, ready_pad, until

# A 3 on the pad of 280 x 280 pixels.
THREE = [(90, 75), (130, 50), (170, 65), (175, 100), (130, 132), (180, 160), (185, 200), (140, 235), (85, 215)]
PATIENT = 60_000  # ms; the first page waits for torch, the first run for the engine


def go_to(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()


def draw(page: Page, points: list[tuple[int, int]]) -> None:
    pad = ready_pad(page)
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    corners = [(box["x"] + x, box["y"] + y) for x, y in points]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for _, corner in pairwise(corners):
        page.mouse.move(*corner, steps=5)
    page.mouse.up()


def last_step(page: Page) -> int:
    text = page.get_by_text(re.compile(r"Epoch .* step ")).first.inner_text()
    found = re.search(r"step ([\d,]+) of", text)
    assert found
    return int(found.group(1).replace(",", ""))


def look_at_two_batches(page: Page) -> None:
    go_to(page, "Data")
    batch = page.locator(".picking").first.locator("figure")
    expect(batch).to_have_count(20, timeout=PATIENT)
    expect(batch.nth(0)).to_have_text("5")
    page.get_by_role("button", name="Next").click()
    expect(batch.nth(0)).not_to_have_text("5")
    expect(page).to_have_url(re.compile("data_batch=2"))


def start_and_watch(page: Page) -> None:
    """A reload in the middle is a new session: the run is found again by its address."""
    go_to(page, "Train")
    page.get_by_role("button", name="Start", exact=True).dblclick()
    expect(page.get_by_text(re.compile(r"Epoch .* step "))).to_be_visible(timeout=PATIENT)
    address = page.url
    assert re.search(r"run=[a-z0-9]{8}", address)
    chart = page.get_by_role("figure", name=re.compile("^Loss"))
    expect(chart).to_be_visible(timeout=PATIENT)
    first = last_step(page)
    until(page, lambda: last_step(page) > first, "more steps")
    page.reload()
    expect(page.get_by_text(re.compile(r"Epoch .* step "))).to_be_visible(timeout=PATIENT)
    assert page.url == address
    assert last_step(page) > first


def stop(page: Page) -> None:
    page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text(re.compile("Stopped after"))).to_be_visible(timeout=PATIENT)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="The run was stopped.")).to_have_count(1)  # read aloud


def see_its_mistakes(page: Page) -> None:
    page.get_by_role("link", name="See its mistakes").click()
    expect(page.get_by_text(re.compile(r"It reads .* test digits correctly"))).to_be_visible(timeout=PATIENT)
    digits = page.locator(".digits figure")
    expect(digits).to_have_count(20 + 12)  # a page of them, and its surest mistakes
    page.get_by_text("only wrong ones").click()
    expect(digits.first).to_contain_text("\N{BALLOT X}", timeout=PATIENT)


def draw_a_three_and_clear_it(page: Page) -> None:
    go_to(page, "Draw")
    expect(page.get_by_text("Draw a digit on the black square.")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_role("img", name=re.compile("^Drawing pad"))).to_be_visible()
    draw(page, THREE)
    expect(page.get_by_text("This is a 3")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_role("status").filter(has_text="Read as 3")).to_have_count(1)
    page.get_by_test_id("stMain").get_by_test_id("stButton").get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Draw a digit on the black square.")).to_be_visible(timeout=PATIENT)


def test_a_student_looks_trains_stops_evaluates_and_draws(page: Page, app_url: str) -> None:
    page.goto(app_url)
    expect(page.get_by_text("This is a 3")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text(re.compile(r"CPU, \d+ threads?"))).to_be_visible(timeout=PATIENT)
    look_at_two_batches(page)
    start_and_watch(page)
    stop(page)
    see_its_mistakes(page)
    draw_a_three_and_clear_it(page)
    go_to(page, "Overview")
    expect(page.get_by_role("link", name=re.compile("tutorial-mlp, "))).to_have_count(1, timeout=PATIENT)


def test_undo_takes_back_the_last_stroke_and_the_rest_is_read_again(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/Draw")
    expect(page.get_by_text("Draw a digit on the black square.")).to_be_visible(timeout=PATIENT)
    draw(page, THREE)
    expect(page.get_by_text("This is a 3")).to_be_visible(timeout=PATIENT)
    before = page.locator(".bars").last.inner_text()
    draw(page, [(20, 20), (25, 260)])
    expect(page.locator(".bars").last).not_to_have_text(before)
    at_rest(page, page.locator(".bars").last.inner_text)  # the pad tells of a stroke a second time
    page.get_by_test_id("stMain").get_by_test_id("stButton").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("This is a 3")).to_be_visible(timeout=PATIENT)


def test_no_page_scrolls_sideways_on_a_phone(page: Page, app_url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("", "Data", "Pixels", "Augment", "Model", "Train", "Evaluate", "Draw", "Runs"):
        page.goto(f"{app_url}/{path}")
        expect_no_sideways_scroll(page, path or "Overview")

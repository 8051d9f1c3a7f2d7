"""Draw as it is used: by mouse, by keys, with a photo, with three models; and what is said when it is no digit."""

import io
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, TimeoutError, expect

from mnistlab import execution
from mnistlab.config import parse_config
from mnistlab.predict import recognise
from mnistlab.presets import get_preset
from mnistlab.store import Store
from tests.browser.server import PROJECT, start_server
from tests.browser.test_story import PATIENT, THREE, draw, go_to
from tests.browser.waiting import at_rest, expect_no_sideways_scroll, pad_of, ready_pad, wait_until_it_takes_strokes
from tests.drawings import TWO
from tests.drawings import draw as ink_of
from tests.photos import photo
from tests.stroke_digits import Strokes, fifty
from ui.strokes import paint, stroke_of
from ui.words import a_digit

EMPTY = "Draw a digit on the black square."
INVITED = re.compile("^(Draw a digit|Choose or paste a photo)")  # whatever it is drawn with
BRUSH = 18
# Looked at in every frame: `expect` looks twice a second, which would be a third of the time of fifty drawings.
_SAYS = "words => document.querySelector('.answers section p')?.innerText.includes(words)"


@pytest.fixture(scope="module")
def lab_of_three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """The address of a lab with two trained runs, and the names of these."""
    lab = tmp_path_factory.mktemp("lab_of_three")
    store = Store(f"sqlite:///{lab / 'lab.sqlite'}")
    names = [trained(store, hidden) for hidden in ([], [16])]
    with start_server(PROJECT / "app.py", Path(lab), {"MNISTLAB_ENGINE_IDLE": "20 seconds"}) as address:
        yield address, names


def trained(store: Store, hidden: list[int]) -> str:
    values = get_preset("quick-mlp").config.model_dump()
    values["model"]["hidden"] = hidden
    values["train"] |= {"epochs": 1, "batch_size": 1000}
    run_id = store.create(parse_config(values))
    execution.execute(store, run_id)
    return run_id


def open_draw(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_text(INVITED).first).to_be_visible(timeout=PATIENT)
    if "draw_with" in address:
        at_rest(page, page.get_by_test_id("stMain").inner_text)  # or nobody listens yet to what is given
    else:
        ready_pad(page)


def button(page: Page, name: str) -> None:
    page.get_by_test_id("stMain").get_by_test_id("stButton").get_by_role("button", name=name).click()


def draw_all(page: Page, strokes: Strokes) -> None:
    """Replay strokes point by point, and wait until the pad has sent the last of them."""
    pad = pad_of(page)
    for stroke in strokes:
        box = pad.bounding_box()
        assert box is not None
        corners = [(box["x"] + x, box["y"] + y) for x, y in stroke]
        page.mouse.move(*corners[0])
        page.mouse.down()
        for _, (x, y) in pairwise(corners):
            page.mouse.move(x, y, steps=6)
        page.mouse.up()


def test_fifty_drawings_get_the_answers_of_the_pure_function(page: Page, app_url: str) -> None:
    """By best-cnn, which is sure of all of them: where an answer hangs in the balance, the pad's edges decide."""
    open_draw(page, f"{app_url}/Draw?model=best-cnn")
    others, answer = [], page.locator(".answers section p").first
    for digit, strokes in fifty():
        draw_all(page, strokes)
        recognition = recognise(paint([stroke_of(points, BRUSH) for points in strokes], 280, BRUSH), "best-cnn")
        try:  # the first of several strokes is read on its own, as something else
            page.wait_for_function(_SAYS, arg=f"This is {a_digit(recognition.digit)},", timeout=20_000)
        except TimeoutError:
            others.append((digit, recognition.digit, answer.inner_text()))
        pad_of(page).evaluate("pad => pad.classList.add('used')")
        button(page, "Clear")
        expect(page.get_by_text(EMPTY).first).to_be_visible(timeout=PATIENT)
        expect(page.locator("canvas.upper-canvas.used:visible")).to_have_count(0, timeout=PATIENT)
        wait_until_it_takes_strokes(page)
    assert not others


def test_three_models_read_the_same_drawing(page: Page, lab_of_three: tuple[str, list[str]]) -> None:
    address, names = lab_of_three
    open_draw(page, f"{address}/Draw?model=small-cnn&model={names[0]}&model={names[1]}")
    expect(page.locator(".answers section")).to_have_count(3)
    draw(page, THREE)
    expect(page.locator(".answers section p").first).to_contain_text("This is a 3", timeout=PATIENT)
    for number in range(3):
        expect(page.locator(".answers section").nth(number).locator(".bars strong")).to_have_count(1)
    assert all(name in page.url for name in ["small-cnn", *names])


def test_finger_may_begin_at_the_upper_right(page: Page, app_url: str) -> None:
    """Where the pad's component has a toolbar that nobody sees: it took the stroke, and its bin the drawing."""
    open_draw(page, f"{app_url}/Draw")
    pad = ready_pad(page).bounding_box()
    assert pad is not None
    fingers = page.context.new_cdp_session(page)

    def touch(*points: tuple[float, float]) -> None:
        places = [{"x": pad["x"] + x, "y": pad["y"] + y} for x, y in points]
        fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": places[:1]})
        for place in places[1:]:
            fingers.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
        fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    touch(*((215 - 4 * step, 15 + 6 * step) for step in range(25)))
    clear = page.get_by_role("button", name="Clear", exact=True)
    expect(clear).to_be_enabled(timeout=PATIENT)
    touch((266, 8))
    at_rest(page, page.get_by_test_id("stMain").inner_text)
    expect(clear).to_be_enabled()


def test_eraser_takes_ink_away_and_undo_brings_it_back(page: Page, app_url: str) -> None:
    open_draw(page, f"{app_url}/Draw")
    draw(page, [(140, 50), (140, 230)])
    expect(page.get_by_text("This is a 1")).to_be_visible(timeout=PATIENT)
    page.get_by_text("eraser", exact=True).click()
    seen = at_rest(page, lambda: page.locator(".answers img").get_attribute("src"))
    draw(page, [(60, 140), (220, 140)])
    expect(page.locator(".answers img")).not_to_have_attribute("src", seen or "", timeout=PATIENT)
    button(page, "Undo")
    expect(page.get_by_text("This is a 1")).to_be_visible(timeout=PATIENT)


def test_drawing_is_still_there_after_a_visit_elsewhere_and_a_reload(page: Page, app_url: str) -> None:
    open_draw(page, f"{app_url}/Draw")
    draw(page, THREE)
    expect(page.get_by_text("This is a 3")).to_be_visible(timeout=PATIENT)
    go_to(page, "Data")
    expect(page.locator(".digits").first).to_be_visible(timeout=PATIENT)
    go_to(page, "Draw")
    expect(page.get_by_text("This is a 3")).to_be_visible(timeout=PATIENT)
    page.reload()
    expect(page.get_by_text("This is a 3")).to_be_visible(timeout=PATIENT)
    ready_pad(page)
    button(page, "Clear")
    expect(page.get_by_text(EMPTY).first).to_be_visible(timeout=PATIENT)
    page.reload()
    expect(page.get_by_text(EMPTY).first).to_be_visible(timeout=PATIENT)


def test_keys_alone_draw_a_digit_that_is_read(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/Draw?draw_with=keys")
    field = page.get_by_role("application", name=re.compile("Field of 28 by 28 pixels"))
    expect(field).to_be_visible(timeout=PATIENT)
    expect(page.locator(".told")).to_contain_text("Row 14, column 14: no ink")  # it listens; counted as on Pixels
    field.focus()
    keys = ["ArrowUp"] * 9 + ["ArrowLeft"] * 5 + ["p"] + ["ArrowRight"] * 10 + ["ArrowDown", "ArrowDown"]
    keys += ["ArrowDown", "ArrowLeft", "ArrowDown"] * 5 + ["p"]
    for key in keys:
        page.keyboard.press(key)
    expect(page.get_by_text("This is a 7")).to_be_visible(timeout=PATIENT)
    expect(page.locator(".told")).to_contain_text("pen up")
    page.reload()
    expect(page.get_by_text("This is a 7")).to_be_visible(timeout=PATIENT)
    at_rest(page, page.get_by_test_id("stMain").inner_text)
    field.focus()
    page.keyboard.press("Delete")
    expect(page.get_by_text(INVITED)).to_be_visible(timeout=PATIENT)


def test_uploaded_photo_is_read_and_a_file_that_is_none_is_refused(page: Page, app_url: str, tmp_path: Path) -> None:
    open_draw(page, f"{app_url}/Draw?draw_with=photo")
    chosen = tmp_path / "two.jpg"
    chosen.write_bytes(photo(ink_of(TWO)))
    page.locator("input[type=file]").set_input_files(chosen)
    expect(page.get_by_text("This is a 2")).to_be_visible(timeout=PATIENT)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    page.locator("input[type=file]").set_input_files(broken)
    expect(page.get_by_text("Give a PNG, JPEG or WebP file")).to_be_visible(timeout=PATIENT)


def test_pasted_picture_is_read_and_can_be_removed(page: Page, app_url: str) -> None:
    open_draw(page, f"{app_url}/Draw?draw_with=photo")
    content = io.BytesIO()
    Image.fromarray(np.round(255 - 255 * ink_of(TWO)).astype(np.uint8)).save(content, "PNG")
    told = page.locator(".pasting")
    invitation = told.inner_text(timeout=PATIENT)
    while told.inner_text() == invitation:  # nobody listens yet
        page.evaluate(
            """(bytes) => {
              const data = new DataTransfer();
              data.items.add(new File([new Uint8Array(bytes)], "two.png", { type: "image/png" }));
              document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
            }""",
            list(content.getvalue()),
        )
        page.wait_for_timeout(200)
    expect(page.get_by_text("This is a 2")).to_be_visible(timeout=PATIENT)
    expect(told).to_have_text("Pasted.")
    button(page, "Remove")
    expect(page.get_by_text(INVITED)).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text(invitation, exact=True)).to_be_visible(timeout=PATIENT)
    expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(0)


def test_kept_drawing_is_counted_and_can_be_taken_back(page: Page, app_url: str) -> None:
    open_draw(page, f"{app_url}/Draw")
    draw(page, THREE)
    expect(page.get_by_text("This is a 3")).to_be_visible(timeout=PATIENT)
    page.get_by_test_id("stButtonGroup").last.get_by_text("3", exact=True).click()
    expect(page.get_by_text("Kept as a 3")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text("Your own digits (1)")).to_be_visible()
    clear = page.get_by_role("button", name="Clear", exact=True)
    expect(clear).to_be_disabled(timeout=PATIENT)  # the pad is empty, for the next one,
    expect(page.get_by_text("This is a 3")).to_be_visible()  # and what was kept still stands beside it
    button(page, "Take it back")
    expect(page.get_by_text("Your own digits (0)")).to_be_visible(timeout=PATIENT)
    expect(clear).to_be_enabled(timeout=PATIENT)
    expect(page.get_by_text("This is a 3")).to_be_visible()


def test_two_digits_and_a_scribble_are_not_called_an_answer(page: Page, app_url: str) -> None:
    open_draw(page, f"{app_url}/Draw")
    for name, said in (("Two digits", "more than one digit"), ("A scribble", "looks like a scribble")):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_text(said)).to_be_visible(timeout=PATIENT)
        expect(page.locator(".answers section p").first).to_contain_text("Not sure")


def test_stages_unfold_and_a_step_can_be_left_out(page: Page, app_url: str) -> None:
    open_draw(page, f"{app_url}/Draw")
    draw(page, THREE)
    expect(page.get_by_text("This is a 3")).to_be_visible(timeout=PATIENT)
    page.get_by_text("Why this answer?").click()
    expect(page.locator(".stages figure")).to_have_count(5, timeout=PATIENT)
    page.get_by_text("Centre", exact=True).click()
    expect(page.locator(".stages .off")).to_have_count(1, timeout=PATIENT)


@pytest.mark.parametrize("way", ["pen", "keys", "photo"])
def test_phone_has_the_pad_first_and_never_scrolls_sideways(page: Page, app_url: str, way: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_draw(page, f"{app_url}/Draw?draw_with={way}")
    expect_no_sideways_scroll(page, way)
    drawn, read = page.locator(".st-key-drawn").bounding_box(), page.locator(".st-key-read").bounding_box()
    assert drawn is not None
    assert read is not None
    assert drawn["y"] < read["y"]

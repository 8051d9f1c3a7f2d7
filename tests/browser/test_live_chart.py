"""The live chart in a real browser: what a student has done to it stays while the data grow."""

import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.chart_page import (
    LAST,
    drag,
    expect_x,
    label_boxes,
    num_steps,
    open_chart,
    ranges,
    wait_ticks,
    zoom,
)
from tests.browser.server import start_server
from tests.browser.waiting import PATIENT, at_rest, until
from ui.live_chart import ensure_plotly

SCRIPT = Path(__file__).parent / "scripts" / "growing_chart.py"


@pytest.fixture(scope="module")
def chart_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("chart")
    with start_server(build_app(folder), folder / "lab") as address:
        yield address


def build_app(folder: Path) -> Path:
    """Make an app of the demo script, as first page and as /Train, with the `static` Streamlit serves."""
    (folder / "pages").mkdir()
    shutil.copy(SCRIPT, folder / "pages" / "1_Train.py")
    ensure_plotly(folder / "static")
    return Path(shutil.copy(SCRIPT, folder / "app.py"))


def test_zoom_survives_new_points_and_a_double_click_ends_it(page: Page, chart_url: str) -> None:
    chart = open_chart(page, chart_url)
    zoomed = zoom(page, chart)
    wait_ticks(page, 3)
    assert ranges(chart) == zoomed
    chart.locator(".nsewdrag").dblclick()
    wait_ticks(page, 1)
    expect_x(page, chart, f"low === 0 && high >= {num_steps(page) - 20}")


def test_zoom_begun_before_new_points_and_ended_after_them_counts(page: Page, chart_url: str) -> None:
    chart = open_chart(page, chart_url)
    box = chart.locator(".nsewdrag").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    before = num_steps(page)
    wait_ticks(page, 2)
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"], steps=4)
    page.mouse.up()
    # Two fifths of the axis, which has grown since the press and may have grown again before the release.
    expect_x(page, chart, f"low > 0 && high - low > {0.39 * before} && high - low < 0.41 * {LAST}")


@pytest.mark.parametrize("address", ["", "?still=1"])
def test_reset_button_ends_the_zoom(page: Page, chart_url: str, address: str) -> None:
    """Also on a chart that grows no more, which no new data put right."""
    chart = open_chart(page, f"{chart_url}/{address}")
    zoom(page, chart)
    chart.hover()
    chart.locator("[data-title='Reset the zoom']").click()
    expect_x(page, chart, "low === 0")


def test_a_peak_is_cut_off_with_a_note_and_shown_when_asked_for(page: Page, chart_url: str) -> None:
    chart = open_chart(page, f"{chart_url}/?still=1&peak=60")
    note = chart.get_by_text("cut off here: the highest is 60")
    expect(note).to_be_visible()
    assert ranges(chart)[1][1] == 3
    chart.hover()
    chart.locator("[data-title='Show all of it']").click()
    expect(note).to_have_count(0)
    assert ranges(chart)[1][1] > 60
    chart.locator("[data-title='Reset the zoom']").click()
    expect(note).to_be_visible()
    assert ranges(chart)[1][1] == 3
    drag(page, chart, (0.3, 0.5), (0.7, 0.5))  # across alone: what is seen now has no peak
    expect_x(page, chart, "low > 50")
    expect(note).to_have_count(0)
    assert ranges(chart)[1][1] == 3


def test_buttons_of_a_chart_are_seen_when_the_keyboard_comes_to_them(page: Page, chart_url: str) -> None:
    chart = open_chart(page, f"{chart_url}/?still=1")
    button, bar = chart.get_by_role("button", name="Save as PNG"), chart.locator(".modebar-group").last
    seen = "bar => [bar, bar.parentElement].reduce((all, part) => all * getComputedStyle(part).opacity, 1)"
    assert bar.evaluate(seen) == 0
    page.keyboard.press("Tab")
    button.focus()
    until(page, lambda: bool(bar.evaluate(seen) == 1), "the buttons")
    expect(chart.locator(".main-svg").first).to_have_attribute("aria-hidden", "true")


def test_curves_that_colour_alone_would_tell_apart_have_signs_wherever_they_are_looked_at(
    page: Page, chart_url: str
) -> None:
    page.goto(f"{chart_url}/?still=1&signed=1")
    chart = page.get_by_role("figure", name=re.compile("Loss while training"))
    expect(chart.locator(".scatterlayer .trace")).to_have_count(4, timeout=PATIENT)  # the last holds a line's signs
    expect(chart.get_by_text("■\u2002training")).to_be_visible()
    expect(chart.get_by_text("★\u2002validation")).to_be_visible()
    assert chart.evaluate("plot => plot.data[2].marker.symbol") == "star"
    drag(page, chart, (0.3, 0.5), (0.7, 0.5))
    low, high = expect_x(page, chart, "low > 50")[0]
    places, symbols = chart.evaluate("plot => [plot.data[3].x, plot.data[3].marker.symbol]")
    assert set(symbols) == {"square"}
    assert len(places) == 5
    assert all(low <= place <= high for place in places)


def test_box_under_the_mouse_survives_new_points(page: Page, chart_url: str) -> None:
    chart = open_chart(page, chart_url)
    chart.locator(".nsewdrag").hover()
    expect(chart.locator(".hoverlayer")).to_contain_text("training")
    wait_ticks(page, 3)
    expect(chart.locator(".hoverlayer")).to_contain_text("training")


def test_new_points_are_drawn_into_the_same_element(page: Page, chart_url: str) -> None:
    chart = open_chart(page, chart_url)
    plot = chart.element_handle()
    svg = chart.locator(".main-svg").first.element_handle()
    before = chart.evaluate(f"plot => {LAST}")
    expect_x(page, chart, f"{LAST} >= {before + 40}")
    assert plot.evaluate("node => node.isConnected")
    assert svg.evaluate("node => node.isConnected")


def test_colours_follow_the_theme(page: Page, chart_url: str) -> None:
    chart = open_chart(page, chart_url)
    label = chart.locator(".annotation-text", has_text="validation")
    expect(label).to_have_css("fill", "rgb(27, 36, 48)")
    page.emulate_media(color_scheme="dark")
    page.reload()
    expect(label).to_have_css("fill", "rgb(230, 234, 239)")
    expect(chart.locator(".xtick text").first).to_have_css("fill", "rgb(230, 234, 239)")


def test_colours_follow_a_theme_chosen_in_the_menu_and_the_zoom_stays(page: Page, chart_url: str) -> None:
    chart = open_chart(page, chart_url)
    zoomed = zoom(page, chart)
    page.emulate_media(color_scheme="dark")
    expect(chart.locator(".xtick text").first).to_have_css("fill", "rgb(230, 234, 239)")
    assert ranges(chart) == zoomed


@pytest.mark.parametrize("width", [1280, 390])
def test_labels_neither_overlap_nor_leave_the_window(page: Page, chart_url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    chart = open_chart(page, chart_url)
    expect(chart.locator(".annotation-text", has_text="validation")).to_be_visible()
    upper, lower = label_boxes(chart, "training", "validation")
    assert upper["bottom"] <= lower["top"] + 2
    for box in (upper, lower):
        assert box["right"] <= width
        assert box["height"] >= 12
    plot = chart.locator(".nsewdrag").bounding_box()
    assert plot is not None
    assert plot["width"] >= 0.5 * min(width, 700)


def test_letters_of_a_chart_are_as_large_as_those_of_the_page_and_the_mouse_meets_what_is_under_it(
    page: Page, chart_url: str
) -> None:
    page.add_init_script("addEventListener('load', () => document.documentElement.style.fontSize = '24px')")
    chart = open_chart(page, f"{chart_url}/?still=1")
    number = chart.locator(".xtick text").first
    assert number.evaluate("text => text.getScreenCTM().a") == pytest.approx(1.5)
    frame, box = chart.bounding_box(), chart.locator(".main-svg").first.bounding_box()
    assert frame is not None
    assert box is not None
    assert box["width"] == pytest.approx(frame["width"], abs=2)
    assert box["height"] == pytest.approx(320, abs=2)
    drag(page, chart, (0.25, 0.5), (0.75, 0.5))
    low, high = expect_x(page, chart, "low > 50")[0]
    assert [low, high] == pytest.approx([100, 300], abs=5)


@pytest.mark.parametrize("times", ["1", "100000", "0.00001"])
def test_the_title_beside_the_numbers_does_not_touch_them(page: Page, chart_url: str, times: str) -> None:
    chart = open_chart(page, f"{chart_url}/?still=1&times={times}")
    title = chart.locator(".ytitle").bounding_box()
    numbers = [number.bounding_box() for number in chart.locator(".ytick text").all()]
    frame = chart.bounding_box()
    assert title is not None
    assert frame is not None
    assert title["x"] >= frame["x"]
    assert len(numbers) >= 3
    assert all(number is not None and number["x"] >= title["x"] + title["width"] for number in numbers)


def test_chart_fits_a_window_that_becomes_narrower(page: Page, chart_url: str) -> None:
    chart = open_chart(page, chart_url)
    page.set_viewport_size({"width": 390, "height": 900})
    fits = "plot => plot.layout.width <= 390 && plot.layout.width === plot.clientWidth"
    page.wait_for_function(fits, arg=chart.element_handle())


def test_library_comes_from_this_server_and_only_once(page: Page, chart_url: str) -> None:
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "plotly" in sent.url else None)
    open_chart(page, chart_url)
    wait_ticks(page, 2)
    assert len(asked) == 1
    assert asked[0].startswith(f"{chart_url}/app/static/plotly.min.js")


def test_nothing_moves_when_the_library_arrives(page: Page, chart_url: str) -> None:
    held: list[Route] = []
    page.route("**/plotly.min.js*", lambda route: held.append(route))
    page.goto(f"{chart_url}/?still=1")
    below = page.get_by_text(re.compile("^tick "))
    expect(below).to_be_visible()
    until(page, lambda: len(held) > 0, "the chart asks for its library")
    before = at_rest(page, below.bounding_box)
    held[0].continue_()
    expect(page.locator(".mnistlab-live-chart .main-svg").first).to_be_attached()
    after = at_rest(page, below.bounding_box)
    assert before is not None
    assert after is not None
    assert after["y"] == before["y"]


@pytest.mark.complaints_expected("Chromium logs the request that this test breaks")
def test_without_its_library_the_chart_says_so(page: Page, chart_url: str) -> None:
    page.route("**/plotly.min.js*", lambda route: route.abort())
    page.goto(chart_url)
    expect(page.get_by_text("The chart cannot be drawn").first).to_be_visible()


def test_chart_without_points_shows_its_axes_and_waits(page: Page, chart_url: str) -> None:
    open_chart(page, chart_url)
    empty = page.get_by_role("figure", name="Nothing yet")
    for text in ("waiting for the first point", "step", "accuracy"):
        expect(empty.get_by_text(text)).to_be_visible()


def test_screen_reader_hears_title_and_last_values(page: Page, chart_url: str) -> None:
    chart = open_chart(page, chart_url)
    spoken = chart.get_attribute("aria-label") or ""
    assert re.fullmatch(r"Loss while training\. training: 0\.\d+ at step \d+\. validation: 0\.\d+ at step \d+", spoken)


def test_chart_works_on_a_page_opened_by_its_address(page: Page, chart_url: str) -> None:
    open_chart(page, f"{chart_url}/Train")


def test_chart_works_under_a_base_path(page: Page, tmp_path: Path) -> None:
    script = build_app(tmp_path)
    with start_server(script, tmp_path / "lab", {"STREAMLIT_SERVER_BASE_URL_PATH": "class/lab"}) as address:
        open_chart(page, address)
        open_chart(page, f"{address}/Train")
        page.goto("about:blank")  # away before the server goes


def test_a_loss_beyond_all_measure_leaves_the_curve_its_room(page: Page, chart_url: str) -> None:
    chart = open_chart(page, f"{chart_url}/?still=1&times=1e32")
    plot, frame = chart.locator(".nsewdrag").bounding_box(), chart.bounding_box()
    assert plot is not None
    assert frame is not None
    assert plot["x"] - frame["x"] <= 100
    expect(chart.locator(".ytick text").last).to_have_text(re.compile("\N{MULTIPLICATION SIGN}10"))


def test_the_numbers_at_a_logarithmic_axis_stand_apart_however_far_it_reaches(page: Page, chart_url: str) -> None:
    chart = open_chart(page, f"{chart_url}/?still=1&log=1&peak=1e33")
    numbers = [number.bounding_box() for number in chart.locator(".ytick text").all()]
    boxes = sorted((box for box in numbers if box is not None), key=lambda box: box["y"])
    assert len(boxes) >= 4
    assert all(upper["y"] + upper["height"] <= lower["y"] for upper, lower in pairwise(boxes))
    assert max(box["width"] for box in boxes) <= 50


def test_between_two_powers_of_ten_a_huge_loss_is_written_as_one(page: Page, chart_url: str) -> None:
    chart = open_chart(page, f"{chart_url}/?still=1&log=1&times=1e32")
    drag(page, chart, (0.4, 0.6), (0.6, 0.75))
    last = chart.locator(".ytick text").last
    expect(last).to_have_attribute("data-unformatted", re.compile("^4[.][0-9]\N{MULTIPLICATION SIGN}10<sup>31</sup>$"))

"""Runs as it is used: boxes, stars, headings, the filter, a name, deleting and undoing; the address brings all back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from mnistlab.store import Store
from tests import tiny
from tests.browser.server import PROJECT, start_server
from tests.browser.test_lesson_pages import PATIENT, open_page
from tests.kept import keep


@pytest.fixture(scope="module")
def lab_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A lab with six runs: a recipe with three seeds, another with two, and one more."""
    lab = tmp_path_factory.mktemp("runs")
    store = Store(f"sqlite:///{lab / 'lab.sqlite'}")
    for seed, accuracy in enumerate((0.970, 0.971, 0.972)):
        keep(store, tiny.config(seed=seed), accuracy, 1000)
    for seed, accuracy in enumerate((0.980, 0.981)):
        keep(store, tiny.config(seed=seed, learning_rate=0.5), accuracy, 1000)
    keep(store, tiny.config({"hidden": (64,)}, batch_size=1000), 0.95, 1000)
    with start_server(PROJECT / "app.py", lab, {"MNISTLAB_ENGINE_IDLE": "20 seconds"}) as address:
        yield address


def rows(page: Page) -> Locator:
    return page.locator(".run-table tbody tr")


def chosen(page: Page) -> Locator:
    return page.locator(".run-table tr.chosen")


def compared(page: Page) -> set[str | None]:
    return {row.get_attribute("data-run") for row in chosen(page).all()}


def open_runs(page: Page, address: str, number: int = 6) -> None:
    open_page(page, address)
    expect(rows(page)).to_have_count(number, timeout=PATIENT)


def test_two_runs_that_are_ticked_show_curves_and_difference_and_the_address_brings_them_back(
    page: Page, lab_url: str
) -> None:
    open_runs(page, f"{lab_url}/Runs")
    expect(chosen(page)).to_have_count(2, timeout=PATIENT)
    rows(page).nth(0).get_by_role("checkbox").click()
    expect(chosen(page)).to_have_count(1, timeout=PATIENT)
    rows(page).nth(5).get_by_role("checkbox").click()
    expect(chosen(page)).to_have_count(2, timeout=PATIENT)
    expect(page.get_by_text("B is A with learning rate 0.1 instead of 0.5, seed 0 instead of 1.")).to_be_visible(
        timeout=PATIENT
    )
    expect(page.get_by_text(re.compile("McNemar's exact test"))).to_be_visible(timeout=PATIENT)
    chart = page.get_by_role("figure", name=re.compile("^Validation accuracy"))
    expect(chart.locator(".scatterlayer .trace")).to_have_count(2, timeout=PATIENT)
    assert chart.evaluate("plot => plot.data.map(curve => curve.marker.symbol)") == ["circle", "square"]
    expect(page).to_have_url(re.compile(r"runs=\w{8}(%2C|,)\w{8}"), timeout=PATIENT)
    before = compared(page)
    open_runs(page, page.url)
    expect(chosen(page)).to_have_count(2, timeout=PATIENT)
    assert compared(page) == before


def test_seeds_together_draw_their_mean_in_a_band(page: Page, lab_url: str) -> None:
    open_runs(page, f"{lab_url}/Runs")
    page.get_by_text("Seeds together").click()
    expect(rows(page)).to_have_count(3, timeout=PATIENT)
    expect(rows(page).filter(has_text="3 of 3 finished")).to_have_count(1)
    rows(page).filter(has_text="3 runs").get_by_role("checkbox").click()
    chart = page.get_by_role("figure", name=re.compile("^Validation accuracy"))
    expect(chart.locator(".scatterlayer .trace")).to_have_count(5, timeout=PATIENT)  # two bands, three lines
    expect(chart.locator(".scatterlayer .js-fill")).not_to_have_count(0)
    expect(page).to_have_url(re.compile("runs_together=true"), timeout=PATIENT)


def test_a_heading_sorts_and_the_filter_leaves_what_is_asked_for(page: Page, lab_url: str) -> None:
    open_runs(page, f"{lab_url}/Runs")
    heading = page.locator(".run-table thead").get_by_role("button", name="test accuracy")
    heading.click()
    expect(rows(page).first).to_contain_text("98.10 %")
    heading.click()
    expect(rows(page).first).to_contain_text("95.00 %")
    heading.click()
    expect(rows(page).first).to_contain_text("95.00 %")  # the newest
    page.locator(".run-table thead").get_by_role("button", name="batch size").click()
    expect(rows(page).last).to_contain_text("1,000")  # the others have 100
    page.get_by_role("searchbox", name="Filter the runs").fill("learning rate 0.5")
    expect(rows(page)).to_have_count(2)
    # What these do not differ in is no column.
    expect(page.locator(".run-table thead")).not_to_contain_text("learning rate")
    expect(page.locator(".run-table thead")).to_contain_text("seed")
    page.get_by_role("searchbox", name="Filter the runs").fill("nothing of the kind")
    expect(rows(page)).to_have_count(0)


def test_a_run_is_starred_named_deleted_and_brought_back(page: Page, lab_url: str) -> None:
    open_runs(page, f"{lab_url}/Runs")
    star = rows(page).nth(0).get_by_role("button")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true", timeout=PATIENT)
    page.get_by_text("★ only").click()
    expect(rows(page)).to_have_count(1)
    page.get_by_text("★ only").click()

    page.get_by_role("button", name="Name and note").click()
    name = page.get_by_role("textbox", name=re.compile("^Name"))
    name.fill("<i>my best</i>")
    name.press("Enter")
    expect(rows(page).filter(has_text="<i>my best</i>")).to_have_count(1, timeout=PATIENT)
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Delete", exact=True).click()
    expect(rows(page)).to_have_count(5, timeout=PATIENT)
    expect(page.get_by_text("Deleted <i>my best</i> (1 run).")).to_be_visible(timeout=PATIENT)
    page.get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(6, timeout=PATIENT)
    expect(rows(page).filter(has_text="<i>my best</i>")).to_have_count(1)
    rows(page).nth(0).get_by_role("button").click()
    expect(star).to_have_attribute("aria-pressed", "false", timeout=PATIENT)


def test_a_click_on_a_name_opens_the_run_and_back_is_the_comparison(page: Page, lab_url: str) -> None:
    open_runs(page, f"{lab_url}/Runs")
    link = rows(page).nth(2).get_by_role("link")
    run_id = rows(page).nth(2).get_attribute("data-run")
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How does it learn?", timeout=PATIENT)
    expect(page).to_have_url(re.compile(f"run={run_id}"), timeout=PATIENT)
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(chosen(page)).to_have_count(2, timeout=PATIENT)


def test_the_keyboard_stays_on_a_heading_and_on_a_star_whose_table_is_drawn_anew(page: Page, lab_url: str) -> None:
    open_runs(page, f"{lab_url}/Runs")
    heading = page.locator(".run-table thead").get_by_role("button", name="test accuracy")
    heading.focus()
    heading.press("Enter")
    expect(rows(page).first).to_contain_text("98.10 %")
    expect(heading).to_be_focused()
    star = rows(page).nth(1).get_by_role("button")
    for pressed in ("true", "false"):
        star.focus()
        star.press("Enter")
        expect(star).to_have_attribute("aria-pressed", pressed, timeout=PATIENT)
        expect(star).to_be_focused()


def test_a_chart_that_is_wider_than_its_paper_is_made_smaller(page: Page, lab_url: str) -> None:
    open_runs(page, f"{lab_url}/Runs")
    chart = page.get_by_role("figure", name=re.compile("^Validation accuracy"))
    expect(chart.locator(".scatterlayer .trace")).to_have_count(2, timeout=PATIENT)
    page.emulate_media(media="print")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    # At once, before the chart notices that it got narrower: on paper it never does.
    shown = chart.evaluate("""chart => {
        dispatchEvent(new Event("beforeprint"));
        const svg = chart.querySelector(".main-svg"), width = svg.getBoundingClientRect().width;
        chart.style.width = `${width / 2}px`;
        return [svg.getBoundingClientRect().width / width, svg.viewBox.baseVal.width / width];
    }""")
    assert shown == pytest.approx([0.5, 1], abs=0.01)
    chart.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert chart.locator("[viewBox].main-svg").count() == 0


def test_a_chart_in_a_column_that_is_still_growing_is_not_drawn_into_nothing(page: Page, lab_url: str) -> None:
    """The page itself complains where it is."""
    open_runs(page, f"{lab_url}/Runs")
    chart = page.get_by_role("figure", name=re.compile("^Validation accuracy"))
    expect(chart.locator(".scatterlayer .trace")).to_have_count(2, timeout=PATIENT)
    whole = chart.locator(".main-svg").first.bounding_box()
    for width in ("16px", ""):
        chart.evaluate("(chart, width) => { chart.style.width = width; }", width)
        page.wait_for_timeout(300)
    assert chart.locator(".main-svg").first.bounding_box() == whole

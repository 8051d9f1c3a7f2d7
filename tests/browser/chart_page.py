"""What the tests of the live chart do with a page that shows one, and look for on it."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.waiting import PATIENT

LAST = "plot.data[1].x.at(-1)"  # the last step of the curve


def open_chart(page: Page, url: str) -> Locator:
    page.goto(url)
    chart = page.get_by_role("figure", name=re.compile("Loss while training"))
    expect(chart.locator(".scatterlayer .trace")).to_have_count(3, timeout=PATIENT)
    return chart


def num_steps(page: Page) -> int:
    return int(page.get_by_text(re.compile(r"^tick \d+$")).inner_text().split()[1])


def wait_ticks(page: Page, count: int) -> None:
    reached = "wanted => Number(document.body.innerText.match(/tick (\\d+)/)[1]) >= wanted"
    page.wait_for_function(reached, arg=num_steps(page) + 20 * count, timeout=PATIENT)


def ranges(chart: Locator) -> list[list[float]]:
    found: list[list[float]] = chart.evaluate("plot => [plot.layout.xaxis.range, plot.layout.yaxis.range]")
    return found


def expect_x(page: Page, chart: Locator, claim: str) -> list[list[float]]:
    """Wait until a JavaScript claim on `low` and `high`, the ends of the x axis, holds; return both axes then."""
    look = """plot => {
        const [x, y] = [plot.layout.xaxis.range, plot.layout.yaxis.range];
        const [low, high] = x;
        return %s && [[...x], [...y]];
    }"""
    found: list[list[float]] = page.wait_for_function(
        look % f"({claim})", arg=chart.element_handle(), timeout=PATIENT
    ).json_value()
    return found


def drag(page: Page, chart: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press at `start`, move to `end` and let go; both in shares of the plot, from its top left corner."""
    box = chart.locator(".nsewdrag").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=5)
    page.mouse.up()


def zoom(page: Page, chart: Locator) -> list[list[float]]:
    """Look closer at a part in the middle; return both axes once it is there."""
    drag(page, chart, (0.2, 0.2), (0.6, 0.8))
    return expect_x(page, chart, "low > 50")


def label_boxes(chart: Locator, *names: str) -> list[dict[str, float]]:
    """The rectangles of the labels with these names, from the top, all read at one moment: they move."""
    found: list[dict[str, float]] = chart.evaluate(
        """(plot, names) => [...plot.querySelectorAll(".annotation-text")]
            .filter(label => names.some(name => label.textContent.endsWith("\u2002" + name)))
            .map(label => label.getBoundingClientRect().toJSON())""",
        names,
    )
    return sorted(found, key=lambda box: box["y"])

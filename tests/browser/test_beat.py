"""A part of a page that is drawn again and again does not disturb the others."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import start_server
from tests.browser.waiting import PATIENT

SCRIPT = Path(__file__).parent / "scripts" / "vanishing.py"
# Streamlit collects what is to be sent until a timer of no milliseconds is due.
_PRESS_AT_THE_NEXT_BEAT = """(name) => {
  const wait = window.setTimeout;
  window.setTimeout = (then, milliseconds, ...more) => {
    const timer = wait(then, milliseconds, ...more);
    if (String(then).includes("sendUpdateWidgetsMessage")) {
      window.setTimeout = wait;
      [...document.querySelectorAll("button")].find((button) => button.innerText === name).click();
    }
    return timer;
  };
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_server(SCRIPT, tmp_path_factory.mktemp("lab")) as there:
        yield there


def test_what_is_no_longer_drawn_is_gone_whenever_another_part_is_due(page: Page, address: str) -> None:
    page.goto(address)
    for presses in range(1, 17):
        page.get_by_role("button", name="Press", exact=True).click(timeout=PATIENT)
        expect(page.get_by_text(f"pressed {presses}", exact=True)).to_be_visible(timeout=PATIENT)
        expect(page.get_by_text("an odd number")).to_have_count(presses % 2)


def test_part_is_drawn_again_and_again_but_not_while_a_hand_is_at_work(page: Page, address: str) -> None:
    page.goto(address)
    tick = page.get_by_text(re.compile("^tick"))
    expect(tick).to_have_text(re.compile("tick [1-9][0-9]"), timeout=PATIENT)
    seen = []
    for _ in range(40):
        page.keyboard.press("Shift")
        page.wait_for_timeout(50)
        seen.append(tick.inner_text())
    assert len(set(seen[20:])) == 1  # what was already being drawn as the hand began has come by then
    expect(tick).not_to_have_text(seen[-1])


@pytest.mark.parametrize("name", ["Press", "Press without a callback"])
def test_press_that_would_be_sent_together_with_it_is_answered(page: Page, address: str, name: str) -> None:
    page.goto(address)
    expect(page.get_by_text("pressed 0", exact=True)).to_be_visible(timeout=PATIENT)
    page.evaluate(_PRESS_AT_THE_NEXT_BEAT, name)
    expect(page.get_by_text("pressed 1", exact=True)).to_be_visible()


def test_it_takes_no_room(page: Page, app_url: str) -> None:
    page.goto(app_url)
    beats = page.locator('[class*="st-key-beat"]')
    expect(beats).to_have_count(1, timeout=PATIENT)  # the sidebar's
    assert beats.evaluate("part => getComputedStyle(part).position") == "absolute"

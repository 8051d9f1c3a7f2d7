"""Waiting for what a test is about, however busy the machine is, instead of for a fixed time."""

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from playwright.sync_api import Locator, Page, expect

PATIENT = 60_000  # ms; the first page waits for torch
_PAUSE, _STILL = 100, 600  # ms between two looks; for how long nothing may change

Seen = TypeVar("Seen")


def until(page: Page, claim: Callable[[], bool], what: str) -> None:
    """Look again and again until the claim is true."""
    deadline = monotonic() + PATIENT / 1000
    while not claim():
        assert monotonic() < deadline, f"still not so: {what}"
        page.wait_for_timeout(_PAUSE)


def at_rest(page: Page, look: Callable[[], Seen]) -> Seen:
    """What is seen once the script has ended and the same has been seen for a while."""
    app = page.get_by_test_id("stApp")
    deadline = monotonic() + PATIENT / 1000
    while True:
        expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENT)
        seen = look()
        page.wait_for_timeout(_STILL)
        if look() == seen and app.get_attribute("data-test-script-state") == "notRunning":
            return seen
        assert monotonic() < deadline, "the page never came to rest"


def pad_of(page: Page) -> Locator:
    """The drawing pad that is seen: where another script follows at once, the pad before may still be there, hidden.

    Streamlit then takes the script that put up the new pad for one cut short, and clears away only after a whole one.
    """
    return page.locator("canvas.upper-canvas:visible")


def ready_pad(page: Page) -> Locator:
    """The drawing pad, once it takes strokes and stays where it is."""
    pad = pad_of(page)
    expect(pad).to_be_visible()
    at_rest(page, pad.bounding_box)
    return pad


def wait_until_it_takes_strokes(page: Page) -> None:
    """Wait for a pad that was put up where another one stood: a pen has its cursor once strokes are not lost any more.

    Until then the component's empty start is still to come, and would take away what is drawn before it.
    """
    pad = pad_of(page)

    def has_a_pen() -> bool:
        pad.hover(position={"x": 5, "y": 5})
        return bool(pad.evaluate("pad => pad.style.cursor") == "crosshair")

    until(page, has_a_pen, "the pad takes strokes")


def digit_of(page: Page, index: int) -> Locator:
    """The digit that leads to this image: a page's galleries come in any order, so that "the first one" may be any."""
    return page.locator(f'.digits a[href$="index={index}"]').first


def press_until(page: Page, key: str, claim: Callable[[], bool], what: str) -> None:
    """Press a key until it has an effect: it counts once a script in the page listens, which no one can see."""

    def is_so() -> bool:
        if claim():
            return True
        page.keyboard.press(key)
        page.wait_for_timeout(300)
        return at_rest(page, claim)

    until(page, is_so, what)


def expect_no_sideways_scroll(page: Page, name: str) -> None:
    """The page's main part is no wider than the window, once it is at rest."""
    main = page.get_by_test_id("stMain")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    widths = at_rest(page, lambda: main.evaluate("main => [main.scrollWidth, main.clientWidth]"))
    assert widths[0] <= widths[1], name

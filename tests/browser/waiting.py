"""Waiting for what a test is about, however busy the machine is, instead of for a fixed time."""

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from playwright.sync_api import Page, expect

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

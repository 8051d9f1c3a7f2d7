"""A real browser for the tests of this folder, and the rule that no page may complain or phone out."""

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.server import PROJECT, start_server
from tests.browser.waiting import PATIENT

HERE = Path(__file__).resolve().parent
OUR_HOSTS = {"localhost", "127.0.0.1"}
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# No sandbox: tests run as root in containers. The rest keeps Chromium itself from going to the network.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "complaints_expected(reason): the page may log errors in its console")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the server wrote last beside a test that failed: the page itself does not tell why."""
    report = yield
    terminal = getattr(item, "funcargs", {}).get("terminal")
    if report.failed and isinstance(terminal, Path) and terminal.exists():
        report.sections.append(("what the server wrote last", terminal.read_text(errors="replace")[-5000:]))
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser of the session: MNISTLAB_CHROMIUM, or the first Chromium or Chrome on the PATH."""
    program = os.environ.get("MNISTLAB_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        _without_browser("no Chromium or Chrome on the PATH: install one, or set MNISTLAB_CHROMIUM")
    expect.set_options(timeout=PATIENT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


def _without_browser(reason: str) -> None:
    """Skip, but not in CI: there a skipped browser test would look like a passed one."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page, 1280x900, in its own context; the test fails if it logs an error or asks another host.

    A test marked `complaints_expected(reason)` may log errors; asking another host is never allowed.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.set_default_timeout(PATIENT)
    page, complaints, strangers = context.new_page(), list[str](), list[str]()
    page.on("console", lambda message: complaints.append(message.text) if _is_complaint(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda sent: strangers.append(sent.url) if _leaves_host(sent.url) else None)
    page.on("websocket", lambda opened: strangers.append(opened.url) if _leaves_host(opened.url) else None)
    yield page
    context.close()
    if strangers:
        pytest.fail(f"the page asked other hosts: {strangers}")
    if complaints and not request.node.get_closest_marker("complaints_expected"):
        pytest.fail("the page logged errors:\n" + "\n".join(complaints))


def _is_complaint(message: ConsoleMessage) -> bool:
    """Whether it is an error, other than of Streamlit looking for its root from the address of a page."""
    probes = ("/_stcore/health", "/_stcore/host-config")
    probing = "404" in message.text and urlsplit(message.location["url"]).path.endswith(probes)
    return message.type == "error" and not probing


def _leaves_host(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in OUR_HOSTS


@pytest.fixture(scope="session")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the app's server has written so far."""
    return tmp_path_factory.mktemp("terminal") / "output"


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory, terminal: Path) -> Iterator[str]:
    """The address of the real app, with an empty lab; its engine ends itself after 20 idle seconds."""
    lab = tmp_path_factory.mktemp("lab")
    with start_server(PROJECT / "app.py", lab, {"MNISTLAB_ENGINE_IDLE": "20 seconds"}, terminal) as address:
        yield address

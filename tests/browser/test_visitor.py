"""The benchmark's visitor without a browser sees what a browser sees."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from benchmarks.session import Session
from ui.frame import PAGES


def test_visitor_goes_through_all_pages_without_an_error(app_url: str) -> None:
    async def visit() -> Session:
        visitor = Session(app_url)
        await visitor.open("Train")
        for page in PAGES[1:]:
            await visitor.click(page.name)
        await visitor.close()
        return visitor

    with ThreadPoolExecutor(1) as threads:  # this one has Playwright's loop
        visitor = threads.submit(lambda: asyncio.run(visit())).result()
    assert visitor.errors == []
    assert [script.page for script in visitor.scripts] == ["Train", *(page.name for page in PAGES[1:])]

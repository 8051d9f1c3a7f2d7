"""Sharing in a real browser: a teacher's link, and a run that leaves as a zip and comes back."""

import re
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.test_lesson_pages import open_page
from tests.browser.test_train import PATIENT, main

_LINK = "preset=quick-mlp&model.hidden=8&train.epochs=1&train.seed=3&hide=optimizer,seed&lock=epochs"


def test_teachers_link_is_started_and_its_run_goes_home_and_comes_back(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    page.set_default_timeout(PATIENT)
    open_page(page, f"{app_url}/Train?{_LINK}")
    epochs = main(page).get_by_role("spinbutton", name="Epochs")
    expect(epochs).to_be_disabled(timeout=PATIENT)
    expect(epochs).to_have_value("1")
    expect(main(page).get_by_role("combobox", name="Schedule")).to_be_visible(timeout=PATIENT)
    expect(main(page).get_by_role("combobox", name="Optimizer")).to_have_count(0)
    main(page).get_by_role("button", name=re.compile("^(Start|Add to the queue)$")).click()
    expect(page).to_have_url(re.compile(r"run=[a-z0-9]{8}"), timeout=PATIENT)
    assert _LINK.split("&hide")[0] in page.url
    run_id = page.url.split("run=")[1][:8]
    expect(page.get_by_text("of the test digits correctly")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text(re.compile(f"run {run_id}, seed 3"))).to_be_visible(timeout=PATIENT)

    page.get_by_role("button", name="Take it home").click()
    with page.expect_download(timeout=PATIENT) as waiting:
        page.get_by_role("button", name="Whole run (.zip)").click()
    path = tmp_path / "run.zip"
    waiting.value.save_as(path)
    assert waiting.value.suggested_filename == f"mnistlab-{run_id}.zip"
    assert "weights.safetensors" in zipfile.ZipFile(path).namelist()
    page.keyboard.press("Escape")

    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_text("Bring in a run").click()
    page.locator("input[type=file]").first.set_input_files(path)
    link = page.get_by_role("link", name=re.compile(r"See quick-mlp"))
    expect(link).to_be_visible(timeout=PATIENT)
    link.click()
    expect(page).not_to_have_url(re.compile(f"run={run_id}"), timeout=PATIENT)
    expect(page.get_by_text("of the test digits correctly")).to_be_visible(timeout=PATIENT)


def test_file_larger_than_a_photo_may_be_reaches_the_lab(page: Page, app_url: str, tmp_path: Path) -> None:
    page.set_default_timeout(PATIENT)
    page.goto(f"{app_url}/Runs")
    page.get_by_text("Bring in a run").click()
    path = tmp_path / "run.zip"
    path.write_bytes(b"PK\x03\x04" + bytes(25_000_000))
    page.locator("input[type=file]").first.set_input_files(path)
    expect(page.get_by_text("The zip is damaged")).to_be_visible(timeout=PATIENT)

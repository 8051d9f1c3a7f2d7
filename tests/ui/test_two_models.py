"""Evaluate, two models: who reads what, and who cannot be compared."""

import pytest

from mnistlab.data import Dataset
from mnistlab.evaluation import Evaluation
from mnistlab.predictions import stored_evaluation
from mnistlab.store import Store
from tests.ui.test_evaluate_page import EVALUATE, Click, captions, finished_run, said
from tests.ui.test_evaluate_page import answers as answers
from tests.ui.test_evaluate_page import click as click
from tests.ui.test_evaluate_page import run_id as run_id
from tests.ui.test_pages import html_of, open_page
from ui import models


def test_two_models_are_counted_as_numpy_does(run_id: str, answers: Evaluation, dataset: Dataset) -> None:
    other = finished_run(seed=5)
    second = stored_evaluation(Store(), other, Store().run(other).step, dataset.test)
    assert second is not None
    app = open_page(EVALUATE, model=run_id, other=other, evaluate_view="two models")
    assert not app.exception
    html = html_of(app)
    for count in (
        (answers.correct & second.correct).sum(),
        (answers.correct & ~second.correct).sum(),
        (~answers.correct & second.correct).sum(),
        (~answers.correct & ~second.correct).sum(),
    ):
        assert f"<strong>{count:,}</strong>" in html
    assert "McNemar's exact test" in said(app)
    assert "One recipe, with the seeds 0 and 5: what sets them apart is luck alone." in said(app)


def test_a_click_on_one_of_the_four_cells_shows_its_digits(run_id: str, click: Click) -> None:
    other = finished_run(seed=5)
    app = open_page(EVALUATE, model=run_id, other=other, evaluate_view="two models")
    click(app, "evaluate_cells", 2)
    assert app.selectbox(key="evaluate_cell").value == "both are wrong"
    assert all(caption.startswith("\N{BALLOT X}") for caption in captions(html_of(app)))


def test_a_model_alone_has_nothing_to_be_compared_with(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    only = models.choices()[run_id]
    monkeypatch.setattr(models, "choices", lambda asked=(): {run_id: only})
    app = open_page(EVALUATE, model=run_id, evaluate_view="two models")
    assert not app.exception
    assert "only one model" in said(app)


def test_models_with_other_validation_images_are_not_compared_on_them(run_id: str) -> None:
    other = finished_run(validation_size=1000)
    app = open_page(EVALUATE, model=run_id, other=other, evaluate_view="two models", evaluate_split="validation")
    assert not app.exception
    assert "not given the same images" in app.error[0].value

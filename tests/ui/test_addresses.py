"""Odd addresses: what Streamlit would fail on, and words in them that must stay words."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.test_pages import open_page
from tests.ui.test_runs_page import kept
from ui.words import verbatim

PICTURE = "![x](http://a.bc/i.png)"


def warned(app: AppTest) -> str:
    return " ".join(warning.value for warning in app.warning)


@pytest.mark.parametrize(
    ("script", "key", "more"),
    [
        ("7_Draw", "draw_with", {}),
        ("6_Evaluate", "evaluate_view", {}),
        ("6_Evaluate", "evaluate_change", {"evaluate_view": "robustness"}),
        ("6_Evaluate", "evaluate_shown", {}),
        ("6_Evaluate", "evaluate_map", {"evaluate_view": "hidden layer"}),
        ("1_Data", "data_ranked", {}),
        ("1_Data", "data_order", {}),
        ("8_Runs", "runs_chart", {}),
    ],
)
def test_a_choice_of_nothing_is_told_and_left_out(script: str, key: str, more: dict[str, str]) -> None:
    kept()
    app = open_page(f"pages/{script}.py", **more, **{key: ""})
    assert not app.exception
    assert not app.error
    assert "`(nothing)`, which is ignored" in warned(app)
    assert key not in app.query_params
    (chosen,) = [control for control in app.get("button_group") if control.key == key]
    assert chosen.value is not None


@pytest.mark.parametrize("script", ["6_Evaluate", "7_Draw"])
def test_a_picture_in_an_address_is_not_fetched(script: str) -> None:
    assert f"`{PICTURE}`" in warned(open_page(f"pages/{script}.py", model=PICTURE))


@pytest.mark.parametrize("text", ["http://a.bc", "HTTPS://a.bc", "www.a.bc", "me@a.bc"])
def test_no_address_in_others_words_becomes_a_link(text: str) -> None:
    shown = verbatim(text).replace("\\", "")
    assert shown != text
    assert shown.replace("\N{WORD JOINER}", "") == text

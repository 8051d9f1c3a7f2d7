"""A reload is a new session: it finds the drawing of the one before, if it is of the same browser."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.ui.test_pages import html_of, open_page
from ui import identity
from ui.strokes import paint, stroke_of

DRAW, PIXELS = "pages/7_Draw.py", "pages/2_Pixels.py"
STROKES = [stroke_of([(140, 50), (140, 230)], 18)]


class _Pad:
    """What the pad's component sends."""

    def __init__(self) -> None:
        self.json_data = {"objects": STROKES}
        self.image_data = paint(STROKES, 280, 18)


class _SilentPad:
    """What it sends before anything was drawn in this session."""

    json_data = image_data = None


def _draws(monkeypatch: pytest.MonkeyPatch, owner: str, pad: object) -> None:
    open_page(PIXELS)  # the component can be declared only once Streamlit runs
    from ui import canvas

    monkeypatch.setattr(identity, "owner", lambda: owner)
    monkeypatch.setattr(canvas, "st_canvas", lambda **_: pad)


def test_a_reload_finds_the_drawing_and_another_browser_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    _draws(monkeypatch, "one", _Pad())
    drawn = open_page(DRAW)
    assert "This is a <strong>1</strong>" in html_of(drawn)
    _draws(monkeypatch, "one", _SilentPad())
    assert "This is a <strong>1</strong>" in html_of(open_page(DRAW))
    assert np.array_equal(open_page(PIXELS).session_state["last_drawing"], drawn.session_state["last_drawing"])
    _draws(monkeypatch, "another", _SilentPad())
    assert "This is a" not in html_of(open_page(DRAW))
    assert "last_drawing" not in open_page(PIXELS).session_state


def test_a_pad_that_was_cleared_is_empty_after_a_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    _draws(monkeypatch, "a third", _Pad())
    app = open_page(DRAW)
    _draws(monkeypatch, "a third", _SilentPad())
    app.button(key="draw_clear").click().run()
    assert not app.exception
    assert "This is a" not in html_of(open_page(DRAW))


def test_an_empty_pad_in_a_second_tab_leaves_the_drawing_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    _draws(monkeypatch, "a fourth", _SilentPad())
    second = open_page(DRAW)
    _draws(monkeypatch, "a fourth", _Pad())
    open_page(DRAW)
    _draws(monkeypatch, "a fourth", _SilentPad())
    second.run()
    assert "This is a <strong>1</strong>" in html_of(open_page(DRAW))


def test_what_was_in_hand_is_forgotten_when_it_was_not_used_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    from ui import in_hand

    now = [0.0]
    monkeypatch.setattr(in_hand, "time", SimpleNamespace(monotonic=lambda: now[0]))
    kept = in_hand._Kept()
    kept.change("early", {"a": 1})
    for now[0] in (0.9 * in_hand._SECONDS, 1.8 * in_hand._SECONDS):
        kept.change("late", {"b": 2})
        assert kept.change("late", {}) == {"b": 2}
    assert kept.change("early", {}) == {}
    for number in range(in_hand._MOST + 1):
        kept.change(str(number), {})
    assert kept.change("late", {}) == {}

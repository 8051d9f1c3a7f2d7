"""Draw: what is said about a drawing, by which models, and what is kept; real strokes are tested in Chromium."""

import base64
from collections.abc import Callable

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mnistlab import drawings as core_drawings
from mnistlab import execution, schema
from mnistlab.drawings import Drawings
from mnistlab.errors import ImageError, StoreError
from mnistlab.store import Store
from tests.drawings import Canvas, white_on_black
from tests.ui.test_pages import html_of, open_page, small_run

DRAW = "pages/7_Draw.py"


@pytest.fixture
def pad(monkeypatch: pytest.MonkeyPatch) -> list[Canvas]:
    """What stands on the pad: put a drawing in."""
    open_page(DRAW)  # the component can be declared only once Streamlit runs
    from ui import canvas

    there: list[Canvas] = []
    monkeypatch.setattr(canvas, "draw", lambda key, example=(), with_tools=False: there[-1] if there else None)
    st.cache_resource.clear()
    return there


def one() -> Canvas:
    ink = np.zeros((280, 280))
    ink[40:240, 130:150] = 1
    return white_on_black(ink)


def said(app: AppTest) -> str:
    return html_of(app)


def test_drawing_is_read_and_an_empty_or_erased_pad_is_not(pad: list[Canvas]) -> None:
    app = open_page(DRAW)
    assert "Draw a digit" in said(app)
    pad.append(white_on_black(np.zeros((280, 280))))
    assert "Draw a digit" in said(app.run())
    pad.append(one())
    assert "This is a <strong>1</strong>" in said(app.run())
    assert not app.exception
    assert app.session_state["last_drawing"].shape == (28, 28)


def test_up_to_three_models_of_the_address_read_and_the_rest_is_told(pad: list[Canvas]) -> None:
    pad.append(one())
    store = Store()
    names = [store.create(small_run(seed=seed)) for seed in range(3)]
    for name in names:
        execution.execute(store, name)
    app = open_page(DRAW)
    app.query_params["model"] = ["small-cnn", *names, "nonsense"]
    app.run()
    assert not app.exception
    assert said(app).count("<section>") == 3
    assert any("nonsense" in warning.value for warning in app.warning)
    assert any("At most 3" in warning.value for warning in app.warning)


def test_model_of_the_address_that_trains_again_is_told_by_its_state(pad: list[Canvas]) -> None:
    pad.append(one())
    store = Store()
    run_id = store.create(small_run())
    execution.execute(store, run_id)
    store.change(run_id, {"state": "queued"}, ["finished"])
    app = open_page(DRAW, model=run_id)
    assert f"The run `{run_id}` is queued now" in app.warning[0].value
    assert said(app).count("<section>") == 1


def test_model_whose_weights_are_damaged_is_told_and_the_others_read(pad: list[Canvas]) -> None:
    pad.append(one())
    store = Store()
    run_id = store.create(small_run())
    execution.execute(store, run_id)
    with store._engine.begin() as connection:
        connection.execute(schema.weights.update().values(content=b"nothing"))
    app = open_page(DRAW)
    app.query_params["model"] = [run_id, "small-cnn"]
    app.run()
    assert not app.exception
    assert run_id in app.error[0].value
    assert "damaged" in app.error[0].value
    assert "This is a <strong>1</strong>" in said(app)
    app.multiselect(key="draw_model").set_value(["small-cnn"]).run()
    assert not app.error
    assert "This is a <strong>1</strong>" in said(app)


def test_dot_is_called_a_dot(pad: list[Canvas]) -> None:
    pad.append(white_on_black(np.pad(np.ones((40, 40)), 120)))
    app = open_page(DRAW)
    assert any("This is a dot" in warning.value for warning in app.warning)
    assert "Not sure" in said(app)


def test_label_keeps_the_drawing_and_it_can_be_taken_back(pad: list[Canvas]) -> None:
    pad.append(one())
    app = open_page(DRAW)
    app.pills(key="draw_label").set_value(1).run()
    assert not app.exception
    (kept,) = Drawings(Store()).all()
    assert (kept.label, kept.source) == (1, "pen")
    app.button(key="draw_take_back").click().run()
    assert Drawings(Store()).count() == 0


def test_another_label_changes_the_drawing_that_was_kept(pad: list[Canvas]) -> None:
    pad.append(one())
    app = open_page(DRAW)
    for label in (7, 7, 1):
        app.pills(key="draw_label").set_value(label).run()
    assert [drawing.label for drawing in Drawings(Store()).all()] == [1]
    assert "Kept as a **1**: 1 drawing now." in [text.value for text in app.markdown]
    app.button(key="draw_take_back").click().run()
    app.pills(key="draw_label").set_value(1).run()
    assert Drawings(Store()).count() == 1


def test_a_drawing_that_cannot_be_taken_back_is_told_and_stays(
    pad: list[Canvas], monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise StoreError("The database is locked.")

    pad.append(one())
    app = open_page(DRAW)
    app.pills(key="draw_label").set_value(1).run()
    monkeypatch.setattr(Drawings, "delete", locked)
    app.button(key="draw_take_back").click().run()
    assert not app.exception
    assert "The database is locked." in [error.value for error in app.error]
    assert "Kept as a **1**: 1 drawing now." in [text.value for text in app.markdown]


def test_full_set_is_told_in_a_sentence(pad: list[Canvas], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_drawings, "MOST", 0)
    pad.append(one())
    app = open_page(DRAW)
    app.pills(key="draw_label").set_value(1).run()
    assert any("at most 0 drawings" in error.value for error in app.error)


def test_unknown_way_to_draw_in_the_address_is_a_sentence(pad: list[Canvas]) -> None:
    app = open_page(DRAW, draw_with="telepathy")
    assert not app.exception
    assert any("telepathy" in warning.value for warning in app.warning)


@pytest.mark.parametrize("sent", ["", "!!", base64.b64encode(bytes(783)).decode(), 7, None, {"a": 1}, "\u0660" * 8])
def test_pixel_editor_takes_784_bytes_and_nothing_else(pad: list[Canvas], sent: object) -> None:
    from ui.pixel_editor import unpacked

    with pytest.raises(ImageError, match="28 x 28"):
        unpacked(sent)


def test_pixel_editor_gives_what_was_painted(pad: list[Canvas]) -> None:
    from ui.pixel_editor import unpacked

    pixels = np.arange(784, dtype=np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(unpacked(base64.b64encode(pixels.tobytes()).decode()), pixels / np.float32(255))


def test_erasing_stroke_takes_ink_away_wherever_the_pad_is_painted() -> None:
    from ui.strokes import paint, stroke_of

    line, across = [(140, 50), (140, 230)], [(60, 140), (220, 140)]
    rubber = stroke_of(across, 30) | {"stroke": "#000000"}
    assert paint([stroke_of(line, 18), rubber], 280, 18)[140, 140, 0] == 0
    assert paint([stroke_of(line, 18)], 280, 18)[140, 140, 0] == 255


def test_what_was_kept_is_not_told_beside_another_drawing(pad: list[Canvas]) -> None:
    pad.append(one())
    app = open_page(DRAW)
    app.pills(key="draw_label").set_value(1).run()
    kept = "Kept as a **1**: 1 drawing now."
    assert kept in [text.value for text in app.markdown]
    pad.append(white_on_black(np.flipud(np.eye(280)) * np.ones((280, 1))))
    app.run()
    assert kept not in [text.value for text in app.markdown]


def _newest() -> None:
    from ui import own_digits

    own_digits._show_newest("draw", own_digits.drawings().all())


def test_one_of_ones_own_digits_is_removed_by_two_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    from ui import own_digits, picking

    def pick(content: str, key: str, on_pick: Callable[[int], None]) -> None:
        st.button("the second", on_click=on_pick, args=(1,))

    for label in (1, 2, 3):
        own_digits.drawings().add(np.full((28, 28), label / 9, np.float32), label)
    monkeypatch.setattr(picking, "pick", pick)
    app = AppTest.from_function(_newest).run()
    assert [button.label for button in app.button] == ["the second"]
    app.button[0].click().run()
    assert [button.label for button in app.button] == ["the second", "Remove this 2"]
    app.button[1].click().run()
    assert not app.exception
    assert [drawing.label for drawing in own_digits.drawings().all()] == [1, 3]


def _bring_in() -> None:
    from ui import own_digits

    own_digits._bring_in("draw")


def test_a_set_that_was_taken_home_is_brought_in() -> None:
    from ui.own_digits import drawings

    drawings().add(np.full((28, 28), 0.5, np.float32), 3)
    content = drawings().as_npz()
    drawings().add(np.full((28, 28), 0.6, np.float32), 4)
    more = drawings().as_npz()
    drawings().clear()
    app = AppTest.from_function(_bring_in).run()
    for name, taken_home, said in (
        ("one.npz", content, "1 new drawing."),
        ("two.npz", more, "1 new drawing. Already here: 1."),
        ("two.npz", more, "0 new drawings. Already here: 2."),
    ):
        app.file_uploader[0].upload(name, taken_home).run()
        assert [success.value for success in app.success] == [said]
    app.file_uploader[0].upload("none.npz", b"PK no zip").run()
    assert "not an .npz" in app.error[0].value
    assert [drawing.label for drawing in drawings().all()] == [3, 4]
    app.file_uploader[0].set_value(None).run()
    assert not app.error
    assert not app.success


def test_the_set_stays_open_while_digits_are_kept(pad: list[Canvas]) -> None:
    from ui.own_digits import drawings

    app = open_page(DRAW)
    app.session_state["draw_gallery"] = True
    for label in (3, 4):
        drawings().add(np.full((28, 28), label / 9, np.float32), label)
        app.run()
        assert not app.exception
        assert app.session_state["draw_gallery"] is True

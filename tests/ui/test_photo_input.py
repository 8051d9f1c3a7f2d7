"""A photo from a file or the clipboard: the newer one is read, and each can be removed without the other."""

import base64

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.test_draw_page import DRAW
from tests.ui.test_pages import open_page

FILE, OTHER_FILE, PASTED = b"a file", b"another file", b"pasted"


def _page() -> None:
    import streamlit as st

    from ui import photo_input

    st.session_state["read"] = photo_input.choose("photo")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The place for photos alone; what is put into the session as `sent` is what the browser pastes."""
    open_page(DRAW)  # the component can be declared only once Streamlit runs
    import streamlit as st

    from ui import photo_input

    monkeypatch.setattr(photo_input, "_mount", lambda **_: {"photo": st.session_state.pop("sent", None)})
    monkeypatch.setattr(photo_input, "_read", lambda content: content)
    return AppTest.from_function(_page, default_timeout=60).run()


def read(app: AppTest) -> bytes | None:
    assert not app.exception
    found: bytes | None = app.session_state["read"]
    return found


def upload(app: AppTest, content: bytes = FILE) -> None:
    app.file_uploader[0].upload("two.jpg", content, "image/jpeg").run()


def empty_field(app: AppTest) -> None:
    app.file_uploader[0].set_value(None).run()


def paste(app: AppTest) -> None:
    app.session_state["sent"] = base64.b64encode(PASTED).decode()
    app.run()


def remove(app: AppTest) -> None:
    app.button(key="photo_remove").click().run()


def test_the_newer_of_file_and_pasted_picture_is_read(app: AppTest) -> None:
    assert read(app) is None
    upload(app)
    assert read(app) == FILE
    paste(app)
    assert read(app) == PASTED
    upload(app, OTHER_FILE)
    assert read(app) == OTHER_FILE


def test_pasted_picture_stays_when_the_older_file_is_removed(app: AppTest) -> None:
    upload(app)
    paste(app)
    empty_field(app)
    assert read(app) == PASTED
    upload(app)
    empty_field(app)
    assert read(app) is None


def test_pasted_picture_can_be_removed_and_the_file_is_read_again(app: AppTest) -> None:
    paste(app)
    remove(app)
    assert read(app) is None
    assert not app.button
    upload(app)
    assert not app.button  # the field has its own
    paste(app)
    remove(app)
    assert read(app) == FILE
    assert not app.button


def test_what_is_no_picture_can_be_removed_too(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    from ui import photo_input

    def refuse(content: bytes) -> None:
        raise ValueError(content)

    with monkeypatch.context() as patch:
        patch.setattr(photo_input, "_read", refuse)
        paste(app)
        assert app.exception
    remove(app)
    assert read(app) is None

"""A photo of a digit, from a file or from the clipboard."""

import base64
import binascii
from dataclasses import dataclass

import streamlit as st

from mnistlab.errors import ImageError
from mnistlab.ink import FloatImage
from mnistlab.photo import MAX_BYTES, read_photo

_TYPES = ["png", "jpg", "jpeg", "webp"]
_MOST_MEGABYTES = MAX_BYTES // 1_000_000
# Session keys, made from the field's key: the picture that is read, and a counter that resets the place for pasting.
_KEPT, _VERSION = "{}_kept", "{}_paste_version"

# Sends the bytes of a pasted picture in base64; one that is too large is reported instead.
_SCRIPT = """
export default function pasting({ data, parentElement, setTriggerValue }) {
  const told = parentElement.querySelector(".pasting");
  const paste = (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    if (file.size > data) {
      const size = (file.size / 1e6).toFixed(1);
      told.textContent = `The pasted picture is ${size} MB; at most ${data / 1e6} MB are read.`;
      return;
    }
    told.textContent = "Reading the pasted picture ...";
    const reader = new FileReader();
    reader.onload = () => {
      setTriggerValue("photo", reader.result.split(",", 2)[1] ?? "");
      told.textContent = "Pasted.";
    };
    reader.readAsDataURL(file);
  };
  const allow = (event) => event.preventDefault(); // Safari asks before it pastes where nothing can be typed
  document.addEventListener("paste", paste);
  document.addEventListener("beforepaste", allow);
  return () => {
    document.removeEventListener("paste", paste);
    document.removeEventListener("beforepaste", allow);
  };
}
"""

_mount = st.components.v2.component(
    "mnistlab_pasting",
    html='<p class="pasting" role="status">Or copy a picture and press Ctrl+V (on a Mac, Cmd+V) on this page.</p>',
    css=".pasting { margin: 0; font-size: 0.85rem; color: var(--st-text-color); opacity: 0.8; }",
    js=_SCRIPT,
    isolate_styles=False,
)


@dataclass(frozen=True)
class _Kept:
    """The newest picture, and whether it was pasted, so that the upload field does not show it."""

    content: bytes
    is_pasted: bool


def choose(key: str) -> FloatImage | None:
    """Show an upload field and a place for pasting a picture; return the ink found in the newer of the two.

    Raises:
        ImageError: the picture cannot be read; see read_photo.
        EmptyDrawingError: nothing stands out from the paper.
    """
    file = st.file_uploader(
        "Photo of one digit on paper",
        _TYPES,
        key=key,
        on_change=_field_changed,
        args=(key,),
        max_upload_size=_MOST_MEGABYTES,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        place = f"{key}_paste_{st.session_state.get(_VERSION.format(key), 0)}"
        sent = _mount(key=place, data=MAX_BYTES, width="stretch", on_photo_change=lambda: None).get("photo")
        if sent:
            st.session_state[_KEPT.format(key)] = _Kept(_unpacked(sent), is_pasted=True)
        kept: _Kept | None = st.session_state.get(_KEPT.format(key))
        if kept and (kept.is_pasted or file is None):  # else the upload field has its own button
            st.button("Remove", key=f"{key}_remove", on_click=_go_back_to_the_field, args=(key,))
    return _read(kept.content) if kept else None


def _field_changed(key: str) -> None:
    """Use a file that was added; when one was removed, keep a picture pasted since."""
    kept: _Kept | None = st.session_state.get(_KEPT.format(key))
    if st.session_state.get(key) is not None or not (kept and kept.is_pasted):
        _go_back_to_the_field(key)


def _go_back_to_the_field(key: str) -> None:
    """Use the file in the field, or nothing if it is empty, and reset the place for pasting."""
    file = st.session_state.get(key)
    st.session_state[_KEPT.format(key)] = None if file is None else _Kept(file.getvalue(), is_pasted=False)
    st.session_state[_VERSION.format(key)] = st.session_state.get(_VERSION.format(key), 0) + 1


@st.cache_data(show_spinner=False, max_entries=2, scope="session")
def _read(content: bytes) -> FloatImage:
    return read_photo(content)


def _unpacked(sent: object) -> bytes:
    try:
        return base64.b64decode(sent, validate=True) if isinstance(sent, str) else b""
    except (binascii.Error, ValueError):
        raise ImageError("The browser sent something that is not a picture. Choose a file instead.") from None

"""A photo of a digit, from a file or from the clipboard."""

import base64
import binascii

import streamlit as st

from mnistlab.errors import ImageError
from mnistlab.ink import FloatImage
from mnistlab.photo import MAX_BYTES, read_photo

_TYPES = ["png", "jpg", "jpeg", "webp"]
_MOST_MEGABYTES = MAX_BYTES // 1_000_000

# The bytes of a pasted picture, base64; a picture that is too large is told about instead of sent.
_SCRIPT = """
export default function pasting({ data, parentElement, setTriggerValue }) {
  const told = parentElement.querySelector(".pasting");
  const paste = (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    if (file.size > data) {
      const size = (file.size / 1e6).toFixed(1);
      told.textContent = `The pasted picture has ${size} MB; at most ${data / 1e6} MB are read.`;
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
  document.addEventListener("paste", paste);
  return () => document.removeEventListener("paste", paste);
}
"""

_mount = st.components.v2.component(
    "mnistlab_pasting",
    html='<p class="pasting" role="status">Or copy a picture and press Ctrl+V (on a Mac, Cmd+V) on this page.</p>',
    css=".pasting { margin: 0; font-size: 0.85rem; color: var(--st-text-color); opacity: 0.8; }",
    js=_SCRIPT,
    isolate_styles=False,
)


def choose(key: str) -> FloatImage | None:
    """Show a place for a file, which also takes a pasted picture; return the ink found in the newer of them.

    Raises:
        ImageError: no picture that can be read; see read_photo.
        EmptyDrawingError: nothing stands out from the paper.
    """
    kept = f"{key}_content"

    def uploaded() -> None:
        chosen = st.session_state.get(key)
        st.session_state[kept] = chosen.getvalue() if chosen is not None else None

    st.file_uploader(
        "Photo of one digit on paper", _TYPES, key=key, on_change=uploaded, max_upload_size=_MOST_MEGABYTES
    )
    sent = _mount(key=f"{key}_paste", data=MAX_BYTES, on_photo_change=lambda: None).get("photo")
    if sent:
        st.session_state[kept] = _unpacked(sent)
    content = st.session_state.get(kept)
    return _read(content) if content else None


@st.cache_data(show_spinner=False, max_entries=2, scope="session")
def _read(content: bytes) -> FloatImage:
    return read_photo(content)


def _unpacked(sent: object) -> bytes:
    try:
        return base64.b64decode(sent, validate=True) if isinstance(sent, str) else b""
    except (binascii.Error, ValueError):
        raise ImageError("The browser sent something that is no picture. Choose a file instead.") from None

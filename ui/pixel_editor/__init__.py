"""Drawing by keyboard: a focusable field of 28 x 28 pixels, whose picture is processed like the pad's.

The browser paints at once and sends 784 bytes in base64 when no key has been pressed for a moment.
"""

import base64
import binascii
from pathlib import Path

import numpy as np
import streamlit as st

from mnistlab.data import IMAGE_SIDE
from mnistlab.errors import ImageError
from mnistlab.ink import FloatImage
from ui import in_hand

_FOLDER = Path(__file__).parent
_mount = st.components.v2.component(
    "mnistlab_pixel_editor",
    html=(_FOLDER / "pixel_editor.html").read_text(encoding="utf-8"),
    css=(_FOLDER / "pixel_editor.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "pixel_editor.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def edit(key: str) -> FloatImage | None:
    """Show the field; return its ink, (28, 28) float32 in [0, 1], or None while it is empty.

    Raises:
        ImageError: the browser sent something else.
    """
    kept = f"{key}_kept"  # a change of page forgets what a component held
    sent = _mount(key=key, data=st.session_state.get(kept, ""), on_pixels_change=lambda: None).get("pixels")
    if sent is not None:
        in_hand.keep(**{kept: sent})
    content = st.session_state.get(kept, "")
    return unpacked(content) if content else None


def unpacked(sent: object) -> FloatImage:
    """784 bytes in base64 as ink, (28, 28) float32 in [0, 1].

    Raises:
        ImageError: anything else was sent.
    """
    try:
        content = base64.b64decode(sent, validate=True) if isinstance(sent, str) else b""
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != IMAGE_SIDE**2:
        raise ImageError("The pixel editor sent something that is not 28 x 28 pixels. Clear it and draw again.")
    pixels = np.frombuffer(content, np.uint8).reshape(IMAGE_SIDE, IMAGE_SIDE)
    return pixels.astype(np.float32) / np.float32(255)

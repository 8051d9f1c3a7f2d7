"""Whose browser this is, so that the queue is fair between browsers and a run can be called the visitor's own."""

import hashlib
import secrets

import streamlit as st

# Streamlit sets this cookie with its first answer; a reload and a second tab bring it back until the browser is closed.
_COOKIE = "_streamlit_xsrf"
_SESSION = "identity"


def owner() -> str:
    """A name for this browser, the same after a reload; where it takes no cookies, for this tab until a reload."""
    secret = _unmasked(str(st.context.cookies.get(_COOKIE, "")))
    if secret is None:
        secret = st.session_state.setdefault(_SESSION, secrets.token_bytes(16))
    # The cookie is what protects uploads of this browser: only a digest of it is kept.
    return hashlib.sha256(secret).hexdigest()[:16]


def _unmasked(cookie: str) -> bytes | None:
    """The part of the cookie that stays: it is "2|mask|secret xor mask|time", with another mask at each load."""
    parts = cookie.split("|")
    try:
        mask, masked = bytes.fromhex(parts[1]), bytes.fromhex(parts[2])
    except (IndexError, ValueError):
        return None
    if len(mask) != 4 or not masked:
        return None
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))

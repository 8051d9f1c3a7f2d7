"""Identify the browser, so that the queue is fair between browsers and visitors' runs can be called their own."""

import hashlib
import secrets

import streamlit as st

# Streamlit sets this cookie with its first response; reloads and other tabs send it until the browser is closed.
_COOKIE = "_streamlit_xsrf"
_SESSION = "identity"


def owner() -> str:
    """An id for this browser that survives reloads; if it accepts no cookies, for this tab until a reload."""
    secret = _unmasked(str(st.context.cookies.get(_COOKIE, "")))
    if secret is None:
        secret = st.session_state.setdefault(_SESSION, secrets.token_bytes(16))
    # The cookie protects this browser's uploads (XSRF), so only a digest of it is kept.
    return hashlib.sha256(secret).hexdigest()[:16]


def _unmasked(cookie: str) -> bytes | None:
    """The constant part of the cookie "2|mask|secret xor mask|time", whose mask differs at each load."""
    parts = cookie.split("|")
    try:
        mask, masked = bytes.fromhex(parts[1]), bytes.fromhex(parts[2])
    except (IndexError, ValueError):
        return None
    if len(mask) != 4 or not masked:
        return None
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))

"""The lab's own digits: "it was a ..." keeps a drawing; drawings can be seen, removed, downloaded and uploaded."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import streamlit as st

from mnistlab.builtin import DEFAULT_MODEL
from mnistlab.drawings import FROM_FILE, MOST, SPLIT_NAME, Drawings, KeptDrawing
from mnistlab.errors import MnistLabError
from mnistlab.figures import count_of
from mnistlab.ink import FloatImage
from ui import depth_links, mosaic, picking
from ui.resources import drawings
from ui.words import a_digit

_SHOWN = 60  # the newest that are shown
_MOST_MEGABYTES = 20  # of a set that is brought in; a full one has 1.6


class Paper(Protocol):
    """The surface of a drawing, cleared when the drawing is kept and restored if that was a mistake."""

    def clear(self) -> None:
        """Make room for the next drawing."""

    def bring_back(self) -> None:
        """Show the drawing again."""


@dataclass(frozen=True, eq=False)
class _Kept:
    """What was kept last."""

    id: str
    label: int
    image: FloatImage
    paper: Paper | None


def keep(key: str, image: FloatImage | None, source: str, paper: Paper | None = None) -> None:
    """Ask what the drawing was meant to be; the answer keeps it."""

    def chosen() -> None:
        label = st.session_state[f"{key}_label"]
        st.session_state[f"{key}_label"] = None
        if label is None or image is None:
            return
        with _keeping_mistakes(key):
            kept_id = _keep_once(st.session_state.get(f"{key}_kept"), image, int(label), source)
            st.session_state[f"{key}_kept"] = _Kept(kept_id, int(label), image, paper)
            if paper is not None:
                paper.clear()

    st.pills(
        "It was a ... (keeps the drawing with its label)",
        range(10),
        key=f"{key}_label",
        required=True,  # the second click of a double click would take the first one back
        on_change=chosen,
        disabled=image is None,
        wrap=True,
    )
    refused = st.session_state.pop(f"{key}_refused", None)
    if refused:
        st.error(refused)
    _last_kept(key, image)


def _keep_once(last: _Kept | None, image: FloatImage, label: int, source: str) -> str:
    """Keep a drawing, or relabel the one kept last if it is the same drawing; return its id."""
    if last is not None and np.array_equal(last.image, image) and drawings().relabel(last.id, label):
        return last.id
    return drawings().add(image, label, source)


def _last_kept(key: str, image: FloatImage | None) -> None:
    kept: _Kept | None = st.session_state.get(f"{key}_kept")
    if kept is None or not (image is None or np.array_equal(image, kept.image)):  # else it is untrue
        st.caption("Kept drawings become a set of your own, to score models on.")
        return

    def take_back() -> None:
        with _keeping_mistakes(key):
            drawings().delete(kept.id)
            st.session_state.pop(f"{key}_kept", None)  # a second click may have come before the button was gone
            if kept.paper is not None:
                kept.paper.bring_back()

    if image is None:
        st.caption("The pad is free for the next digit.")
    with st.container(horizontal=True, vertical_alignment="center"):
        number = count_of(drawings().count(), "drawing")
        st.markdown(f"Kept as {a_digit(kept.label, '**{}**')}: {number} now.", width="content")
        st.button("Take it back", key=f"{key}_take_back", on_click=take_back)


def gallery(key: str) -> None:
    """Show the set in an expander, closed at first: its digits, and how to download, remove and upload drawings."""
    num, name = drawings().count(), f"{key}_gallery"
    # Streamlit takes an expander with another label for a new one, which would close whenever a digit is kept.
    st.session_state[name] = st.session_state.get(name, False)
    with st.expander(f"Your own digits ({num:,})", key=name, on_change="rerun") as place:
        if not place.open:
            return
        st.caption(
            f"Drawings stay on the computer that runs this lab. Everybody who uses this lab shares one set of at most "
            f"{MOST:,}; no names, strokes or photos are kept, only 28 x 28 pixels and the label."
        )
        kept = drawings().all()
        if kept:
            _show_newest(key, kept)
            _take_home_or_remove(key, len(kept))
        else:
            st.markdown("None yet. Draw a digit, then say what it was.")
        _bring_in(key)


def _show_newest(key: str, kept: Sequence[KeptDrawing]) -> None:
    """Show the newest ones; a click on one offers to remove it."""
    newest = kept[::-1][:_SHOWN]
    images = np.stack([drawing.image for drawing in newest])
    tips = [_origin(drawing) for drawing in newest]
    links = [depth_links.address(SPLIT_NAME, len(kept) - 1 - place, DEFAULT_MODEL) for place in range(len(newest))]
    shown = mosaic.mosaic(images, [str(one.label) for one in newest], tips, side=42, per_row=None, links=links)
    picked = f"{key}_picked"
    picking.pick(shown, f"{key}_own", on_pick=lambda place: st.session_state.update({picked: newest[place].id}))
    about = f"The newest {_SHOWN} of {len(kept):,}. " if len(kept) > _SHOWN else ""
    chosen = next((one for one in newest if one.id == st.session_state.get(picked)), None)
    if chosen is None:
        st.caption(f"{about}Click on one to remove it.")
        return

    def remove() -> None:
        with _keeping_mistakes(key):
            drawings().delete(chosen.id)
            last: _Kept | None = st.session_state.get(f"{key}_kept")
            if last is not None and last.id == chosen.id:
                st.session_state.pop(f"{key}_kept")

    st.button(f"Remove this {chosen.label}", key=f"{key}_remove_one", on_click=remove, help=tips[newest.index(chosen)])


def _origin(drawing: KeptDrawing) -> str:
    made = "brought in from a file" if drawing.source == FROM_FILE else f"made by {drawing.source}"
    return f"kept as {drawing.label}, {made}"


def _take_home_or_remove(key: str, num: int) -> None:
    def clear() -> None:
        with _keeping_mistakes(key):
            drawings().clear()
            for name in (f"{key}_sure", f"{key}_kept", f"{key}_brought"):
                st.session_state.pop(name, None)

    with st.container(horizontal=True, vertical_alignment="center"):
        for label, name, content in (
            ("Download as .npz", "drawings.npz", partial(Drawings.as_npz, drawings())),
            ("Download as pictures", "drawings.zip", partial(Drawings.as_zip, drawings())),
        ):
            st.download_button(label, content, name, key=f"{key}_{name}", on_click="ignore")
        sure = st.checkbox("I want to remove them all", key=f"{key}_sure")
        st.button(f"Remove {count_of(num, 'drawing')}", key=f"{key}_remove", disabled=not sure, on_click=clear)


def _bring_in(key: str) -> None:
    """A field for a set that was taken home, here or from another lab; it is taken in before the page is drawn."""
    from mnistlab.importing.digits import read_digits

    def dropped() -> None:
        st.session_state.pop(f"{key}_brought", None)
        file = st.session_state[f"{key}_file"]
        if file is None:
            return
        try:
            images, labels = read_digits(file.getvalue())
            new = drawings().take_in(images, labels)
        except MnistLabError as error:
            st.session_state[f"{key}_brought"] = str(error), False
            return
        known = f" Already here: {len(labels) - new:,}." if new < len(labels) else ""
        st.session_state[f"{key}_brought"] = f"{count_of(new, 'new drawing')}.{known}", True

    st.file_uploader(
        "Bring in a set (.npz)",
        type="npz",
        key=f"{key}_file",
        on_change=dropped,
        max_upload_size=_MOST_MEGABYTES,
        help="What Download as .npz has made, here or in another lab. Digits that are here already are left out.",
    )
    told, is_well = st.session_state.get(f"{key}_brought", ("", True))
    if told:
        (st.success if is_well else st.error)(told)


@contextmanager
def _keeping_mistakes(key: str) -> Iterator[None]:
    """Remember an error in a callback, which cannot show anything: `keep` shows it, once."""
    try:
        yield
    except MnistLabError as error:
        st.session_state[f"{key}_refused"] = str(error)

"""Read a drawing: where it is made, the 28x28 picture that the models get, and ten probabilities from each.

Overview shows a pad and the built-in model; Draw shows every way to make a drawing and up to three models.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnistlab.doubt import Shape
from mnistlab.errors import EmptyDrawingError
from mnistlab.ink import FloatImage, Framing, find_ink, frame_ink
from ui import (
    aloud,
    answers,
    canvas,
    depth_links,
    frame,
    in_hand,
    models,
    own_digits,
    photo_input,
    pixel_editor,
    resources,
    stage_view,
    turns,
)
from ui.models import ModelChoice
from ui.strokes import Point
from ui.words import verbatim

PEN, KEYS, PHOTO = "pen", "keys", "photo"
WAYS = (PEN, KEYS, PHOTO)
_INVITATIONS = {
    PEN: "Draw a digit on the black square.",
    KEYS: "Draw a digit with the arrow keys and the space bar.",
    PHOTO: "Choose or paste a photo of one digit.",
}
_KEPT = "{}_shown_as_kept"  # in the session, with the pad's key
_PAD_WIDTH = canvas.SIDE + 4
# Wide enough for the picture and ten bars, narrow enough to fit beside the pad; on a phone it wraps below.
_ANSWER_WIDTH = 256
# Answers get the width left beside the pad; on a phone none is left, and they wrap below.
_STYLE = "<style>.st-key-read { min-width: min(100%, 19rem); }</style>"


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing to be read: the picture that networks get, and what it is if not one digit."""

    framing: Framing
    shape: Shape | None

    @classmethod
    def of(cls, ink: FloatImage) -> "Drawing":
        """Frame ink (H, W), look at its shape, and ask whether it resembles any training digit.

        Raises:
            EmptyDrawingError: there is no ink.
        """
        from mnistlab.likeness import doubt_about  # needs torch, which loads after the pad is on screen

        framing = frame_ink(ink)
        return cls(framing, doubt_about(framing, resources.likeness()))

    def remember(self) -> None:
        """Make it available to other pages, also after a reload."""
        in_hand.keep(last_drawing=self.framing.image, last_shape=self.shape)


@turns.fragment()
def show(key: str, example: Sequence[Sequence[Point]]) -> None:
    """Show a pad with an example on it, and how the built-in model reads it.

    It is a fragment: a stroke reruns only this, not the whole page.
    """
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_PAD_WIDTH):
            drawing = _drawn(key, example)
            _doubt(drawing)
        with st.container(width=_ANSWER_WIDTH):
            _tell(drawing, _read_by(drawing, []))
            if drawing is not None and canvas.is_own(key):  # the built-in example is nobody's
                drawing.remember()


@turns.fragment()
@frame.telling_mistakes()
def show_all(key: str, way: str) -> None:
    """Show one way to make a drawing, what each chosen model reads, why, and what it was meant to be. A fragment."""
    st.html(_STYLE)
    drawing = None
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_PAD_WIDTH, key="drawn"):
            with frame.telling_mistakes():
                drawing = _made(key, way)
            # The answers are computed before anything after the pad is sent: a browser redraws the page for each batch
            # of messages that arrives, and the answers would be in the third or fourth.
            menu = models.Several.of(f"{key}_model")
            chosen, shown = menu.chosen, _shown(key, way, drawing)
            found = _read_by(shown, chosen)
            _doubt(shown)
        with st.container(width="stretch", key="read"):
            menu.show()
            _tell(shown, found, way)
            image = drawing.framing.image if drawing is not None else None
            own_digits.keep(key, image, way, _Pad(key, drawing) if way == PEN and drawing is not None else None)
    if drawing is not None:
        drawing.remember()
    _explain(key, shown, chosen)
    own_digits.gallery(key)
    if st.button("Look at this digit in depth", key=f"{key}_depth", disabled=shown is None) and shown is not None:
        shown.remember()
        depth_links.go_to(depth_links.DRAWING, model=chosen[0].name)


def _explain(key: str, shown: Drawing | None, chosen: Sequence[ModelChoice]) -> None:
    with st.expander("Why this answer?", key=f"{key}_why", on_change="rerun") as why:
        if why.open and shown is not None:
            stage_view.show(f"{key}_steps", shown.framing.ink, chosen)
        elif why.open:
            st.markdown("Draw a digit first: every step on its way to the network appears here.")


def _shown(key: str, way: str, drawing: Drawing | None) -> Drawing | None:
    """The drawing to read: the current one, or, on a pad cleared for the next one, the drawing just kept."""
    if way != PEN or drawing is not None:
        st.session_state.pop(_KEPT.format(key), None)
        return drawing
    kept: Drawing | None = st.session_state.get(_KEPT.format(key))
    return kept


class _Pad:
    """The pad with a drawing on it; it is cleared once that is kept, else the next digit would be drawn over it."""

    def __init__(self, key: str, drawing: Drawing) -> None:
        self._key, self._drawing = key, drawing
        self._strokes = canvas.strokes(key)

    def clear(self) -> None:
        """Show an empty pad; the reading of what was on it stays until something is drawn."""
        canvas.put_up(self._key, [])
        st.session_state[_KEPT.format(self._key)] = self._drawing

    def bring_back(self) -> None:
        """Show the drawing on the pad again."""
        canvas.put_up(self._key, self._strokes)


def _made(key: str, way: str) -> Drawing | None:
    """What was drawn, typed or photographed."""
    if way == PEN:
        return _drawn(key, with_tools=True)
    ink = pixel_editor.edit(f"{key}_keys") if way == KEYS else photo_input.choose(f"{key}_photo")
    return None if ink is None else Drawing.of(ink)


def _drawn(key: str, example: Sequence[Sequence[Point]] = (), with_tools: bool = False) -> Drawing | None:
    rgba = canvas.draw(key, example, with_tools)
    try:
        return None if rgba is None else Drawing.of(find_ink(rgba))
    except EmptyDrawingError:  # all of it was erased
        return None


def _doubt(drawing: Drawing | None) -> None:
    """Warn below the pad, where nothing has to move for it, if the drawing is not a digit."""
    if drawing is not None and drawing.shape is not None:
        st.warning(str(drawing.shape))


def _read_by(drawing: Drawing | None, chosen: Sequence[ModelChoice]) -> list[answers.Answer]:
    """The answers of each model (default: the built-in one), or why one cannot be asked; empty without a drawing."""
    asked: Sequence[ModelChoice | None] = chosen or [None]
    found = []
    for model in asked:
        name = model.short if model else ""
        with frame.telling_mistakes(f"{verbatim(name) or 'The model'} cannot be asked: "):  # the others still can
            found.append(answers.Answer(name, None if drawing is None else _read(drawing.framing.image, model)))
    return found


def _tell(drawing: Drawing | None, found: Sequence[answers.Answer], way: str = PEN) -> None:
    """Show what was read; without a drawing, what to do."""
    image = np.zeros((28, 28), np.float32) if drawing is None else drawing.framing.image
    shape = None if drawing is None else drawing.shape
    aloud.say(answers.spoken(found, shape) or _INVITATIONS[way], "aloud_answers")
    st.html(answers.answers(image, found, shape, _INVITATIONS[way]))


def _read(image: FloatImage, model: ModelChoice | None) -> FloatImage:
    predictor = model.predictor if model else resources.predictor()
    shares: FloatImage = predictor.probabilities(image[None])[0]
    return shares

"""The answers of up to three models to the same picture, side by side, as one piece of HTML."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from mnistlab.doubt import Shape, unsure
from mnistlab.figures import percent
from ui import bars
from ui.pixel_scale import png_address
from ui.words import a_digit, sure, unbroken

_SEEN_SIDE = 84  # CSS pixels, three for each pixel of the picture

STYLE = f"""
<style>
.answers {{ display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }}
.answers .seen {{ margin: 0; text-align: center; font-size: 0.85rem; width: {_SEEN_SIDE}px; }}
.answers .seen img {{ width: {_SEEN_SIDE}px; height: {_SEEN_SIDE}px; display: block; background: #000;
  image-rendering: pixelated; border-radius: 3px; }}
.answers section {{ flex: 1 1 9rem; max-width: 22rem; }}
.answers section h2 {{ font-size: 0.85rem; font-weight: 400; letter-spacing: normal; opacity: 0.8; margin: 0;
  padding: 0; overflow-wrap: anywhere; }}
.answers section p {{ margin: 0.15rem 0 0.5rem; min-height: 3.1em; line-height: 1.5; }}
</style>
"""


@dataclass(frozen=True, eq=False)
class Answer:
    """One model's answer: its name as shown, and its probabilities (10,) float32, None before there is a drawing."""

    model: str
    probabilities: npt.NDArray[np.float32] | None


def answers(image: npt.NDArray[np.float32], found: Sequence[Answer], shape: Shape | None, invitation: str) -> str:
    """The picture (28, 28) in [0, 1] that all models get, and ten bars for each of them.

    invitation: the text shown while there is no drawing.
    """
    cards = "".join(_card(answer, shape, invitation) for answer in found)
    seen = f'<figure class="seen">{picture(image, "what the network sees: 28 x 28 pixels")}what it sees</figure>'
    return f'{STYLE}<div class="answers">{seen}{cards}</div>'


def spoken(found: Sequence[Answer], shape: Shape | None) -> str:
    """The models' answers in few words, to be read aloud; "" before there is a drawing."""
    lines = []
    for answer in found:
        if answer.probabilities is not None:
            best = int(answer.probabilities.argmax())
            how = "In doubt, perhaps" if shape is not None or unsure(answer.probabilities) else "Read as"
            said = f"{how} {best}, {sure(float(answer.probabilities[best]))}."
            lines.append(f"{answer.model}: {said}" if answer.model else said)
    return " ".join(lines)


def sentence(probabilities: npt.NDArray[np.float32], shape: Shape | None) -> str:
    """The answer in words, as HTML; a doubt is expressed before the digit."""
    best, second = (int(digit) for digit in np.argsort(-probabilities)[:2])
    share = sure(float(probabilities[best]))
    if shape is not None:
        return f"<strong>Not sure.</strong> If it had to be a digit: {best} ({share})."
    if unsure(probabilities):
        other = percent(float(probabilities[second]), 1)
        return f"<strong>Not sure.</strong> It may be {a_digit(best)} ({share}) or {a_digit(second)} ({other})."
    return f"This is {a_digit(best, '<strong>{}</strong>')}, and I am {share} sure."


def picture(image: npt.NDArray[np.float32], alt: str) -> str:
    """A picture (28, 28) in [0, 1] as an HTML image element."""
    source = png_address(Image.fromarray(np.round(image * 255).astype(np.uint8)))
    return f'<img alt="{html.escape(alt)}" src="{source}">'


def _card(answer: Answer, shape: Shape | None, invitation: str) -> str:
    if answer.probabilities is None:
        said, shown = invitation, bars.empty_bars()
    else:
        said = unbroken(sentence(answer.probabilities, shape))
        shown = bars.probability_bars([float(share) for share in answer.probabilities])
    heading = f"<h2>{html.escape(answer.model)}</h2>" if answer.model else ""
    return f"<section>{heading}<p>{said}</p>{shown}</section>"

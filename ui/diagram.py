"""A network as a drawing: columns of neurons, or the shrinking planes of a convolutional network.

One SVG without a viewBox: horizontal positions are percentages, sizes and fonts are pixels, so that seven layers fit on
a phone and stay readable.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from mnistlab.config import ModelConfig
from ui.palette import TRAINING

_HEIGHT, _MIDDLE = 206, 92  # CSS pixels; the picture's middle line leaves room for two lines of text below
_GAP, _MOST_DOTS = 17, 8
_STYLE = """
<style>
.network { width: 100%; max-width: 46rem; }
.network svg { width: 100%; overflow: visible; }
.network text { fill: currentColor; font-size: 12px; text-anchor: middle; font-variant-numeric: tabular-nums; }
.network .small { font-size: 11px; opacity: 0.75; }
.network line { stroke: currentColor; stroke-width: 0.6; opacity: 0.22; }
@media (max-width: 640px) { .network .wide { display: none; } }
</style>
"""


def diagram(config: ModelConfig, connections: Sequence[int]) -> str:
    """HTML of a network, for `st.markdown`, because `st.html` removes SVG.

    connections: the number of parameters between adjacent columns of an MLP; hidden on a phone for lack of room.
    """
    if config.kind == "cnn":
        return _drawing(_planes(config), f"A convolutional network: {config.shape}, then 10 digits")
    widths = (784, *config.hidden, 10)
    return _drawing(_neurons(widths, connections), f"A network of {len(widths)} layers: {config.shape}")


def _drawing(parts: Sequence[str], label: str) -> str:
    svg = f'<svg height="{_HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    return f'{_STYLE}<div class="network">{svg}</div>'.replace("\n", "")  # an empty line ends HTML in Markdown


def _neurons(widths: Sequence[int], connections: Sequence[int]) -> list[str]:
    places = _places(len(widths))
    rows = [_rows(width) for width in widths]
    parts = [
        f'<line x1="{here}%" y1="{y1}" x2="{there}%" y2="{y2}"/>'
        for (here, left), (there, right) in pairwise(zip(places, rows, strict=True))
        for y1 in left
        for y2 in right
    ]
    for place, width, dots in zip(places, widths, rows, strict=True):
        parts += [f'<circle cx="{place}%" cy="{y}" r="5" fill="{TRAINING}"/>' for y in dots]
        if width > len(dots):
            parts.append(_text(place, _MIDDLE + 4, "\N{VERTICAL ELLIPSIS}"))
    names = ["pixels", *["hidden"] * (len(widths) - 2), "digits"]
    for place, width, name in zip(places, widths, names, strict=True):
        parts += _words(place, width, name)
    between = [(here + there) / 2 for here, there in pairwise(places)]
    parts += [_text(at, 10, f"{number:,}", "small wide") for at, number in zip(between, connections, strict=True)]
    return parts


def _rows(width: int) -> list[float]:
    """Heights of a layer's dots; a wide layer shows some of its neurons, with a gap for the others."""
    shown = width if width <= _MOST_DOTS else min(_MOST_DOTS, 2 * round(math.log2(width) / 2.5))
    slots = shown if shown == width else shown + 1
    rows = [_MIDDLE + (slot - (slots - 1) / 2) * _GAP for slot in range(slots)]
    return rows if shown == width else rows[: shown // 2] + rows[shown // 2 + 1 :]


def _planes(config: ModelConfig) -> list[str]:
    """Each convolution as a stack of squares that grow with its result's size, and dots for the digits at the end."""
    channels = (1, *config.channels)
    sides = [28 >> sum(pool <= number for pool in set(config.pools)) for number in range(len(channels))]
    places = _places(len(sides) + 2)
    parts = []
    for place, side, number in zip(places, sides, channels, strict=False):
        size, cards = 8 + side, min(4, 1 + round(math.log2(number) / 2))
        squares = "".join(
            f'<rect x="{-size / 2 + 3 * (card - (cards - 1) / 2)}" y="{_MIDDLE - size / 2 - 3 * card}" '
            f'width="{size}" height="{size}" fill="{TRAINING}" fill-opacity="0.55" stroke="white" stroke-width="0.8"/>'
            for card in reversed(range(cards))
        )
        parts.append(f'<svg x="{place}%" overflow="visible">{squares}</svg>')
        parts += _words(place, number, f"{side}\N{MULTIPLICATION SIGN}{side}")
    seen = (channels[-1], "mean") if config.head == "mean" else (channels[-1] * sides[-1] ** 2, "flattened")
    for place, (number, name) in zip(places[-2:], (seen, (10, "digits")), strict=True):
        parts += [f'<circle cx="{place}%" cy="{y}" r="5" fill="{TRAINING}"/>' for y in _rows(number)]
        parts += _words(place, number, name)
    return parts


def _places(num_columns: int) -> list[float]:
    """The position of each column's middle, in percent of the width."""
    return [round(100 * (column + 0.5) / num_columns, 2) for column in range(num_columns)]


def _words(place: float, number: int, name: str) -> list[str]:
    """The two lines below a column."""
    return [_text(place, _HEIGHT - 22, str(number)), _text(place, _HEIGHT - 7, name, "small")]


def _text(place: float, y: float, text: str, kind: str = "") -> str:
    return f'<text x="{place}%" y="{y}" class="{kind}">{text}</text>'

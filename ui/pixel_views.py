"""Small views of one picture, as HTML: its histogram, its 784 values in one strip, and what makes it unusual."""

import html
from collections.abc import Sequence

import numpy as np

from mnistlab.pixels import Picture, flatten, value_histogram
from ui.palette import TRAINING
from ui.pixel_scale import Colours, Scale, data_address, diverging, grey, number

_HISTOGRAM_HEIGHT = 130  # CSS pixels

_STYLE = f"""
<style>
.histogram {{ max-width: 30rem; font-size: 0.75rem; font-variant-numeric: tabular-nums; }}
.histogram .columns {{ display: flex; align-items: flex-end; height: {_HISTOGRAM_HEIGHT + 16}px; gap: 2px;
                       border-bottom: 1px solid rgba(127, 127, 127, 0.6); }}
.histogram .columns span {{ flex: 1; text-align: center; }}
.histogram .columns i {{ display: block; background: {TRAINING}; border-radius: 2px 2px 0 0; }}
.histogram .ticks {{ display: flex; justify-content: space-between; }}
.histogram .title {{ text-align: center; }}
.strip i {{ display: block; height: 36px; background-size: 100% 100%; image-rendering: pixelated; border-radius: 3px; }}
.strip b {{ display: block; height: 7px; margin-top: 2px; opacity: 0.55; background: repeating-linear-gradient(90deg,
            currentColor 0 calc(100% / 28), transparent 0 calc(100% / 14)); }}
.equation {{ display: flex; align-items: flex-start; gap: 0.5rem; }}
.equation figure {{ margin: 0; font-size: 0.85rem; text-align: center; flex: 0 1 112px; }}
.equation img {{ width: 100%; aspect-ratio: 1; image-rendering: pixelated; border-radius: 3px; display: block; }}
.equation span {{ font-size: 1.3rem; padding-top: 2.2rem; }}
</style>
"""


def histogram(picture: Picture, scale: Scale) -> str:
    """How often each value above 0 occurs, with the counts over the bars."""
    _, counts = value_histogram(picture)
    edges = np.linspace(0, 1, len(counts) + 1)
    highest = max(1, int(counts.max()))
    bars = [
        f'<span title="{number(low, scale)} to {number(high, scale)}: {count} pixels">{count or ""}'
        f'<i style="height:{count / highest * _HISTOGRAM_HEIGHT:.1f}px"></i></span>'
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
    ]
    ticks = "".join(f"<span>{number(value, scale)}</span>" for value in (0.0, 0.25, 0.5, 0.75, 1.0))
    return (
        f'{_STYLE}<div class="histogram" role="img" aria-label="Histogram of the values above 0">'
        f'<div class="columns">{"".join(bars)}</div><div class="ticks">{ticks}</div>'
        f'<div class="title">value of a pixel ({scale}); above each bar: number of pixels</div></div>'
    )


def strip(picture: Picture) -> str:
    """All 784 values in one line; each mark below it is as long as a row of the picture."""
    line = data_address(grey(flatten(picture)[None]))
    return (
        f'{_STYLE}<div class="strip" role="img" aria-label="The 28 rows of the picture, one behind the other">'
        f'<i style="background-image:url({line})"></i><b></b></div>'
    )


def equation(picture: Picture, average: Picture, names: Sequence[str]) -> str:
    """The picture, minus an average, equals the difference; each with its name below."""
    parts = [grey(picture), grey(average), diverging(picture - average)]
    figures = [_figure(colours, name) for colours, name in zip(parts, names, strict=True)]
    minus, equals = (f"<span>{sign}</span>" for sign in ("\N{MINUS SIGN}", "="))
    return f'{_STYLE}<div class="equation">{figures[0]}{minus}{figures[1]}{equals}{figures[2]}</div>'


def _figure(colours: Colours, name: str) -> str:
    name = html.escape(name, quote=True)
    return f'<figure><img src="{data_address(colours)}" alt="{name}"><figcaption>{name}</figcaption></figure>'

"""Ten bars, one per digit, as plain HTML: on screen at once, without a chart library, and readable as text."""

import html
from collections.abc import Sequence

from mnistlab.figures import certainty
from ui.palette import NEUTRAL, TRAINING

_STYLE = """
<style>
.bars { display: grid; grid-template-columns: 1.2rem 1fr max-content; gap: 0.3rem 0.6rem; align-items: center;
        font-variant-numeric: tabular-nums; max-width: 34rem; }
.bars.named { grid-template-columns: minmax(0, max-content) minmax(2rem, 1fr) max-content; }
.bars b { text-align: right; }
.bars span { background: rgba(127, 127, 127, 0.18); border-radius: 3px; height: 1.05rem; overflow: hidden; }
.bars span i { display: block; height: 100%; border-radius: 3px; }
.bars em { font-style: normal; min-width: 3.9rem; text-align: right; font-size: 0.9rem; }
</style>
"""


def probability_bars(probabilities: Sequence[float]) -> str:
    """How probable a model finds each digit; the most probable one stands out."""
    best = max(range(len(probabilities)), key=lambda digit: probabilities[digit])
    rows = [
        _row(digit, share, TRAINING if digit == best else NEUTRAL, certainty(share, 1), digit == best)
        for digit, share in enumerate(probabilities)
    ]
    return _bars(rows, "Probability of each digit")


def empty_bars() -> str:
    """Ten bars without values, so that nothing moves when the first drawing arrives."""
    return _bars([_row(digit, 0, NEUTRAL, "\N{EN DASH}", False) for digit in range(10)], "No drawing yet")


def count_bars(counts: Sequence[int]) -> str:
    """How many images there are of each digit."""
    rows = [_row(digit, count / max(counts), TRAINING, f"{count:,}", False) for digit, count in enumerate(counts)]
    return _bars(rows, "Images of each digit")


def named_bars(
    lines: Sequence[tuple[str, float, str]], label: str, colour: str = TRAINING, only: str | None = None
) -> str:
    """Bars of anything.

    Args:
        lines: for each bar its name, its length as a share from 0 to 1, and the text to its right.
        label: what the bars show, read aloud.
        only: the one bar that has the colour and is bold; the others are grey.
    """
    rows = [
        _row(name, min(1.0, max(0.0, share)), colour if only in (None, name) else NEUTRAL, text, only == name)
        for name, share, text in lines
    ]
    return _bars(rows, label).replace('class="bars"', 'class="bars named"')


def _bars(rows: Sequence[str], label: str) -> str:
    return f'{_STYLE}<div class="bars" role="group" aria-label="{html.escape(label)}">{"".join(rows)}</div>'


def _row(name: int | str, share: float, colour: str, text: str, is_bold: bool) -> str:
    shown = f"<strong>{html.escape(text)}</strong>" if is_bold else html.escape(text)
    bar = f'<span aria-hidden="true"><i style="width:{share:.2%};background:{colour}"></i></span>'
    return f"<b>{html.escape(str(name))}</b>{bar}<em>{shown}</em>"

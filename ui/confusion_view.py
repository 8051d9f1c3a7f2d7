"""Precision and recall of each digit as bars, and the confusion matrix as a table of clickable cells."""

import html
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from mnistlab.figures import count_of, percent
from mnistlab.scores import DigitScore
from ui.palette import CORRECT, TRAINING, WRONG
from ui.words import a_digit

_SCORES_STYLE = f"""
<style>
.scores {{ display: grid; grid-template-columns: 1.1rem minmax(1.5rem, 1fr) max-content max-content;
           gap: 0.36rem 0.6rem; align-items: center; font-variant-numeric: tabular-nums; font-size: 0.9rem; }}
.scores b {{ text-align: right; }}
.scores em {{ font-style: normal; text-align: right; }}
.scores small {{ opacity: 0.8; text-align: right; line-height: 1.15; }}
.scores span {{ background: rgba(127, 127, 127, 0.18); border-radius: 3px; height: 1.05rem; overflow: hidden; }}
.scores span i {{ display: block; height: 100%; background: {TRAINING}; border-radius: 3px; }}
</style>
"""
_MATRIX_STYLE = f"""
<style>
.confusion {{ display: grid; grid-template-columns: 1.2rem repeat(10, 1fr); gap: 2px; max-width: 26rem;
              font-size: 0.8rem; font-variant-numeric: tabular-nums; text-align: center; align-items: center; }}
.confusion .title {{ grid-column: 2 / span 10; font-size: 0.8rem; opacity: 0.8; }}
.confusion b {{ font-size: 0.85rem; }}
.confusion a {{ display: flex; align-items: center; justify-content: center; aspect-ratio: 1; border-radius: 3px;
                color: inherit !important; text-decoration: none !important; min-width: 0; }}
.confusion a.none {{ opacity: 0.45; }}
.confusion a.chosen {{ outline: 3px solid {TRAINING}; outline-offset: 0; }}
@media (max-width: 640px) {{ .confusion {{ font-size: 0.68rem; }} }}
</style>
"""
_FAINTEST, _STRONGEST = 0.14, 0.6  # opacity of a cell's colour: text stays readable on it in light and dark mode


def score_bars(scores: Sequence[DigitScore], lines: Sequence[str], start: float) -> str:
    """A row for each digit: its recall as a bar and as the tutorial's line, and its precision.

    Args:
        lines: for each digit the text beside its bar, "97.8 % (988/1010)".
        start: recall at the left end of the bars.
    """
    rows = ["<b></b><small style='text-align:left'>recall</small><small>found / all</small><small>precision</small>"]
    for score, line in zip(scores, lines, strict=True):
        share = max(0.0, ((score.recall or 0) - start) / (1 - start))
        precision = "\N{EN DASH}" if score.precision is None else percent(score.precision, 1)
        rows.append(
            f"<b>{score.digit}</b><span aria-hidden='true'><i style='width:{share:.2%}'></i></span>"
            f"<em>{html.escape(line)}</em><em>{precision}</em>"
        )
    label = "Recall and precision of each digit"
    return f'{_SCORES_STYLE}<div class="scores" role="group" aria-label="{label}">{"".join(rows)}</div>'


def matrix(confusion: npt.NDArray[np.int64], chosen: tuple[int, int] | None, shown: Mapping[str, str]) -> str:
    """`confusion[true, predicted]` as clickable cells, for `picking.pick`: cell 10 * true + predicted.

    chosen: the cell whose digits are shown now.
    shown: further parameters of a cell's URL, for opening it in a new tab: model and split.
    """
    off = confusion - np.diag(confusion.diagonal())
    cells = [
        '<div class="title">read as</div><b title="Rows are what a digit is, columns what it was read as">is</b>',
        *(f"<b>{digit}</b>" for digit in range(10)),
    ]
    for true in range(10):
        cells.append(f"<b>{true}</b>")
        for predicted in range(10):
            most = confusion.diagonal().max() if true == predicted else off.max()
            share = confusion[true, predicted] / max(1, most)
            query = {**shown, "evaluate_true": str(true), "evaluate_read": str(predicted)}
            count, is_chosen = int(confusion[true, predicted]), chosen == (true, predicted)
            cells.append(_cell(true, predicted, count, share, is_chosen, f"Evaluate?{urlencode(query)}"))
    label = "Confusion matrix: rows are the true digits, columns what they were read as"
    return f'{_MATRIX_STYLE}<div class="confusion" role="group" aria-label="{label}">{"".join(cells)}</div>'


def _cell(true: int, predicted: int, count: int, share: float, is_chosen: bool, address: str) -> str:
    colour = CORRECT if true == predicted else WRONG
    alpha = round(255 * (_FAINTEST + (_STRONGEST - _FAINTEST) * share)) if count else 0
    kinds = " ".join(name for name, holds in (("none", not count), ("chosen", is_chosen)) if holds)
    tip = f"{count_of(count, 'time')} {a_digit(true)} was read as {predicted}"
    name = tip.replace(",", "")  # it begins with what stands in the cell, for who presses it by voice
    return (
        f'<a href="{html.escape(address)}" target="_self" data-pick="{10 * true + predicted}" class="{kinds}" '
        f'title="{tip}" aria-label="{name}" style="background:{colour}{alpha:02x}">{count or 0}</a>'
    )

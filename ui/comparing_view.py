"""Two models on the same digits: who reads which correctly, and whether the difference is more than luck."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt
import streamlit as st

from mnistlab.data import Split
from mnistlab.differences import contrast
from mnistlab.figures import percent
from mnistlab.ids import is_run_id
from mnistlab.runs import undisturbed
from ui import evaluations, frame, gallery, models, picking, resources, splits, turns
from ui.address import Address
from ui.models import ModelChoice
from ui.palette import CORRECT, NEUTRAL, WRONG
from ui.words import verbatim

if TYPE_CHECKING:
    from mnistlab.comparison import Comparison
    from mnistlab.evaluation import Evaluation

VIEW = "two models"
# The groups of digits, and whether the first and the second model are right on them.
_CELLS = {
    "only the first is right": (True, False),
    "only the second is right": (False, True),
    "both are wrong": (False, False),
    "both are right": (True, True),
}
_STYLE = """
<style>
.cells { display: grid; grid-template-columns: minmax(0, max-content) minmax(5.5rem, 1fr) minmax(5.5rem, 1fr); gap: 3px;
         max-width: 36rem; font-variant-numeric: tabular-nums; text-align: center; font-size: 0.9rem; }
.cells b { padding: 0.2rem 0.6rem; font-weight: 600; overflow-wrap: anywhere; align-self: center; }
.cells a { padding: 0.7rem 0.4rem; border-radius: 4px; color: inherit !important; text-decoration: none !important; }
.cells a strong { font-size: 1.25rem; display: block; }
.cells a.chosen { outline: 3px solid var(--st-primary-color); }
</style>
"""


def show(model: ModelChoice, split_name: str, address: Address) -> None:
    """Draw the view: both accuracies, how the recipes differ, the verdict, the four cells, and the digits of one."""
    others = [name for name in models.choices() if name != model.name]
    if not others:
        st.info("There is only one model in this lab so far. Train another one, and compare them here.")
        st.page_link(frame.page_script("Train"), label="Train a network")
        return
    other = models.choose("evaluate_other", "Compare with", "other", others[0], without=model.name)
    _compare(model, other, split_name, address)


@turns.fragment()
@frame.telling_mistakes()
def _compare(first: ModelChoice, second: ModelChoice, split_name: str, address: Address) -> None:
    from mnistlab.comparison import compare, mcnemar, verdict

    split, *answers = evaluations.evaluations_of_two(first, second, split_name)
    comparison = compare(*answers)
    names = verbatim(first.short), verbatim(second.short)
    st.markdown(
        f"**{names[0]}** reads **{percent(answers[0].accuracy)}** of the "
        f"{splits.digits(len(answers[0].labels), split_name)} correctly, "
        f"**{names[1]}** reads **{percent(answers[1].accuracy)}**."
    )
    st.markdown(contrast(_course(first), _course(second), names))
    st.markdown(verdict(comparison, *names))
    chosen = st.session_state.get("evaluate_cell", st.query_params.get("evaluate_cell", next(iter(_CELLS))))
    table = _table(comparison, (first, second), split_name, chosen)
    picking.pick(table, "evaluate_cells", on_pick=_choose)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cell = address.menu("Show the digits on which", list(_CELLS), "evaluate_cell", "group of digits", width=240)
        indices = gallery.paged(comparison.cell(*_CELLS[cell]), "evaluate_pair_page", address)
    if len(indices):
        _show_digits(first, split, indices, answers)
    else:
        st.info("There are no such digits.")
    frame.show_code(compare, mcnemar, verdict)


def _show_digits(
    first: ModelChoice, split: Split, indices: npt.NDArray[np.int64], answers: "Sequence[Evaluation]"
) -> None:
    mine, theirs = (one.predictions for one in answers)

    def caption(index: int) -> str:
        return f"{mine[index]} | {theirs[index]} ({split.labels[index]})"

    gallery.show(first, split, indices, "evaluate_pair", answers[0], caption, 84)
    st.caption(
        "Below each: what the first read | what the second read (true). Frame and mark tell whether the first is right."
    )


def _course(model: ModelChoice) -> dict[str, object]:
    """Everything that determined what it learned; for a run, including changes by hand."""
    if is_run_id(model.name):
        return resources.store().run(model.name).course
    return undisturbed(model.predictor.config)


def _choose(position: int) -> None:
    st.session_state["evaluate_cell"] = list(_CELLS)[position]
    st.session_state["evaluate_pair_page"] = 1


def _table(comparison: "Comparison", pair: tuple[ModelChoice, ModelChoice], split_name: str, chosen: object) -> str:
    """A table of counts for `picking.pick`: first model right or wrong in rows, second one in columns."""
    names = list(_CELLS)
    shown = {"model": pair[0].name, "other": pair[1].name, "evaluate_view": VIEW, "evaluate_split": split_name}
    colours = dict(zip(names, (CORRECT, WRONG, NEUTRAL, NEUTRAL), strict=True))
    cells = []
    for name in names:
        count = len(comparison.cell(*_CELLS[name]))
        kind = "chosen" if name == chosen else ""
        cells.append(
            f'<a href="Evaluate?{html.escape(urlencode({**shown, "evaluate_cell": name}))}" target="_self" '
            f'data-pick="{names.index(name)}" '
            f'class="{kind}" style="background:{colours[name]}38"><strong>{count:,}</strong>{name}</a>'
        )
    first, second = (html.escape(model.short) for model in pair)
    right, wrong = "\N{CHECK MARK} right", "\N{BALLOT X} wrong"
    head = f"<b></b><b>{second}<br>{right}</b><b>{second}<br>{wrong}</b>"
    rows = f"<b>{first}<br>{right}</b>{cells[3]}{cells[0]}<b>{first}<br>{wrong}</b>{cells[1]}{cells[2]}"
    return f'{_STYLE}<div class="cells">{head}{rows}</div>'

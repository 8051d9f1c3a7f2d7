"""Which runs are compared: ticked in the table, named in the URL, kept for the session.

`Runs?runs=abcd2345,efgh6789&runs_together=true` reproduces a comparison; what cannot be followed in it is reported.
The server writes both parameters. If the switch were bound to the URL, the browser would write it, and a list of runs
sent by the server just before could remove it again.
"""

import time
from collections.abc import Iterable, Sequence

import streamlit as st

from mnistlab.errors import RunNotFoundError
from mnistlab.ids import is_run_id
from mnistlab.runs import Run
from mnistlab.seeds import Group, grouped
from ui import acting, identity, in_hand, resources
from ui.address import Address, quoted
from ui.palette import RUNS
from ui.run_table import Shown

LETTERS = "ABCDEF"
MOST = len(LETTERS)  # runs, or recipes, side by side
_MOST_NAMED, _MOST_TOLD = 60, 3  # runs read from a URL; missing ones named in a warning
PARAMETER = "runs"
CHOSEN, TOGETHER, MINE = "runs_chosen", "runs_together", "runs_only_mine"
_WRITTEN, _REFUSED = "runs_written", "runs_refused"


def take_from_address(address: Address) -> None:
    """Apply what a link names, once; from then on the table and the switch decide."""
    if TOGETHER not in st.session_state:
        st.session_state[TOGETHER] = st.query_params.get(TOGETHER) == "true"
    given = st.query_params.get(PARAMETER)
    if given is None or given == st.session_state.get(_WRITTEN):
        return
    st.session_state[_WRITTEN] = given
    names = list(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    known = [name for name in names[:_MOST_NAMED] if _is_there(name)]
    unknown = [name for name in names[:_MOST_NAMED] if name not in known]
    if unknown:
        address.say(_told(unknown) + (" You see the others." if known else ""))
    if len(names) > _MOST_NAMED:
        address.say(f"An address names at most {_MOST_NAMED} runs; {len(names):,} were given. You see the first ones.")
    if known:
        st.session_state[CHOSEN] = known


def owner() -> str | None:
    """Whose runs are listed; None for everybody's."""
    return identity.owner() if st.session_state.get(MINE) else None


def chosen_runs(listed: Sequence[Run]) -> list[Run]:
    """The runs to be compared, in the order chosen; at first the two newest with a result."""
    by_id = {run.id: run for run in listed}
    if CHOSEN not in st.session_state:
        st.session_state[CHOSEN] = _default(listed)
    runs = [by_id.get(run_id) or _read(run_id) for run_id in st.session_state[CHOSEN]]
    there = [run for run in runs if run is not None]
    _remember([run.id for run in there])
    return there


def _default(listed: Sequence[Run]) -> list[str]:
    return [run.id for run in listed if run.result is not None][:2]


def is_default(listed: Sequence[Run]) -> bool:
    """Whether the runs compared are still the default ones."""
    return st.session_state.get(CHOSEN) == _default(listed)


def only_mine_changed(listed: Sequence[Run]) -> None:
    """Remember the switch across reloads, before it takes effect on the runs listed here."""
    in_hand.keep(**{MINE: st.session_state[MINE]})
    _forget_default(listed)


def _forget_default(listed: Sequence[Run]) -> None:
    """Before another list replaces this one: let its two newest be compared, unless the visitor has chosen."""
    if is_default(listed):
        del st.session_state[CHOSEN]


def compared(runs: Sequence[Run], is_together: bool) -> list[Group]:
    """The groups to compare: each run by itself, or all seeds of a recipe as one; at most as many as have letters."""
    groups = grouped(runs) if is_together else [Group((run,)) for run in runs]
    if len(groups) > MOST:
        kept = {run.id for group in groups[:MOST] for run in group.runs}
        _remember([run.id for run in runs if run.id in kept])
        st.session_state[_REFUSED] = time.monotonic()
    return groups[:MOST]


def tell_refused() -> None:
    """Warn for a while that more were chosen than can be compared."""
    begun: float | None = st.session_state.get(_REFUSED)
    if begun is not None and not acting.is_stale(begun):
        st.warning(f"At most {MOST} stand side by side. Clear the box of another one first.")


def shown_as(number: int) -> Shown:
    """Letter and colour of the first, second, ... group compared."""
    return Shown(LETTERS[number], RUNS[number])


def toggle(run_ids: Sequence[str]) -> None:
    """Tick or clear a row of the table: all its runs."""
    st.session_state.pop(_REFUSED, None)
    before = st.session_state[CHOSEN]
    without = [run_id for run_id in before if run_id not in run_ids]
    st.session_state[CHOSEN] = without if len(without) < len(before) else [*before, *run_ids]


def add(run_ids: Iterable[str]) -> None:
    """Compare these as well."""
    before = st.session_state[CHOSEN]
    st.session_state[CHOSEN] = list(dict.fromkeys([*before, *run_ids]))


def add_all_seeds() -> None:
    """If seeds are grouped, compare all listed runs of each chosen recipe."""
    if st.session_state[TOGETHER]:
        listed = resources.store().runs(limit=None, owner=owner())
        recipes = {run.recipe for run in listed if run.id in st.session_state[CHOSEN]}
        add(run.id for run in listed if run.recipe in recipes)


def remember_together(is_together: bool) -> None:
    """Write to the URL whether seeds are grouped; the default, that they are not, is left out."""
    if is_together:
        _write(TOGETHER, "true")
    elif TOGETHER in st.query_params:
        del st.query_params[TOGETHER]


def _remember(run_ids: list[str]) -> None:
    st.session_state[CHOSEN] = run_ids
    st.session_state[_WRITTEN] = ",".join(run_ids)
    _write(PARAMETER, st.session_state[_WRITTEN])


def _write(parameter: str, text: str) -> None:
    """Write only what has changed: each write sends the whole query, without what the browser has just set."""
    if st.query_params.get(parameter) != text:
        st.query_params[parameter] = text


def _told(unknown: Sequence[str]) -> str:
    """A sentence that these runs do not exist, naming up to three of them."""
    if len(unknown) == 1:
        return f"There is no run {quoted(unknown[0])} in this lab; it may have been deleted."
    names = ", ".join(map(quoted, unknown[:_MOST_TOLD]))
    more = f" and {len(unknown) - _MOST_TOLD} more" if len(unknown) > _MOST_TOLD else ""
    return f"There are no runs {names}{more} in this lab; they may have been deleted."


def _is_there(name: str) -> bool:
    return is_run_id(name) and _read(name) is not None


def _read(run_id: str) -> Run | None:
    try:
        return resources.store().run(run_id)
    except RunNotFoundError:
        return None

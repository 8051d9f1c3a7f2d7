"""Runs: all runs in one table, some of them side by side, and whether what sets them apart is more than luck."""

from collections.abc import Sequence

import streamlit as st

from mnistlab.heldout import last_accuracies
from mnistlab.presets import get_preset
from mnistlab.runs import Run
from mnistlab.seeds import Group, grouped
from mnistlab.store import MOST_LISTED
from ui import (
    acting,
    frame,
    identity,
    importing,
    in_hand,
    luck_view,
    resources,
    run_actions,
    run_choice,
    run_overlay,
    starting,
    turns,
)
from ui.address import Address
from ui.experiments import Experiment, try_this
from ui.run_choice import CHOSEN, MINE, TOGETHER
from ui.run_table import packed, run_table

_REFRESH_SECONDS = 2.0
_FEW = 4  # tested runs, of which the best two need not be lucky ones


def draw() -> None:
    address = Address()
    listed = _listed()
    if run_choice.owner() and not listed:  # the last of them was deleted
        in_hand.keep(**{MINE: False})
        listed = _listed()
    if not listed:
        run_actions.offer_undo()
        _first_run()
        _bring_in()
        return
    run_choice.take_from_address(address)
    address.check_choice(TOGETHER, "choice", ("true", "false"))
    try_this("runs_try", _experiments(listed))
    is_live, owner = any(run.is_active for run in listed), run_choice.owner()
    read = turns.first_then(listed, _listed)

    @turns.fragment(run_every=_REFRESH_SECONDS if is_live else None)
    @frame.telling_mistakes()
    def runs_fragment() -> None:
        frame.leave_if_asked()
        if run_choice.owner() != owner:
            st.rerun()  # the experiments above choose among the runs that are listed
        now = read()
        _show(now, address)
        if not now or is_live != any(run.is_active for run in now):
            st.rerun()

    runs_fragment()
    _bring_in()
    _show_code()


def _listed() -> list[Run]:
    """The newest runs, without trials that never began, which have no settings of their own and nothing to show."""
    return resources.store().runs(with_trials="begun", owner=run_choice.owner())


def _are_others_among(listed: Sequence[Run]) -> bool:
    """Whether these include other browsers' runs, and the visitor has some too; those without an owner do not count."""
    me = identity.owner()
    owners = {run.owner for run in listed} - {None}
    return bool(owners - {me}) and (me in owners or bool(resources.store().runs(limit=1, owner=me)))


def _bring_in() -> None:
    with st.expander("Bring in a run"):
        importing.show()


def _first_run() -> None:
    st.info(
        "No run yet. Train a network, change one thing, train it again: then there will be something to compare here."
    )
    started = starting.button("Train a first network (under a minute)", get_preset("quick-mlp").config, "runs_first")
    if started is not None:
        st.rerun()


def _show(listed: Sequence[Run], address: Address) -> None:
    run_actions.offer_undo()
    acting.tell_problem("runs")
    with st.container(horizontal=True, gap="medium"):
        is_together = st.toggle(
            "Seeds together",
            key=TOGETHER,
            persist_state="session",
            on_change=run_choice.add_all_seeds,
            help="Runs of one recipe that differ only in their seed become one row, with their mean.",
        )
        if run_choice.owner() or _are_others_among(listed):
            st.toggle(
                "Only mine",
                key=MINE,
                persist_state="session",
                on_change=run_choice.only_mine_changed,
                args=(listed,),
                help="Runs that were started in this browser since it was opened.",
            )
    run_choice.remember_together(is_together)
    chosen = run_choice.chosen_runs(listed)
    compared = run_choice.compared(chosen, is_together)
    run_choice.tell_refused()
    _table(listed, compared, is_together)
    if len(listed) == MOST_LISTED:
        st.caption(f"These are the newest {MOST_LISTED}; `python -m mnistlab delete RUN ...` makes room.")
    if not compared:
        st.info("Tick two runs in the table to compare them.")
        return
    run_actions.show(compared, listed)
    chart, words = st.columns([3, 2], gap="medium")
    with chart:
        run_overlay.show(compared, [group.runs[0].title for group in compared], address)
    with words:
        luck_view.show(compared)


def _table(listed: Sequence[Run], compared: Sequence[Group], is_together: bool) -> None:
    groups = grouped(listed) if is_together else [Group((run,)) for run in listed]
    rows = {group.runs[0].id: group for group in groups}
    row_of = {run.id: row_id for row_id, group in rows.items() for run in group.runs}
    shown = {
        row_of[group.runs[0].id]: run_choice.shown_as(number)
        for number, group in enumerate(compared)
        if group.runs[0].id in row_of
    }

    def happened(event: str, row_id: str) -> None:
        if row_id not in rows:  # it has been deleted meanwhile
            return
        run_ids = [run.id for run in rows[row_id].runs]
        if event == "picked":
            run_choice.toggle(run_ids)
        elif event == "starred":
            is_starred = any(run.is_starred for run in rows[row_id].runs)
            acting.act(run_actions.set_stars, run_ids, not is_starred)
        else:
            frame.leave_for("Train", run=row_id)

    rows_to_draw = packed(groups, shown, is_together, _held_out(listed))
    run_table({**rows_to_draw, "reveal": not run_choice.is_default(listed)}, "runs_table", happened)


def _held_out(listed: Sequence[Run]) -> dict[str, float]:
    """The validation accuracies of finished runs that were not tested; each is read once for all sessions."""
    known = _read_so_far()
    untested = {run.id: (run.id, run.step) for run in listed if run.state == "finished" and run.result is None}
    unknown = [run_id for run_id, at in untested.items() if at not in known]
    if unknown:
        read = last_accuracies(unknown, resources.store())
        known |= {untested[run_id]: read.get(run_id) for run_id in unknown}
    return {run_id: accuracy for run_id, at in untested.items() if (accuracy := known[at]) is not None}


@st.cache_resource(show_spinner=False)
def _read_so_far() -> dict[tuple[str, int], float | None]:
    """Validation accuracies by id and step of the run, because a trial may be given more epochs."""
    return {}


def _of_many(number: int) -> str:
    """What to bear in mind about the best of so many."""
    if number <= _FEW:
        return "Read the answer, then look at what differs between them."
    return (
        f"They were picked from {number} by their test accuracy, so both have been lucky. Repeat both with five seeds."
    )


def _experiments(listed: Sequence[Run]) -> list[Experiment]:
    tested = [run for run in listed if run.result is not None]
    return [_the_two_best(tested), _my_last_change(tested), _what_luck_does(listed)]


def _the_two_best(tested: Sequence[Run]) -> Experiment:
    best = sorted(tested, key=lambda run: -(run.result or {})["test_accuracy"])
    best = [run for run in best if run.config.dataset == best[0].config.dataset]
    best = best[:1] + [run for run in best[1:] if run.course != best[0].course]  # leaves out copies of it
    about = "Only one run has been tested so far. Train another one first."
    if len(best) > 1:
        about = f"Is the first really better than the second? {_of_many(len(best))}"
    return Experiment("The two best", about, {CHOSEN: [run.id for run in best[:2]], TOGETHER: False})


def _my_last_change(tested: Sequence[Run]) -> Experiment:
    mine = _last_two_recipes([run for run in tested if run.owner == identity.owner()])
    runs = mine if len(mine) > 1 else _last_two_recipes(tested)  # those of a terminal or an earlier day may be mine
    about = "Only one recipe has been tested so far. Change a setting on Train, and train it again."
    if len(runs) > 1:
        about = (
            "The newest and the one before it with another recipe: what was changed, and did it help? If it may be "
            "luck, repeat both with five seeds."
        )
    return Experiment("My last change", about, {CHOSEN: [run.id for run in runs], TOGETHER: False})


def _last_two_recipes(tested: Sequence[Run]) -> list[Run]:
    """The newest of these and the one before it with another recipe on the same digits; fewer if there are not two."""
    comparable = [run for run in tested[1:] if run.config.dataset == tested[0].config.dataset]
    before = [run for run in comparable if run.recipe != tested[0].recipe]  # a repeat changes nothing
    return [*tested[:1], *before[:1]]


def _what_luck_does(listed: Sequence[Run]) -> Experiment:
    most = max(grouped(listed), key=lambda group: len(group.accuracies), default=None)
    return Experiment(
        "What luck does",
        "One recipe with all of its seeds. Only the random numbers differ, and yet the results do too. If there is "
        "only one seed, press Repeat.",
        {CHOSEN: [run.id for run in most.runs] if most else [], TOGETHER: True},
    )


def _show_code() -> None:
    from mnistlab.comparison import mcnemar  # these need torch, which loads after the table is on screen
    from mnistlab.differences import differences
    from mnistlab.intervals import wilson_interval
    from mnistlab.means import welch

    frame.show_code(grouped, wilson_interval, mcnemar, welch, differences)


frame.show_page("Runs", draw)

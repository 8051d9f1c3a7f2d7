"""What can be done with a run, or with all seeds of a recipe: a row of buttons below the table.

To add an action, add a function to `ACTIONS`: it draws its button for the given group, out of all listed runs.
"""

from collections.abc import Callable, Sequence

import streamlit as st

from mnistlab import jobs, keeping
from mnistlab.errors import ConfigError, RunNotFoundError
from mnistlab.figures import count_of
from mnistlab.runs import Run
from mnistlab.seeds import Group, repeats, with_repeats
from mnistlab.store import Store
from ui import acting, after_run, frame, identity, resources, run_choice, sweep_form
from ui.words import duration, verbatim

_ABOUT, _DELETED = "runs_about", "runs_deleted"
_SEEDS = 5


def show(compared: Sequence[Group], listed: Sequence[Run]) -> None:
    """Draw the actions for one of the groups compared."""
    letters = run_choice.LETTERS[: len(compared)]
    if st.session_state.get(_ABOUT) not in list(letters):
        st.session_state[_ABOUT] = letters[0]
    with st.container(horizontal=True, vertical_alignment="center", key="runs_actions"):
        if len(compared) > 1:
            st.segmented_control("Run", list(letters), key=_ABOUT, required=True, label_visibility="collapsed")
        group = compared[letters.index(st.session_state[_ABOUT])]
        which = f"`{group.runs[0].id}`" if len(group.runs) == 1 else count_of(len(group.runs), "run")
        st.markdown(f"**{verbatim(group.runs[0].title)}** {which}", width="content")
        for action in ACTIONS:
            action(group, listed)


def offer_undo() -> None:
    """Show what was deleted last, with an Undo button."""
    deleted: tuple[str, list[str]] | None = st.session_state.get(_DELETED)
    if deleted is None:
        return
    title, run_ids = deleted
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Deleted **{verbatim(title)}** ({count_of(len(run_ids), 'run')}).", width="content")
        st.button("Undo", key="runs_undo", on_click=acting.act, args=(_undo, run_ids))


def _star(group: Group, _listed: Sequence[Run]) -> None:
    is_starred, run_ids = any(run.is_starred for run in group.runs), [run.id for run in group.runs]
    label = "\N{BLACK STAR} Starred" if is_starred else "\N{WHITE STAR} Star"
    st.button(label, key="runs_star", on_click=acting.act, args=(set_stars, run_ids, not is_starred))


def _name_and_note(group: Group, _listed: Sequence[Run]) -> None:
    run = group.runs[0]
    every = "" if len(group.runs) == 1 else f" (all {len(group.runs)} runs)"
    with st.popover("Name and note", key=f"runs_words_{run.id}"):
        if _take_up(group, "name"):
            st.text_input(
                f"Name{every}",
                key=f"runs_name_{run.id}",
                max_chars=max(keeping.MAX_NAME, len(run.name or "")),
                placeholder=run.config.preset,
                on_change=acting.act,
                args=(_write, group, "name", keeping.rename),
            )
        if _take_up(group, "note"):
            st.text_area(
                f"Note{every}",
                key=f"runs_note_{run.id}",
                max_chars=max(keeping.MAX_NOTE, len(run.note or "")),
                placeholder="What was tried, and what came of it?",
                on_change=acting.act,
                args=(_write, group, "note", keeping.annotate),
            )


def _take_up(group: Group, what: str) -> bool:
    """Fill a field from the store, whoever wrote it; return whether all runs have the same value."""
    written = {getattr(run, what) or "" for run in group.runs}
    if len(written) > 1:
        st.caption(f"These runs have different {what}s: turn off Seeds together to change one.")
        return False
    field, seen = f"runs_{what}_{group.runs[0].id}", f"runs_{what}_{group.runs[0].id}_seen"
    (now,) = written
    if field not in st.session_state or st.session_state.get(seen) != now:
        st.session_state[field] = st.session_state[seen] = now
    return True


def _repeat(group: Group, listed: Sequence[Run]) -> None:
    """Offer to train the recipe with other seeds, until there are five of them, or five more."""
    run = group.runs[0]
    members = with_repeats(run, listed)
    num_seeds = len({member.config.train.seed for member in members})
    target = max(_SEEDS, num_seeds + _SEEDS * (num_seeds >= _SEEDS))
    more = target - num_seeds
    st.button(
        f"Repeat with {target} seeds",
        key="runs_repeat",
        disabled=any(member.is_active for member in members) or bool(run.rate_changes),
        on_click=acting.act,
        args=(_start_repeats, run, target),
        help=f"{count_of(more, 'more run')} of this recipe, each with another seed{_time_of(members, more)}. Only "
        "this can tell recipe and luck apart. Not possible while it runs, nor after its learning rate was changed by "
        "hand, which nobody can repeat.",
    )


def _time_of(members: Sequence[Run], more: int) -> str:
    """How long so many more of them will take, judging by one that was trained here to its end."""
    whole = next((run.seconds for run in members if run.state == "finished" and not run.is_imported), None)
    return "" if whole is None else f"; about {duration(whole * more)} of training in all"


def _links(group: Group, _listed: Sequence[Run]) -> None:
    run = group.runs[0]
    st.page_link(frame.page_script("Train"), label="Its curves", query_params={"run": run.id})
    after_run.link_to_its_network(run)
    sweep_form.link_to(run)


def _delete(group: Group, _listed: Sequence[Run]) -> None:
    label = "Delete" if len(group.runs) == 1 else f"Delete {len(group.runs)} runs"
    st.button(
        label,
        key="runs_delete",
        on_click=acting.act,
        args=(_put_away, group),
        help="Undo brings it back, and for a day so does `python -m mnistlab restore RUN`.",
    )


ACTIONS: tuple[Callable[[Group, Sequence[Run]], None], ...] = (_star, _name_and_note, _repeat, _links, _delete)


def set_stars(run_ids: Sequence[str], is_starred: bool) -> None:
    """Give all of these runs a star, or remove it."""
    for run_id in run_ids:
        keeping.set_star(run_id, is_starred, resources.store())


def _write(group: Group, what: str, deed: Callable[[str, str, Store], None]) -> None:
    """Write what was typed, unless somebody else has written meanwhile: then an error repeats what was typed."""
    store, field = resources.store(), f"runs_{what}_{group.runs[0].id}"
    typed, seen = st.session_state[field], st.session_state[f"{field}_seen"]
    if any((getattr(store.run(run.id), what) or "") != seen for run in group.runs):
        raise ConfigError(f"Somebody else has just changed this {what}. What you typed was not saved: {typed}")
    for run in group.runs:
        deed(run.id, typed, store)


def _start_repeats(run: Run, target: int) -> None:
    """Queue the repeats still missing, which are none at the second click of a double click."""
    store = resources.store()
    taken = {member.config.train.seed for member in with_repeats(run, store.runs(limit=None))}
    for config in repeats(run.config, sorted(taken), max(0, target - len(taken))):
        jobs.start(config, store, identity.owner())
    st.session_state[run_choice.TOGETHER] = True
    run_choice.add_all_seeds()


def _put_away(group: Group) -> None:
    gone: list[str] = []
    for run in group.runs:
        keeping.put_away(run.id, resources.store())
        gone.append(run.id)
        st.session_state[_DELETED] = (group.runs[0].title, gone)  # even if deleting the next one fails


def _undo(run_ids: Sequence[str]) -> None:
    gone: RunNotFoundError | None = None
    for run_id in run_ids:
        try:
            keeping.bring_back(run_id, resources.store())
            run_choice.add([run_id])
        except RunNotFoundError as error:  # removed for good meanwhile; others may not be
            gone = error
    st.session_state.pop(_DELETED, None)  # a second click may have come before the button was gone
    if gone is not None:
        raise gone

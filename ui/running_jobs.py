"""What is running, in the sidebar of every page: runs and sweeps, the visitor's own first, each with a Stop."""

from dataclasses import dataclass

import streamlit as st

from mnistlab import jobs, queue, sweep
from mnistlab.errors import MnistLabError, StoreError, SweepNotFoundError
from mnistlab.queue import Queue
from mnistlab.runs import Run
from ui import acting, identity, pacing, resources, run_words, turns
from ui.words import verbatim

_REFRESH_SECONDS, _MOST_SECONDS = 3.0, 6.0  # for a single visitor; in the largest class, or while no job is active
_MOST_SHOWN = 4  # a class of thirty would fill the sidebar


@dataclass(frozen=True)
class Jobs:
    """Runs started by hand, and sweeps with their owners instead of their trials, which may be thousands of runs."""

    runs: list[Run]
    sweeps: list[tuple[str, str | None]]

    @classmethod
    def read(cls) -> "Jobs":
        """Read the jobs that are not over.

        Raises:
            StoreError: the store cannot be read.
        """
        store = resources.store()
        return cls(queue.active(store, with_trials=False), sweep.active(store))

    def __bool__(self) -> bool:
        return bool(self.runs or self.sweeps)

    @property
    def may_wait(self) -> bool:
        """Whether something may be waiting in the queue."""
        return bool(self.sweeps) or any(run.state == "queued" for run in self.runs)

    def own_first(self, me: str) -> list[Run | str]:
        """Each job, a run or the id of a sweep: the visitor's own, then all others, the runs before the sweeps."""
        owned: list[tuple[Run | str, str | None]] = [(run, run.owner) for run in reversed(self.runs)]
        owned += self.sweeps
        return [job for job, _ in sorted(owned, key=lambda job: job[1] != me)]


def show(train_script: str, sweep_script: str) -> None:
    """Show the jobs, refreshed; the scripts are those of the pages that watch them.

    The whole page is drawn anew when the first one begins, wherever it was started, and when the last one is over. If
    the store cannot be read, it says so, and the page is drawn anew as soon as the store can.
    """
    acting.was_steered()  # resets it: the whole page is being drawn now
    try:
        found = Jobs.read()
    except StoreError:
        _wait_for_store()
        return
    read, is_live = turns.first_then(found, Jobs.read), bool(found)

    def pace() -> float:
        return min(pacing.slowed(_REFRESH_SECONDS), _MOST_SECONDS) if is_live else _MOST_SECONDS

    @turns.fragment(run_every=pace)
    def jobs_fragment() -> None:
        try:
            there = read()
            _show_all(there, train_script, sweep_script)
        except MnistLabError:
            if is_live:
                st.rerun()  # the whole page shows the error, and waits until it is over
            return  # it shows no job, which may still be true
        if there.may_wait:
            jobs.wake_soon(resources.store())
        acting.tell_problem("sidebar")
        if is_live != bool(there):
            st.rerun()

    jobs_fragment()


def _wait_for_store() -> None:
    """Say why the store cannot be read, and draw the whole page anew once it can, as after a restart of its server."""

    @turns.fragment(run_every=_MOST_SECONDS)
    def trouble_fragment() -> None:
        try:
            Jobs.read()
        except StoreError as error:
            st.error(f"{verbatim(str(error))} This page tries again by itself.")
            return
        st.rerun()

    trouble_fragment()


def _show_all(there: Jobs, train_script: str, sweep_script: str) -> None:
    me = identity.owner()
    own_first = there.own_first(me)
    shown = own_first[:_MOST_SHOWN]
    runs = [job for job in shown if isinstance(job, Run)]
    is_asked = any(run.state == "queued" for run in runs)
    line = _queue(tuple((run.id, run.state) for run in there.runs)) if is_asked else Queue(there.runs)
    with st.container(key="running_jobs"):
        for job in shown:
            if isinstance(job, Run):
                title = f"{job.title}{run_words.apart(job, runs)}"
                _show_run(job, title, run_words.short_state(job, line, me), train_script)
            else:
                _show_sweep(job, sweep_script)
    if len(own_first) > _MOST_SHOWN:
        st.caption(f"and {len(own_first) - _MOST_SHOWN} more")


@st.cache_resource(show_spinner=False, ttl=_REFRESH_SECONDS, max_entries=1)
def _queue(by_hand: tuple[tuple[str, str], ...]) -> Queue:
    """The queue with the trials of sweeps, on which places depend too; read once for all visitors.

    by_hand: id and state of each run that is not a trial; if any of them changes, the queue is read again.
    """
    return Queue.read(resources.store())


def _show_run(run: Run, title: str, state: str, script: str) -> None:
    store = resources.store()
    st.progress(run.progress, text=f"{verbatim(title)}  \n{state}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(script, label="Watch", query_params={"run": run.id})
        if run.state == "lost":
            st.button("Resume", key=f"sidebar_resume_{run.id}", on_click=acting.act, args=(jobs.resume, run.id, store))
            return
        st.button(
            "Cancel" if run.state == "queued" else "Stop",
            key=f"sidebar_stop_{run.id}",
            on_click=acting.act,
            args=(jobs.stop, run.id, store),
            disabled=run.control == "stop",
        )


def _show_sweep(sweep_id: str, script: str) -> None:
    """One line for all its trials."""
    store = resources.store()
    over, total = sweep.progress([sweep_id], store).get(sweep_id, (0, 1))
    st.progress(over / total, text=f"Sweep: {sweep_name(sweep_id)}  \n{over} of {total} trials")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(script, label="Watch", query_params={"sweep": sweep_id})
        st.button("Stop", key=f"sidebar_stop_{sweep_id}", on_click=acting.act, args=(sweep.stop, sweep_id, store))


def sweep_name(sweep_id: str) -> str:
    """Its name, or its id if another version of mnistlab made it, whose trials run all the same."""
    try:
        return verbatim(sweep.config_of(sweep_id, resources.store()).name)
    except SweepNotFoundError:
        return f"`{sweep_id}`"

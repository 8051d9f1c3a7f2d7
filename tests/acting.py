"""Listeners that act in the middle of a training, and what a killed process looks like; pure, without pytest."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mnistlab import jobs
from mnistlab.events import Event, StepsTaken
from mnistlab.runs import Run
from mnistlab.store import Store

_Found = TypeVar("_Found")
_MOST_SHOWN = 500  # characters: a list of runs has tens of thousands


class Killed(BaseException):
    """What a killed process looks like from inside: nothing is caught, nothing is tidied up."""


def kill() -> None:
    raise Killed


def after_step(step: int, act: Callable[[], object]) -> Callable[[Event], None]:
    """A listener that acts when this step is told, which is before it is written and the requests are read."""

    def listen(event: Event) -> None:
        if isinstance(event, StepsTaken) and event.step == step:
            act()

    return listen


def at_once(deeds: Sequence[Callable[[], _Found]], seconds: float = 60) -> list[_Found]:
    """Do each of these in a thread of its own; return what they have returned."""
    with ThreadPoolExecutor(len(deeds)) as threads:
        return [done.result(seconds) for done in [threads.submit(deed) for deed in deeds]]


def wait_for(read: Callable[[], _Found], is_there: Callable[[_Found], object] = bool, seconds: float = 20) -> _Found:
    """Read until it is as wanted."""
    until = time.monotonic() + seconds
    while not is_there(found := read()):
        assert time.monotonic() < until, f"not there after {seconds} s: {str(found)[:_MOST_SHOWN]}"
        time.sleep(0.02)
    return found


def only_run(store: Store, is_there: Callable[[Run], object], seconds: float = 150) -> Run:
    """Look at a store until the run that is made in it, by another process, is as wanted."""
    return wait_for(store.runs, lambda found: found and is_there(found[0]), seconds)[0]


def wait_awake(store: Store, run_id: str, is_there: Callable[[Run], object], seconds: float) -> Run:
    """Look at a run until it is as wanted, and after the queue, as the sidebar of every page does."""

    def look() -> Run:
        jobs.wake(store)
        return store.run(run_id)

    return wait_for(look, is_there, seconds)

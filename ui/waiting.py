"""Estimate when a run that waits in the queue will begin, from the runs that go before it."""

import heapq
from collections.abc import Sequence

from mnistlab.config import RunConfig
from mnistlab.figures import count_of
from mnistlab.offers import in_a_lab, kind_of
from mnistlab.queue import Queue
from mnistlab.runs import Run
from ui import resources, time_estimate
from ui.time_estimate import Paces
from ui.words import roughly


def line(run: Run, queue: Queue) -> str:
    """When a queued run will begin, in a sentence; "" if that cannot be estimated."""
    if run.error:
        return ""  # the reason why it cannot begin is shown instead
    busy = _busy(run.config, queue)
    seconds = _seconds(busy, queue.ahead_of(run), _num_free(busy))
    return "" if seconds is None else f"It begins in about {roughly(seconds)}."


def line_before(config: RunConfig, owner: str, queue: Queue, paces: Paces | None = None) -> str:
    """When a run not yet started would begin, and what it would wait for; "" if it would begin at once.

    paces: if they were read already.
    """
    busy, ahead = _busy(config, queue), queue.ahead_of_new(config, owner)
    num_free = _num_free(busy)
    if num_free is None or (in_a_lab() and not ahead):  # only its queue shows that a lab's workers are busy
        return ""
    num_before = len(ahead) + 1 - num_free
    if num_before <= 0 or any(run.is_paused for run in busy):  # a paused run makes room, and need not finish
        return ""
    seconds = _seconds(busy, ahead, num_free, paces)
    when = "" if seconds is None else f"Begins in about {roughly(seconds)}: "
    return f"{when}{count_of(num_before, 'run')} {'has' if num_before == 1 else 'have'} to finish first."


def _seconds(
    busy: Sequence[Run], ahead: Sequence[Run], num_free: int | None, paces: Paces | None = None
) -> float | None:
    """Seconds until a worker is free for a run behind these.

    None if nothing runs, if the pace of any run is unknown, or if one is paused.
    """
    if not busy or num_free is None:
        return None
    paces = time_estimate.paces() if paces is None else paces
    ahead = [run for run in ahead if not run.error]  # the others cannot begin
    times = [time_estimate.left_of(run, paces) for run in [*busy, *ahead]]
    known = [seconds for seconds in times if seconds is not None]
    if len(known) < len(times):
        return None
    free_in = known[: len(busy)] + [0.0] * num_free
    heapq.heapify(free_in)
    for seconds in known[len(busy) :]:  # each goes to the worker that is free first
        heapq.heapreplace(free_in, free_in[0] + seconds)
    return free_in[0]


def _busy(config: RunConfig, queue: Queue) -> list[Run]:
    """The running runs whose workers could take a run of this config next; those in a terminal have no worker."""
    same = [run for run in queue.active if kind_of(run.config) == kind_of(config)]
    return [run for run in same if run.state == "running" and not run.runs_in_the_foreground]


def _num_free(busy: Sequence[Run]) -> int | None:
    """The number of workers without a run; 0 in a lab, where all are busy as long as somebody waits.

    None if the settings that say how many there are cannot be read.
    """
    if in_a_lab():
        return 0
    num_workers = resources.num_workers()
    return None if num_workers is None else max(0, num_workers - len(busy))

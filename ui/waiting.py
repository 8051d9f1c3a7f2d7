"""When a run that waits in the queue will begin, to judge by those that go before it."""

import contextlib
import heapq
from collections.abc import Sequence
from dataclasses import replace

from mnistlab import cores
from mnistlab.config import RunConfig
from mnistlab.errors import ConfigError
from mnistlab.offers import in_a_lab, kind_of
from mnistlab.queue import ahead_of, in_order
from mnistlab.runs import Run
from ui import time_estimate
from ui.words import count_of, roughly


def line(run: Run, active: Sequence[Run]) -> str:
    """When a queued run begins, in a sentence; "" where that cannot be judged."""
    seconds = seconds_until(run, active)
    return "" if seconds is None else f"It begins in about {roughly(seconds)}."


def line_before(config: RunConfig, owner: str, active: Sequence[Run]) -> str:
    """The same for a run that is not started yet, with what it would wait for; "" where it would begin at once."""
    if not active:
        return ""
    wanted = replace(
        active[0], id="", config=config, owner=owner, state="queued", sweep=None, created=float("inf"), step=0
    )
    active = [*active, wanted]
    ahead = ahead_of(wanted, in_order(active))
    if in_a_lab() and not ahead:
        return ""  # how many workers it has, only its queue tells
    num_before = len(ahead) + 1 - _num_free(_busy(wanted, active))
    if num_before <= 0:
        return ""
    seconds = seconds_until(wanted, active)
    when = "" if seconds is None else f"Begins in about {roughly(seconds)}: "
    return f"{when}{count_of(num_before, 'run')} {'has' if num_before == 1 else 'have'} to end first."


def seconds_until(run: Run, active: Sequence[Run]) -> float | None:
    """Seconds until a queued run begins.

    Args:
        active: all runs that are not over, this one among them.

    Returns:
        None where nothing runs, where a run before this one has no pace to judge by, or where one is paused.
    """
    busy, ahead = _busy(run, active), ahead_of(run, in_order(active))
    if not busy:
        return None
    paces = time_estimate.paces()
    times = [time_estimate.left_of(other, paces) for other in [*busy, *ahead]]
    known = [seconds for seconds in times if seconds is not None]
    if len(known) < len(times):
        return None
    free_in = known[: len(busy)] + [0.0] * _num_free(busy)
    heapq.heapify(free_in)
    for seconds in known[len(busy) :]:  # each goes to the worker that is free first
        heapq.heapreplace(free_in, free_in[0] + seconds)
    return free_in[0]


def _busy(run: Run, active: Sequence[Run]) -> list[Run]:
    """The running runs that keep workers which could take this one; a terminal's own process could not."""
    same = [other for other in active if kind_of(other.config) == kind_of(run.config)]
    return [other for other in same if other.state == "running" and not other.runs_in_the_foreground]


def _num_free(busy: Sequence[Run]) -> int:
    """Workers without a run; of a lab's we know none, for while somebody waits there, all of them are busy."""
    if in_a_lab():
        return 0
    with contextlib.suppress(ConfigError):  # whoever presses Start is told
        return max(0, cores.num_workers() - len(busy))
    return 0

"""What a run is doing, in words: pure text, the same on the page and in the sidebar."""

from collections import Counter
from collections.abc import Sequence

from mnistlab.differences import NONE, NOT_USED, SEED, differing, shown
from mnistlab.figures import count_of, percent
from mnistlab.offers import kind_of
from mnistlab.queue import Queue
from mnistlab.runs import TERMINAL, Run
from ui.words import duration, ordinal


def queue_line(run: Run, queue: Queue, me: str) -> str:
    """A queued run's place: "2nd in the queue, behind 1 run of others"; one from a terminal may be one's own."""
    ahead = queue.ahead_of(run)
    if not ahead:
        return f"Next in the queue{_awaited(run, queue.active)}"
    whose = {me: "of yours", TERMINAL: "from a terminal"}
    numbers = Counter(whose.get(other.owner or "", "of others") for other in ahead)
    whose_first = sorted(numbers, key=["of others", "from a terminal", "of yours"].index)
    behind = " and ".join(f"{count_of(numbers[one], 'run')} {one}" for one in whose_first)
    return f"{ordinal(len(ahead) + 1)} in the queue, behind {behind}"


def _awaited(run: Run, active: Sequence[Run]) -> str:
    """What the next run of the queue waits for. Runs in a terminal do not count: they occupy no worker."""
    running = [other for other in active if other.state == "running" and not other.runs_in_the_foreground]
    if any(other.is_paused and kind_of(other.config) == kind_of(run.config) for other in running):
        return ": the paused run makes room for it within half a minute"
    if not running:
        return ", waiting for the engine"
    return ", after the one in progress" if len(running) == 1 else ", after one of those in progress"


def progress_line(run: Run) -> str:
    """How far a running run is, how fast, and how long it will take."""
    if not run.step:
        return "Starting ..."
    parts = [f"Epoch {run.epoch:.2f} of {run.config.train.epochs}", f"step {run.step:,} of {run.num_steps or 0:,}"]
    if run.is_paused:
        parts.append("paused")
    else:
        parts.append(f"{run.images_per_second or 0:,.0f} images/s")
        if run.seconds_left is not None:
            parts.append(f"{duration(run.seconds_left)} left")
    if run.control == "stop":
        parts.append("stopping")
    return ", ".join(parts)


def short_state(run: Run, queue: Queue, me: str) -> str:
    """What a run is doing, in a few words for the sidebar."""
    share = percent(run.progress, 0)
    if run.state == "queued":
        return queue_line(run, queue, me)
    if run.state == "lost":
        return f"lost at {share}: its worker does not answer"
    if run.control == "stop":
        return f"stopping at {share}"
    if run.is_paused:
        return f"paused at {share}"
    if run.pause_at is not None:
        return f"pausing at {share}"
    left = f", {duration(run.seconds_left)} left" if run.seconds_left is not None else ""
    return share + left


def change_line(run: Run) -> str:
    """A run's state without what changes at each step, for screen readers to announce whenever it changes."""
    if run.state == "finished":
        result = f" Test accuracy {percent(run.result['test_accuracy'])}." if run.result else ""
        return f"The training has ended.{result}"
    if run.state == "running":
        return f"The run is {'paused' if run.is_paused else 'training'}."
    others = {"queued": "waits for its turn", "stopped": "was stopped", "failed": "has failed", "lost": "is lost"}
    return f"The run {others[run.state]}."


def apart(run: Run, others: Sequence[Run]) -> str:
    """What distinguishes a run from a few others of the same title: ", learning rate 0.3" or ", seed 2"; "" if alone.

    That is a setting in which it differs from all of them, if there is one, else the first two in which it differs from
    some; and its id, if another would be described the same.
    """
    same = [other for other in others if other.title == run.title and other.id != run.id]
    if not same:
        return ""
    words = _contrast(run, same)
    is_taken = any(_contrast(other, [run, *(one for one in same if one is not other)]) == words for other in same)
    return f"{words}, {run.id}" if is_taken else words


def _contrast(run: Run, same: Sequence[Run]) -> str:
    """The settings that distinguish it from these, without unused ones and those like "no change of the rate"."""
    names = sorted(differing([run.settings, *(other.settings for other in same)]), key=lambda name: name == SEED)
    mine = {name: shown(run.settings.get(name)) for name in names or [SEED]}
    mine = {name: value for name, value in mine.items() if value != NOT_USED and (value != NONE or name == "hidden")}
    own = [name for name in mine if all(shown(other.settings.get(name)) != mine[name] for other in same)]
    return "".join(f", {name} {mine[name]}" for name in own[:1] or list(mine)[:2])


def end_line(run: Run) -> str:
    """How a run ended that did not finish, and what can be done."""
    if run.state == "lost" and run.error:
        return f"{run.error} Resume goes on from the last checkpoint."
    if run.state == "lost":
        return "Its worker does not answer: its process or computer is gone. Resume goes on from the last checkpoint."
    if run.state == "failed":
        return f"The run failed. {run.error or 'Its worker gave no reason.'}"
    if not run.step:
        return "Cancelled before its first step. Resume puts it back into the queue."
    what = f"{run.error} Resume goes on." if run.error else "Nothing is lost: Resume goes on."
    return f"Stopped after {run.epoch:.2f} of {count_of(run.config.train.epochs, 'epoch')}. {what}"

"""What the store gives back: a run as it is now, and what its worker is asked to do."""

import json
import socket
import time
from collections.abc import Hashable, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any, Literal

import psutil
from sqlalchemy import RowMapping

from mnistlab.config import RunConfig, parse_config
from mnistlab.differences import NONE, SEED, settings
from mnistlab.errors import ConfigError

State = Literal["queued", "running", "lost", "finished", "stopped", "failed"]

ACTIVE: tuple[State, ...] = ("queued", "running")  # the stored states of a run that is not over

# A worker writes twice a second; one that has been silent for this long is gone.
LOST_AFTER_SECONDS = 15
PRUNED = "Pruned"  # how the reason begins for which a sweep has stopped a trial
_SECONDS_TO_JUDGE_BY = 1.0  # of training: the first steps take many times as long as those that follow

_RATE_CHANGE, _PLANNED, _TRAINED = "change of the learning rate", "epochs planned at first", "steps trained"

# Frozen, so that all who read the same text may share one; to check 500 takes 80 ms.
_config = lru_cache(maxsize=4096)(parse_config)


@dataclass(frozen=True)
class Request:
    """What a worker is asked to do: all that it reads back when it has written."""

    leave: bool = False  # the run belongs to another attempt now, or is gone
    stop: bool = False
    pause_at: int | None = None  # wait once this many steps are taken
    learning_rate: float | None = None  # use this from the next step on

    def is_waiting(self, step: int) -> bool:
        """Whether a run that has taken `step` steps is to wait for what comes next."""
        return not (self.leave or self.stop) and self.pause_at is not None and step >= self.pause_at


@dataclass(frozen=True)
class Run:
    """A run as it was when it was read; times are seconds since 1970, `seconds` were spent in the training loop."""

    id: str
    config: RunConfig
    planned_epochs: int | None  # how many it was to have, if it was given more
    state: State
    control: str | None
    pause_at: int | None
    wanted_rate: float | None
    rate_changes: tuple[tuple[int, float], ...]  # after which step each learning rate was taken up
    name: str | None  # what a person calls it
    note: str | None
    is_starred: bool
    sweep: str | None  # the sweep that it is a trial of
    trial: int | None  # its number there: 0, 1, ...
    owner: str | None
    ticket: str | None  # the engine's task that holds it; None in the foreground
    attempt: int
    created: float
    started: float | None  # when its training began, here or, of an imported run, in its own lab
    finished: float | None
    worker: str | None
    step: int
    num_steps: int | None
    epoch: float
    images_per_second: float | None
    seconds: float
    error: str | None
    result: dict[str, Any] | None  # of the network as it is: of a run that was given more epochs, once these are done
    test_readings: int  # how often the test set was read for it so far

    @property
    def title(self) -> str:
        """What it is called: the name that a person gave it, else its preset's."""
        return self.name or self.config.preset

    @property
    def request(self) -> Request:
        """What its worker is asked to do."""
        return Request(stop=self.control == "stop", pause_at=self.pause_at, learning_rate=self.wanted_rate)

    @property
    def chosen_rate(self) -> float:
        """The learning rate, or its peak, as last chosen; a change that lies ahead of a checkpoint does not count."""
        made = [rate for step, rate in self.rate_changes if step <= self.step]
        return made[-1] if made else self.config.train.learning_rate

    @cached_property
    def settings(self) -> dict[str, object]:
        """All that has decided what it learned, by names for people; not to be changed by the caller.

        Beside its config's: a learning rate changed by hand, and epochs added under a schedule, whose course went by
        those planned first.
        """
        changes = [f"{rate:g} from step {step + 1:,} on" for step, rate in self.rate_changes]
        is_added = self.planned_epochs is not None and self.config.train.schedule != "constant"
        return {
            **settings(self.config),
            _RATE_CHANGE: ", then ".join(changes) or NONE,
            _PLANNED: str(self.planned_epochs) if is_added else "all",
        }

    @cached_property
    def course(self) -> dict[str, object]:
        """Its settings, and how far it has come with them: two runs of one course and seed are the same network."""
        return {**self.settings, _TRAINED: "all" if self.state == "finished" else f"{self.step:,}"}

    @cached_property
    def recipe(self) -> Hashable:
        """What is equal for runs that differ by their seed alone.

        A trial that waits has no recipe yet that it could share.
        """
        values = tuple((name, value) for name, value in self.settings.items() if name != SEED)
        return values, self.rate_changes, self.id if self.is_waiting_trial else None

    @property
    def is_imported(self) -> bool:
        """Whether it came in as a zip: nobody here has ever trained it."""
        return self.state == "finished" and self.attempt == 0

    @property
    def is_waiting_trial(self) -> bool:
        """Whether it is a sweep's trial that has not begun: what it will vary is still open."""
        return self.sweep is not None and self.trial is None

    @property
    def is_pruned(self) -> bool:
        """Whether it is a trial that was stopped because it lagged behind the others of its sweep."""
        return self.state == "stopped" and (self.error or "").startswith(PRUNED)

    @property
    def is_active(self) -> bool:
        """Whether it may still change by itself or be stopped."""
        return self.state in (*ACTIVE, "lost")

    @property
    def runs_in_the_foreground(self) -> bool:
        """Whether it was begun in a terminal, by a process that no engine can end."""
        return self.state in ("running", "lost") and self.ticket is None

    @property
    def shown_state(self) -> str:
        """Its state as a person is told: "paused" of one that runs and waits, "pruned", "imported", else as it is."""
        if self.is_paused:
            return "paused"
        if self.is_pruned:
            return "pruned"
        return "imported" if self.is_imported else self.state

    @property
    def is_paused(self) -> bool:
        """Whether its worker waits to be told to go on."""
        return self.state == "running" and self.pause_at is not None and self.step >= self.pause_at

    @property
    def progress(self) -> float:
        """Share of the steps taken, 0 to 1."""
        return self.step / self.num_steps if self.num_steps else 0.0

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the pace so far; None before there is one."""
        if self.state != "running" or self.is_paused or not self.step or not self.num_steps:
            return None
        if self.seconds < _SECONDS_TO_JUDGE_BY:
            return None
        return self.seconds / self.step * (self.num_steps - self.step)


def undisturbed(config: RunConfig) -> dict[str, object]:
    """The course of a run of this config that nobody has steered or stopped."""
    return {**settings(config), _RATE_CHANGE: NONE, _PLANNED: "all", _TRAINED: "all"}


def run_from_row(row: RowMapping) -> Run:
    """Read a row of the store; a running run without a recent heartbeat, or whose process is gone, is lost.

    The same row again gives the same run, so that of 500 only those that changed are read anew.
    """
    state: State = row["state"]
    if state == "running" and (_is_silent(row["id"], row["heartbeat"] or 0.0) or _is_orphaned(row)):
        state = "lost"
    return _read(tuple(row.keys()), tuple(row.values()), state)


def runs_from_rows(rows: Iterable[RowMapping]) -> list[Run]:
    """The runs, without those of another version of mnistlab, which must not keep all others from being listed."""
    found = []
    for row in rows:
        with suppress(ConfigError):
            found.append(run_from_row(row))
    return found


def why_unreadable(row: RowMapping) -> str | None:
    """Why this version of mnistlab cannot read a row's config; None where it can."""
    try:
        _config(row["config"])
    except ConfigError as error:
        return str(error)
    return None


@lru_cache(maxsize=2048)
def _read(names: tuple[str, ...], values: tuple[Any, ...], state: State) -> Run:
    row = dict(zip(names, values, strict=True))
    result = json.loads(row["result"]) if row["result"] else None
    row |= {
        "config": _config(row["config"]),
        "state": state,
        "rate_changes": tuple((step, rate) for step, rate in json.loads(row["rate_changes"] or "[]")),
        "is_starred": bool(row["is_starred"]),
        "result": result if state == "finished" else None,
        "test_readings": result.get("test_readings", 1) if result else 0,
    }
    return Run(**{field.name: row[field.name] for field in fields(Run)})


def _is_silent(run_id: str, heartbeat: float) -> bool:
    """Whether a run has told nothing for long.

    A heartbeat may lie ahead: of a worker whose clock is, or from before a clock was set back. It is judged by how
    long it has stood still for whoever watches, else a dead run would be running until the clock has caught up. A
    single command does not watch: for it, such a run is running.
    """
    now = time.time()
    if heartbeat <= now:
        return now - heartbeat > LOST_AFTER_SECONDS
    return time.monotonic() - _first_seen(run_id, heartbeat) > LOST_AFTER_SECONDS


@lru_cache(maxsize=1024)
def _first_seen(_run_id: str, _heartbeat: float) -> float:
    return time.monotonic()


def _is_orphaned(row: RowMapping) -> bool:
    """Whether it ran in the foreground of this computer, in a process that is no more; an engine sees to its own."""
    host, _, pid = (row["worker"] or "").rpartition(":")
    return row["ticket"] is None and host == socket.gethostname() and not psutil.pid_exists(int(pid))

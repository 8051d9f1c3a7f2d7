"""What the store returns: a run as it is now, and what its worker is asked to do."""

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

TERMINAL = "command line"  # the owner of runs that were started or brought in there, by whomever

ACTIVE: tuple[State, ...] = ("queued", "running")  # the stored states of a run that is not over

# A worker writes twice a second; one that has been silent for this long is gone.
LOST_AFTER_SECONDS = 15
PRUNED = "Pruned"  # how the reason begins if a sweep stopped its trial early
_SECONDS_TO_JUDGE_BY = 1.0  # of training: the first steps take many times as long as those that follow

_RATE_CHANGE, _PLANNED, _TRAINED = "change of the learning rate", "epochs planned at first", "steps trained"

# Configs are frozen, so that all rows of the same text can share one; validating 500 takes 80 ms.
_config = lru_cache(maxsize=4096)(parse_config)


@dataclass(frozen=True)
class Request:
    """What a worker is asked to do: what it reads back with each of its writes."""

    leave: bool = False  # the run belongs to another attempt now, or is gone
    stop: bool = False
    pause_at: int | None = None  # wait once this many steps are taken
    learning_rate: float | None = None  # use this from the next step on

    def is_waiting(self, step: int) -> bool:
        """Whether a run that has taken `step` steps is to wait for what comes next."""
        return not (self.leave or self.stop) and self.pause_at is not None and step >= self.pause_at


@dataclass(frozen=True)
class Run:
    """A snapshot of a run; times are seconds since 1970, `seconds` were spent in the training loop."""

    id: str
    config: RunConfig
    planned_epochs: int | None  # how many were planned at first, if it was given more
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
    started: float | None  # when its training began; for an imported run, in the lab it came from
    finished: float | None
    worker: str | None
    step: int
    num_steps: int | None
    epoch: float
    images_per_second: float | None
    seconds: float
    error: str | None
    result: dict[str, Any] | None  # of the current network: for a run given more epochs, once these are done
    test_readings: int  # how often the test set was read for it so far

    @property
    def title(self) -> str:
        """Its title: the name that somebody gave it, else its preset's."""
        return self.name or self.config.preset

    @property
    def request(self) -> Request:
        """What its worker is asked to do."""
        return Request(stop=self.control == "stop", pause_at=self.pause_at, learning_rate=self.wanted_rate)

    @property
    def chosen_rate(self) -> float:
        """The learning rate, or its peak, as last set; a change that lies ahead of the run's step does not count."""
        made = [rate for step, rate in self.rate_changes if step <= self.step]
        return made[-1] if made else self.config.train.learning_rate

    @cached_property
    def settings(self) -> dict[str, object]:
        """Everything that determined what it learned, by readable names; callers must not change it.

        That is its config, any changes of its learning rate by hand and, if epochs were added under a schedule, how
        many were planned at first, since the schedule went by these.
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
        """Its settings, and how far it was trained with them: two runs of one course and seed are the same network."""
        return {**self.settings, _TRAINED: "all" if self.state == "finished" else f"{self.step:,}"}

    @cached_property
    def recipe(self) -> Hashable:
        """A key that is equal for runs that differ in nothing but their seed.

        A trial that waits has a key of its own: what it will try is not known yet.
        """
        values = tuple((name, value) for name, value in self.settings.items() if name != SEED)
        return values, self.rate_changes, self.id if self.is_waiting_trial else None

    @property
    def is_imported(self) -> bool:
        """Whether it came in as a zip and was never trained here."""
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
        """Its state as people are shown it: "paused", "pruned" or "imported" where that applies, else `state`."""
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

    Runs are cached by row, so that of 500 only those that changed are parsed again.
    """
    state: State = row["state"]
    if state == "running" and (_is_silent(row["id"], row["heartbeat"] or 0.0) or _is_orphaned(row)):
        state = "lost"
    return _read(tuple(row.keys()), tuple(row.values()), state)


def runs_from_rows(rows: Iterable[RowMapping]) -> list[Run]:
    """The runs, skipping any that this version cannot read: one of them must not keep all others from being listed."""
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
    """Whether a run's last heartbeat is too old.

    A heartbeat may lie in the future: its worker's clock is ahead, or a clock was set back. Then it counts as old once
    this process has seen it unchanged for too long, else a dead run would be running until the clock had caught up. A
    single command sees it only once: for it, such a run is running.
    """
    now = time.time()
    if heartbeat <= now:
        return now - heartbeat > LOST_AFTER_SECONDS
    return time.monotonic() - _first_seen(run_id, heartbeat) > LOST_AFTER_SECONDS


@lru_cache(maxsize=1024)
def _first_seen(_run_id: str, _heartbeat: float) -> float:
    return time.monotonic()


def _is_orphaned(row: RowMapping) -> bool:
    """Whether it ran in the foreground on this computer, in a process that is gone; an engine looks after its own."""
    host, _, pid = (row["worker"] or "").rpartition(":")
    return row["ticket"] is None and host == socket.gethostname() and not psutil.pid_exists(int(pid))

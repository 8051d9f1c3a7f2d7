"""The queue: which waiting run is next. The owner with the fewest jobs goes first; of equals, who has waited longest.

So nobody can monopolise it, not even where there is a single worker, which asks for a run while none is running.

An engine's task is a ticket, not a run: when its turn comes, it takes whichever run is next by then.
"""

import heapq
import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import sqlalchemy as sa

from mnistlab import schema
from mnistlab.config import RunConfig
from mnistlab.offers import gpus_of, kind_of
from mnistlab.rows import weights_step
from mnistlab.runs import ACTIVE, Run, run_from_row, why_unreadable
from mnistlab.store import Store

# A worker process that dies twice at the same checkpoint will do so a third time.
_MOST_DEATHS = 2
WORKERS_TROUBLE = "A worker could not begin: "  # how an error begins that a worker left on a queued run
_OTHER_VERSION = (
    "its version of mnistlab is not the one that this run was started with. Update mnistlab on every worker, and "
    "restart workers and servers."
)


@dataclass(frozen=True)
class Queue:
    """A snapshot of the queue: everything that decides who is next."""

    active: Sequence[Run]  # the runs that are not over
    served: Mapping[str | None, float] = field(default_factory=dict)  # from the function `served`

    @classmethod
    def read(cls, store: Store) -> "Queue":
        """Read the queue as it is now."""
        return cls(active(store), served(store))

    @cached_property
    def waiting(self) -> list[Run]:
        """The queued runs, the next one first."""
        queued = [run for run in self.active if run.state == "queued"]
        return fair_order(queued, [run for run in self.active if run.state == "running"], self.served)

    def ahead_of(self, run: Run) -> list[Run]:
        """The waiting runs that go to the same workers before this one: in a lab, GPUs have a queue of their own."""
        same = [other for other in self.waiting if kind_of(other.config) == kind_of(run.config)]
        ids = [other.id for other in same]
        return same[: ids.index(run.id)] if run.id in ids else []

    def ahead_of_new(self, config: RunConfig, owner: str) -> list[Run]:
        """The waiting runs that would go before one that this owner started now."""
        if not self.active:
            return []
        new = replace(self.active[0], id="", config=config, owner=owner, state="queued", sweep=None, created=math.inf)
        return Queue([*self.active, new], self.served).ahead_of(new)


def fair_order(waiting: Sequence[Run], running: Iterable[Run], served: Mapping[str | None, float]) -> list[Run]:
    """Order waiting runs: each next one belongs to the owner with the fewest runs that are running or already ordered.

    Ties go to the owner whose last run was at work longest ago. Among owners who never had one, and among each owner's
    own runs, those started by hand go before the trials of sweeps, and older before newer.
    """
    now = max(served.values(), default=0.0)
    num_jobs = Counter(run.owner for run in running)
    left: dict[str | None, list[Run]] = {}
    for run in sorted(waiting, key=_rank, reverse=True):
        left.setdefault(run.owner, []).append(run)  # the next one last
    heads = [
        (num_jobs[owner], served.get(owner, 0.0), _rank(runs[-1]), number, owner)
        for number, (owner, runs) in enumerate(left.items())
    ]
    heapq.heapify(heads)
    order = []
    while heads:
        num, _, _, number, owner = heapq.heappop(heads)
        order.append(left[owner].pop())
        if left[owner]:
            heapq.heappush(heads, (num + 1, now + len(order), _rank(left[owner][-1]), number, owner))
    return order


def _rank(run: Run) -> tuple[bool, float]:
    return run.sweep is not None, run.created


def active(store: Store, with_trials: bool = True, owner: str | None = None) -> list[Run]:
    """All runs that are not over, without any limit: a class that sweeps has more than a list would show."""
    return store.runs(limit=None, states=ACTIVE, with_trials=with_trials, owner=owner)


def active_trials(sweep_id: str, store: Store) -> list[Run]:
    """A sweep's trials that are not over, the oldest first, even if another version wrote the sweep's own config."""
    return [run for run in reversed(active(store)) if run.sweep == sweep_id]


def waiting(store: Store) -> list[Run]:
    """The queued runs, the next one first."""
    return Queue.read(store).waiting


def served(store: Store) -> dict[str | None, float]:
    """When each owner's runs were last at work, for all owners who ever had one taken."""
    runs = schema.runs
    query = sa.select(runs.c.owner, sa.func.max(runs.c.heartbeat)).where(runs.c.attempt > 0).group_by(runs.c.owner)
    with store.transaction() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def places(store: Store) -> dict[str, int]:
    """The place in the queue of each waiting run by its id, 1 for the next."""
    num_before: Counter[int | None] = Counter()
    found = {}
    for run in waiting(store):
        num_before[kind_of(run.config)] += 1
        found[run.id] = num_before[kind_of(run.config)]
    return found


class Rivals:
    """The queued runs that go to the same workers as a run of this config, and for how long they have been waiting.

    Waits count from when this process first saw them: times in the store come from the clocks of other computers.
    """

    def __init__(self, store: Store, config: RunConfig) -> None:
        self._store = store
        self._kind = kind_of(config)
        self._since: dict[str, float] = {}

    def longest_wait(self) -> float:
        """Look who is waiting now; return the longest wait seen so far in seconds, 0 if nobody waits."""
        now = time.monotonic()
        queued = self._store.runs(limit=None, states=["queued"])
        ids = [run.id for run in queued if kind_of(run.config) == self._kind]
        self._since = {run_id: self._since.get(run_id, now) for run_id in ids}
        return now - min(self._since.values(), default=now)


def take(store: Store, worker: str, ticket: str, num_gpus: int | None = None) -> tuple[str, int] | None:
    """Claim the run that this ticket held when its worker died, else the next one of the queue.

    Args:
        num_gpus: take only runs that need this many GPUs, for which the engine chose this worker; None for any run.

    Returns:
        (run id, attempt), or None where nobody waits.
    """
    held = held_by(ticket, store)
    if held is not None:
        return _take_over(store, held, worker, ticket)
    _tell_unreadable(store)
    while (following := _next_of(waiting(store), num_gpus)) is not None:
        attempt = store.claim(following.id, worker, ticket, seen=following.attempt)
        if attempt is not None:  # else another worker has taken it just now
            return following.id, attempt
    return None


def _tell_unreadable(store: Store) -> None:
    """Record why it waits on each queued run that this version cannot read, unless it has a reason already."""
    runs = schema.runs
    query = sa.select(runs.c.id, runs.c.config).where(
        runs.c.state == "queued", runs.c.error.is_(None), runs.c.deleted.is_(None)
    )
    with store.transaction() as connection:
        rows = connection.execute(query).mappings().all()
    for row in rows:
        if (reason := why_unreadable(row)) is not None:
            store.change(row["id"], {"error": f"{WORKERS_TROUBLE}{_OTHER_VERSION} ({reason})"}, ["queued"])


def _next_of(order: Iterable[Run], num_gpus: int | None) -> Run | None:
    return next((run for run in order if num_gpus is None or gpus_of(run.config) == num_gpus), None)


def held_by(ticket: str, store: Store) -> Run | None:
    """The run that a ticket has taken, while it is running."""
    runs = schema.runs
    query = sa.select(runs).where(runs.c.ticket == ticket, runs.c.state == "running", runs.c.deleted.is_(None))
    with store.transaction() as connection:
        row = connection.execute(query).mappings().first()
    return run_from_row(row) if row is not None else None


def has_taken(ticket: str, store: Store) -> bool:
    """Whether a ticket has ever taken a run, even one that is over."""
    with store.transaction() as connection:
        return connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.ticket == ticket)) is not None


def _take_over(store: Store, run: Run, worker: str, ticket: str) -> tuple[str, int] | None:
    deaths, step = _count_death(store, run)
    if deaths < _MOST_DEATHS:
        attempt = store.claim(run.id, worker, ticket, seen=run.attempt)  # it may be resumed elsewhere just now
        return None if attempt is None else (run.id, attempt)
    store.finish(  # under the dead worker's attempt: a claim would show it running once more
        run.id,
        run.attempt,
        "failed",
        error=f"Its worker process died {deaths} times after step {step:,}, without reporting an error: most often "
        "the computer ran out of memory. Try a smaller network or batch, or fewer trainings at a time.",
    )
    return None


def _count_death(store: Store, run: Run) -> tuple[int, int]:
    """Count the death of a run's worker; return how many died in a row after the same checkpoint, and its step.

    A death during a pause does not count: the run stood still, so its computer slept or was switched off.
    """
    runs = schema.runs
    with store.transaction() as connection:
        step = weights_step(connection, run.id, "checkpoint") or 0
        if run.pause_at is not None and step >= run.pause_at:  # a pause begins with a checkpoint
            return 0, step
        row = connection.execute(sa.select(runs.c.claimed_step, runs.c.deaths).where(runs.c.id == run.id)).one()
        deaths = (row.deaths or 0) + 1 if row.claimed_step == step else 1
        noted = {"deaths": deaths, "claimed_step": step}
        connection.execute(runs.update().where(runs.c.id == run.id).values(noted))
    return deaths, step

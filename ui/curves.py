"""A cache of runs' curves: a refresh fetches only the steps that are new.

It is shared by all sessions, so that thirty pages that watch one run read each of its steps once.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from mnistlab.curve import Curve
from mnistlab.runs import Run
from mnistlab.store import Store

_MOST_RUNS = 60  # a curve of 30,000 steps is some 400 KB


@dataclass
class _Kept:
    attempt: int = -1
    curve: Curve = field(default_factory=lambda: Curve.from_rows([]))
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def last_step(self) -> int:
        return int(self.curve.steps[-1]) if len(self.curve.steps) else 0


class Curves:
    """Reads curves from a store, each step once; safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, run: Run) -> Curve:
        """A run's curve as it is now.

        Raises:
            RunNotFoundError, StoreError: as Store.curve.
        """
        kept = self._entry(run.id)
        with kept.lock:
            # A new attempt resumes from the last checkpoint; what came after that will be reported again.
            if run.attempt > kept.attempt:
                kept.curve = self._store.curve(run.id)
            elif run.step > kept.last_step:
                self._catch_up(kept, run)
            kept.attempt = max(run.attempt, kept.attempt)
            return kept.curve

    def _catch_up(self, kept: _Kept, run: Run) -> None:
        more = self._store.curve(run.id, kept.last_step)
        if not len(more.steps):
            return
        if more.steps[0] == kept.last_step + 1:
            kept.curve = kept.curve.extended(more)
        else:  # the run was rewound between reading its row and its curve
            kept.curve = self._store.curve(run.id)

    def _entry(self, run_id: str) -> _Kept:
        with self._lock:
            kept = self._kept.setdefault(run_id, _Kept())
            self._kept.move_to_end(run_id)
            while len(self._kept) > _MOST_RUNS:
                self._kept.popitem(last=False)
            return kept

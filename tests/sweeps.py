"""Sweeps small enough that their trials take milliseconds; pure, without pytest."""

from collections.abc import Callable
from typing import Any

from mnistlab import execution, queue, study, sweep
from mnistlab.events import Event
from mnistlab.store import Store
from mnistlab.sweep_config import SweepConfig, parse_sweep
from mnistlab.sweep_state import Sweep
from tests import tiny

ADAPTIVE: dict[str, Any] = {"sampler": "tpe", "num_trials": 6}
RATES = {"setting": "train.learning_rate", "low": 0.01, "high": 1, "points": 3}


def config(*varied: dict[str, Any], train: dict[str, Any] | None = None, **how: Any) -> SweepConfig:
    """A sweep of tiny runs; by default a grid of three learning rates."""
    base = tiny.config(**(train or {}))
    return parse_sweep({"base": base, "parameters": varied or (RATES,)} | how)


def train_next(store: Store, on_event: Callable[[Event], None] = lambda event: None) -> str:
    """Do what a worker does with its ticket: claim the run that is next, and train it; return its id."""
    run = queue.waiting(store)[0]
    execution.execute(store, run.id, on_event)
    return run.id


def train_all(sweep_id: str, store: Store) -> Sweep:
    """Train every trial that waits, and read the sweep."""
    while queue.waiting(store):
        train_next(store)
    return sweep.find(sweep_id, store)


def told(sweep_id: str, config: SweepConfig, store: Store) -> dict[int, tuple[str, float | None]]:
    """State and value of each trial, as its study knows them."""
    return {one.number: (one.state.name, one.value) for one in study.load(store.url, sweep_id, config).trials}

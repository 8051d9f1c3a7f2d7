"""`train`: a run in the foreground, in the same store that the pages read."""

import argparse

from mnistlab.commands.foreground import led_by_the_first, run_here
from mnistlab.commands.given import TWICE, check_training, recipe_of, set_values
from mnistlab.config import RunConfig, parse_config
from mnistlab.runs import TERMINAL
from mnistlab.store import Store


@led_by_the_first
def train(options: argparse.Namespace) -> int:
    """Train a preset; Ctrl-C stops it after the current step and keeps what it has learned."""
    from mnistlab.device import pick_device

    config = _config(options, store := Store())
    pick_device(config.train.device)  # checked here, so that a missing one leaves no failed run behind
    return run_here(lambda: store.create(config, owner=TERMINAL, state="running"), store, options.json)


def _config(options: argparse.Namespace, store: Store) -> RunConfig:
    values = recipe_of(options, store).model_dump()
    decided = {}
    for field in ("epochs", "seed", "device"):
        given = getattr(options, field)
        if given is not None:
            check_training(f"--{field}", given, field)
            values["train"][field] = given
            decided[f"train.{field}"] = TWICE
    set_values(values, options.set, decided)
    return parse_config(values)

"""`rename`, `note`, `star`, `delete` and `restore`: what people do with a stored run."""

import argparse
import json
from collections.abc import Mapping

from mnistlab import keeping
from mnistlab.runs import Run
from mnistlab.store import Store


def rename(options: argparse.Namespace) -> int:
    """Name a run, or remove its name."""
    store = Store()
    keeping.rename(options.run, options.name, store)
    run = store.run(options.run)
    return _tell(options, run, f"is called {run.name}" if run.name else "has no name")


def note(options: argparse.Namespace) -> int:
    """Write a note about a run, or remove it."""
    store = Store()
    keeping.annotate(options.run, options.text, store)
    run = store.run(options.run)
    return _tell(options, run, "has a note" if run.note else "has no note")


def star(options: argparse.Namespace) -> int:
    """Give a run a star, or remove it."""
    store = Store()
    keeping.set_star(options.run, not options.off, store)
    run = store.run(options.run)
    return _tell(options, run, "has a star" if run.is_starred else "has no star")


def delete(options: argparse.Namespace) -> int:
    """Delete runs: all of those named, or none if one does not exist."""
    store = Store()
    for run_id in options.runs:
        store.run(run_id)
    for run_id in dict.fromkeys(options.runs):
        keeping.put_away(run_id, store)
        said = f"is deleted; `python -m mnistlab restore {run_id}` brings it back"
        _say(options, {"run": run_id, "deleted": True}, said)
    return 0


def restore(options: argparse.Namespace) -> int:
    """Bring a deleted run back."""
    store = Store()
    keeping.bring_back(options.run, store)
    return _tell(options, store.run(options.run), "is back")


def _tell(options: argparse.Namespace, run: Run, said: str) -> int:
    about = {"run": run.id, "state": run.state, "name": run.name, "note": run.note, "starred": run.is_starred}
    return _say(options, about, said)


def _say(options: argparse.Namespace, about: Mapping[str, object], said: str) -> int:
    print(json.dumps(dict(about)) if options.json else f"Run {about['run']} {said}.")
    return 0

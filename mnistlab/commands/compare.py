"""`compare`: which of two runs was better, how they differ, and whether it was luck."""

import argparse
import json

from mnistlab.differences import differences
from mnistlab.errors import ConfigError
from mnistlab.seeds import ONE_RECIPE, Group, with_repeats
from mnistlab.store import Store


def compare(options: argparse.Namespace) -> int:
    """Print how two runs differ and what can be said about their results."""
    from mnistlab.luck import answer, scatter
    from mnistlab.predictions import kept_answers

    if options.run == options.other:
        raise ConfigError(f"These are the same run, {options.run}. Name two.")
    store = Store()
    runs = store.run(options.run), store.run(options.other)
    groups = [Group(with_repeats(run, store.runs(limit=None)) if options.seeds else (run,)) for run in runs]
    is_one_recipe = runs[0].recipe == runs[1].recipe
    if options.seeds and is_one_recipe and len(groups[0].accuracies) > 1:
        said = scatter(groups[0], "this one recipe")  # against itself nothing could be found
    else:
        answers = [kept_answers(store, run) for run in runs]
        said = answer(groups[0], groups[1], (runs[0].id, runs[1].id), (answers[0], answers[1]))
        if is_one_recipe and runs[0].config.train.seed != runs[1].config.train.seed:
            said += f" {ONE_RECIPE}"
    found = differences(runs[0].settings, runs[1].settings)
    if options.json:
        about = {
            "runs": [[run.id for run in group.runs] for group in groups],
            "test_accuracies": [group.accuracies for group in groups],
            "differences": {one.name: [one.before, one.now] for one in found},
            "answer": _plain(said),
        }
        print(json.dumps(about))
        return 0
    for one in found:
        print(f"{one.name}: {one.before} in {runs[0].id}, {one.now} in {runs[1].id}")
    print(_plain(said))
    return 0


def _plain(said: str) -> str:
    """Without the marks that make a page write it in bold."""
    return said.replace("**", "")

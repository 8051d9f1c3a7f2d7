"""`compare`: which of two runs was better, how they differ, and whether it was luck."""

import argparse
import json

from mnistlab.differences import differences
from mnistlab.errors import ConfigError
from mnistlab.seeds import ONE_RECIPE, Group, with_repeats
from mnistlab.store import Store


def compare(options: argparse.Namespace) -> int:
    """Print how two runs differ and what can be said about their results."""
    if options.run == options.other:
        raise ConfigError(f"These are the same run, {options.run}. Name two.")
    store = Store()
    runs = store.run(options.run), store.run(options.other)
    groups = [Group(with_repeats(run, store.runs(limit=None)) if options.seeds else (run,)) for run in runs]
    said = _answer(groups[0], groups[1], store).replace("**", "")  # a page's marks for bold
    found = differences(runs[0].settings, runs[1].settings)
    if options.json:
        about = {
            "runs": [[run.id for run in group.runs] for group in groups],
            "test_accuracies": [group.accuracies for group in groups],
            "differences": {one.name: [one.before, one.now] for one in found},
            "answer": said,
        }
        print(json.dumps(about))
        return 0
    for one in found:
        print(f"{one.name}: {one.before} in {runs[0].id}, {one.now} in {runs[1].id}")
    print(said)
    return 0


def _answer(first: Group, second: Group, store: Store) -> str:
    """What can be said about the results of two runs, each the first of its group."""
    from mnistlab.luck import answer, scatter
    from mnistlab.predictions import kept_answers

    run, other = first.runs[0], second.runs[0]
    is_one_recipe = run.recipe == other.recipe
    if is_one_recipe and len(first.accuracies) > 1:
        return scatter(first, "this one recipe")  # a recipe cannot be compared with itself
    answers = kept_answers(store, run), kept_answers(store, other)
    said = answer(first, second, (run.id, other.id), answers)
    is_luck = is_one_recipe and run.config.train.seed != other.config.train.seed
    return f"{said} {ONE_RECIPE}" if is_luck else said

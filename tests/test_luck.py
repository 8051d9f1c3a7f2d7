"""The answer in words: by McNemar for two networks, by Welch for two recipes, by counts where there is no more."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from mnistlab.errors import DataError
from mnistlab.luck import answer, scatter
from mnistlab.predictions import kept_answers
from mnistlab.seeds import Group
from mnistlab.store import Store
from tests import tiny
from tests.kept import keep

NAMES = ("A", "B")
LOW, HIGH = [0.9712, 0.9720, 0.9715, 0.9708, 0.9718], [0.9790, 0.9781, 0.9802, 0.9788, 0.9795]
NEAR = [0.9714, 0.9722, 0.9712, 0.9710, 0.9719]


def group(store: Store, accuracies: list[float], **train: Any) -> Group:
    ids = [keep(store, tiny.config(seed=seed, **train), share) for seed, share in enumerate(accuracies)]
    return Group(tuple(store.run(run_id) for run_id in ids))


def said(store: Store, first: Group, second: Group) -> str:
    answers = kept_answers(store, first.runs[0]), kept_answers(store, second.runs[0])
    return answer(first, second, NAMES, answers)


def test_two_networks_are_judged_on_the_images_on_which_they_differ(store: Store) -> None:
    clear = said(store, group(store, [0.95]), group(store, [0.98]))
    assert "McNemar's exact test" in clear
    assert "**B is better**" in clear
    assert "**this may well be luck**" in said(store, group(store, [0.975]), group(store, [0.9755]))


def test_without_their_answers_two_networks_are_judged_by_their_counts(store: Store) -> None:
    first, second = group(store, [0.95]), group(store, [0.98])
    for one, other, better in ((first, second, "B"), (second, first, "A")):
        text = answer(one, other, NAMES, (None, None))
        assert f"**{better} is better**" in text
    assert "A reads 95.00 % and B 98.00 % of the test digits" in answer(first, second, NAMES, (None, None))
    one_sided = kept_answers(store, first.runs[0])
    assert answer(first, second, NAMES, (one_sided, None)) == answer(first, second, NAMES, (None, one_sided))
    near = answer(group(store, [0.976]), group(store, [0.978]), NAMES, (None, None))
    assert "**this may well be luck**" in near
    assert "-0.22 to +0.62 points" in near


def test_two_recipes_are_judged_by_the_means_of_their_seeds(store: Store) -> None:
    text = said(store, group(store, LOW), group(store, HIGH, learning_rate=0.5))
    theirs = stats.ttest_ind(HIGH, LOW, equal_var=False)
    low, high = theirs.confidence_interval(0.95)
    assert f"{100 * np.mean(HIGH):.2f} % of the test digits on average over 5 seeds" in text
    assert f"{100 * low:.2f} to {100 * high:.2f} points less" in text
    assert "**B is the better recipe**" in text
    assert said(store, group(store, HIGH), group(store, LOW, learning_rate=0.5)).count("**A is the better") == 1
    assert "over 2 seeds" in said(store, group(store, LOW[:2]), group(store, HIGH[:2], learning_rate=0.5))


def test_means_that_lie_close_may_be_luck_with_the_odds_that_scipy_gives(store: Store) -> None:
    text = said(store, group(store, LOW), group(store, NEAR, learning_rate=0.5))
    assert "**this may well be luck**" in text
    assert f"p = {stats.ttest_ind(LOW, NEAR, equal_var=False).pvalue:.2f}" in text
    low, high = stats.ttest_ind(NEAR, LOW, equal_var=False).confidence_interval(0.95)
    assert f"between {100 * high:.2f} points less and {-100 * low:.2f} points more (95 % interval)" in text


def test_seeds_that_happen_to_be_equal_may_be_luck_all_the_same(store: Store) -> None:
    """Accuracies are counted: their rounding alone scatters by more than one image."""
    first, second = group(store, [0.979, 0.979]), group(store, [0.9791, 0.9791], epochs=3)
    assert "this may well be luck" in said(store, first, second)
    assert "it may well be luck" in said(store, first, group(store, [0.9791], epochs=4))


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [(0.9717, "**it may well be luck**"), (0.99, "**it is better**"), (0.95, "**it is worse**")],
)
def test_one_run_against_many_is_where_one_seed_more_would_be_or_not(store: Store, accuracy: float, words: str) -> None:
    many, single = group(store, LOW), group(store, [accuracy], learning_rate=0.5)
    assert words in said(store, single, many)
    assert words in said(store, many, single)
    mean, reach = np.mean(LOW), stats.t.ppf(0.975, 4) * np.std(LOW, ddof=1) * np.sqrt(1.2)
    assert f"between {100 * (mean - reach):.2f} % and {100 * (mean + reach):.2f} % (95" in said(store, single, many)


def test_scatter_of_one_recipe_is_told_with_its_intervals(store: Store) -> None:
    text = scatter(group(store, LOW), "A")
    low, high = stats.t.interval(0.95, 4, np.mean(LOW), stats.sem(LOW))
    assert f"between {100 * low:.2f} % and {100 * high:.2f} %" in text
    assert "from 97.08 % to 97.20 %" in text


def test_what_was_not_tested_or_on_other_digits_is_not_compared(store: Store) -> None:
    tested = group(store, [0.95])
    waiting = Group((store.run(store.create(tiny.config())),))
    with pytest.raises(DataError, match="B has no test result yet"):
        said(store, tested, waiting)
    other = store.run(keep(store, tiny.config().model_copy(update={"dataset": "kmnist"}), 0.95))
    with pytest.raises(DataError, match="A was tested on mnist, B on kmnist"):
        said(store, tested, Group((other,)))


def test_answers_of_a_run_that_has_learned_on_are_not_used(store: Store) -> None:
    run_id = keep(store, tiny.config(), 0.9)
    assert kept_answers(store, store.run(run_id)) is not None
    store.change(run_id, {"step": 100}, ["finished"])
    assert kept_answers(store, store.run(run_id)) is None
    assert kept_answers(store, store.run(store.create(tiny.config()))) is None


def test_no_interval_goes_beyond_all_digits(store: Store) -> None:
    text = scatter(group(store, [0.9961, 0.9951]), "A")
    assert "and 100.00 %, one more seed between" in text
    assert "100.2" not in text
    assert text.count("and 100.00 %") == 2
    assert scatter(group(store, [0.002, 0.01]), "A").count("between 0.00 % and") == 2

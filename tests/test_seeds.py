"""Runs of one recipe: put together whatever their seed, repeated with new ones, and their curves as one."""

from typing import Any

import numpy as np
import pytest

from mnistlab import sweep
from mnistlab.differences import differences
from mnistlab.means import mean_interval
from mnistlab.runs import Run
from mnistlab.seeds import Group, counted, grouped, repeats, spread, with_repeats
from mnistlab.store import Store
from tests import sweeps, tiny
from tests.kept import keep


def kept(store: Store, accuracy: float = 0.9, **train: Any) -> Run:
    return store.run(keep(store, tiny.config(**train), accuracy, num_images=200))


def test_runs_that_differ_by_their_seed_alone_are_one_group(store: Store) -> None:
    runs = [kept(store, seed=1), kept(store, learning_rate=0.5), kept(store, seed=2), kept(store, seed=1)]
    assert [group.runs for group in grouped(runs)] == [(runs[0], runs[2], runs[3]), (runs[1],)]


def test_a_rate_changed_by_hand_makes_another_recipe(store: Store) -> None:
    first, second = kept(store, seed=1), kept(store, seed=2)
    store.change(second.id, {"rate_changes": "[[3, 0.01]]"}, ["finished"])
    assert len(grouped([first, store.run(second.id)])) == 2


def test_a_preset_of_another_name_is_the_same_recipe(store: Store) -> None:
    config = tiny.config()
    runs = [store.run(keep(store, config.model_copy(update={"preset": name}), 0.9, 200)) for name in ("a", "b")]
    assert len(grouped(runs)) == 1


def test_mean_counts_each_seed_once_and_only_tested_runs(store: Store) -> None:
    runs = [kept(store, 0.9, seed=1), kept(store, 0.8, seed=2), kept(store, 0.8, seed=2)]
    runs.append(store.run(store.create(tiny.config(seed=3))))
    group = Group(tuple(runs))
    assert group.accuracies == [0.9, 0.8]
    assert group.mean == pytest.approx(0.85)
    assert group.interval is not None
    assert group.interval[0] < 0.8


def test_a_group_without_a_tested_run_has_no_mean_and_one_seed_no_interval(store: Store) -> None:
    untested = Group((store.run(store.create(tiny.config())),))
    assert (untested.accuracies, untested.mean, untested.interval) == ([], None, None)
    assert Group((kept(store),)).interval is None


def test_a_groups_interval_knows_how_finely_it_was_counted_and_stays_within_all_digits(store: Store) -> None:
    same, all_right, none_right = (
        Group((kept(store, one, seed=1), kept(store, other, seed=2)))
        for one, other in ((0.5, 0.5), (1.0, 0.98), (0.0, 0.02))
    )
    assert same.interval == mean_interval([0.5, 0.5], resolution=1 / 200)
    assert all_right.interval is not None
    assert none_right.interval is not None
    assert (all_right.interval[1], none_right.interval[0]) == (1, 0)


def test_a_run_comes_first_and_then_the_others_of_its_recipe(store: Store) -> None:
    first, other, run = kept(store, seed=1), kept(store, learning_rate=0.5), kept(store, seed=2)
    assert with_repeats(run, [first, other, run]) == (run, first)


def test_counts_are_those_behind_the_accuracy(store: Store) -> None:
    assert counted(kept(store, 0.93)) == (186, 200)


def test_repeats_take_the_smallest_free_seeds_and_change_nothing_else() -> None:
    config = tiny.config(seed=1)
    found = repeats(config, [1, 3], 3)
    assert [one.train.seed for one in found] == [0, 2, 4]
    for other in found:
        assert [one.name for one in differences(config, other)] == ["seed"]
    assert repeats(config, [], 0) == []


def test_spread_is_the_mean_between_lowest_and_highest_where_all_curves_are() -> None:
    first = np.array([0.0, 1, 2, 3]), np.array([0.0, 2, 4, 6])
    second = np.array([1.0, 2, 5]), np.array([4.0, 4, 7])
    over = spread([first, second])
    assert over.x.tolist() == [1, 2, 3]
    assert over.low.tolist() == [2, 4, 5]
    assert over.high.tolist() == [4, 4, 6]
    assert over.mean.tolist() == [3, 4, 5.5]


def test_spread_leaves_out_what_is_no_number_and_is_empty_where_a_curve_is() -> None:
    gap = np.array([1.0, 2, 3]), np.array([1.0, np.nan, 3])
    assert spread([gap, gap]).x.tolist() == [1, 3]
    assert len(spread([gap, (np.empty(0), np.empty(0))]).x) == 0
    assert len(spread([]).x) == 0


def test_spread_of_long_curves_is_short_enough_to_be_drawn() -> None:
    x = np.arange(20_000.0)
    over = spread([(x, x), (x, x + 2)])
    assert len(over.x) <= 300
    assert (over.x[0], over.x[-1], (np.diff(over.x) > 0).all()) == (0, 19_999, True)
    assert over.mean == pytest.approx(over.x + 1)


def test_epochs_added_under_a_schedule_make_another_recipe(store: Store) -> None:
    for schedule, num_groups in (("constant", 1), ("cosine", 2)):
        first, second = (kept(store, seed=seed, schedule=schedule, epochs=4) for seed in (1, 2))
        store.change(second.id, {"planned_epochs": 2}, ["finished"])
        assert len(grouped([first, store.run(second.id)])) == num_groups


def test_trials_that_wait_are_no_seeds_of_anything(store: Store) -> None:
    sweep.create(sweeps.config(), store)
    waiting = store.runs()
    assert len(waiting) == 3
    assert len(grouped(waiting)) == 3

"""The curve of a run: what was reported comes back in order."""

from dataclasses import replace

import numpy as np

from mnistlab.curve import Curve
from mnistlab.events import Probes
from mnistlab.store import Store
from tests.reports import CONFIG, ended, report, running


def test_the_curve_comes_back_in_order_as_it_was_logged(store: Store) -> None:
    run_id, attempt = running(store)
    reports = [report(1, 2), report(3, 3), report(4, 12)]
    store.log(run_id, attempt, reports[:1])
    store.log(run_id, attempt, reports[1:])
    curve = store.curve(run_id)
    assert curve.steps.tolist() == list(range(1, 13))
    np.testing.assert_array_equal(curve.losses, np.concatenate([given.losses for given in reports]))
    assert curve.losses.dtype == np.float32
    assert curve.report_steps.tolist() == [2, 3, 12]
    assert curve.accuracies.tolist() == [given.accuracy for given in reports]


def test_the_curve_after_a_step_is_what_a_page_lacks(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, [report(1, 2), report(3, 3), report(4, 12)])
    assert store.curve(run_id, after_step=3).steps.tolist() == list(range(4, 13))
    assert len(store.curve(run_id, after_step=12).steps) == 0


def test_a_curve_extended_by_what_a_page_lacks_is_the_whole_one(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, [replace(report(1, 2), probes=Probes(["output"], [0.5], 0.1)), report(3, 3)])
    before = store.curve(run_id)
    store.log(run_id, attempt, [report(4, 12)])
    extended, whole = before.extended(store.curve(run_id, after_step=3)), store.curve(run_id)
    for name, values in vars(whole).items():
        np.testing.assert_array_equal(getattr(extended, name), values)
    assert [probes is None for probes in extended.probes] == [False, True, True]


def test_runs_do_not_mix_their_curves(store: Store) -> None:
    (one, attempt), (other, other_attempt) = running(store), running(store)
    store.log(one, attempt, [report(1, 2)], [ended(1, 2)])
    store.log(other, other_attempt, [report(1, 5)], [ended(1, 5)])
    assert len(store.curve(one).steps) == 2
    assert [epoch.step for epoch in store.epochs(other)] == [5]


def test_a_run_without_reports_has_an_empty_curve(store: Store) -> None:
    curve = store.curve(store.create(CONFIG))
    assert (len(curve.steps), len(curve.losses), len(curve.report_steps), len(curve.accuracies)) == (0, 0, 0, 0)
    assert len(curve.running_mean(5)) == 0


def test_epochs_come_back_in_order_as_they_were_logged(store: Store) -> None:
    run_id, attempt = running(store)
    figures = [ended(0, 0, train_loss=None), ended(1, 5, 1 / 3), ended(2, 10), ended(10, 50)]
    for epoch in figures:
        store.log(run_id, attempt, epochs=[epoch])
    assert store.epochs(run_id) == figures


def test_an_epoch_told_again_is_kept_once(store: Store) -> None:
    run_id, attempt = running(store)
    store.log(run_id, attempt, epochs=[ended(1, 5, 0.5)])
    store.log(run_id, attempt, epochs=[ended(1, 5, 0.4)])
    assert store.epochs(run_id) == [ended(1, 5, 0.4)]


def test_running_mean_averages_up_to_the_window() -> None:
    losses = np.random.default_rng(0).random(50).astype(np.float32)
    empty = np.empty(0)
    curve = Curve(np.arange(1, 51), losses, empty.astype(np.int64), empty, empty, ())
    expected = [losses[max(0, end - 7) : end].mean(dtype=np.float64) for end in range(1, 51)]
    np.testing.assert_allclose(curve.running_mean(7), expected)
    np.testing.assert_allclose(curve.running_mean(1), losses)
    np.testing.assert_allclose(curve.running_mean(1000)[-1], losses.mean(dtype=np.float64))


def test_running_accuracy_of_a_single_step_is_averaged_over_the_window_too() -> None:
    """One step by hand after a long report: 20 digits, by chance all read, are no accuracy of 100 %."""
    reports, accuracies = np.array([100, 200, 201]), np.array([0.8, 0.9, 1.0])
    curve = Curve(np.arange(1, 202), np.zeros(201, np.float32), reports, accuracies, np.ones(3), (None,) * 3)
    np.testing.assert_allclose(curve.running_accuracy(50), [0.8, 0.9, (90 + 1) / 101])
    np.testing.assert_allclose(curve.running_accuracy(1), [0.8, 0.9, 1.0])
    np.testing.assert_allclose(curve.running_accuracy(1000), [0.8, 0.85, (80 + 90 + 1) / 201])

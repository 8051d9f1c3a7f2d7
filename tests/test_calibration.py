"""Confidence against accuracy, against loops and a network that is calibrated by construction."""

import numpy as np
import pytest

from mnistlab.calibration import calibration_error, luck_of_calibration, overconfidence, reliability
from mnistlab.evaluation import Evaluation
from tests.test_scores import answers


def random_answers(num_images: int) -> Evaluation:
    """Answers that are right as often as their confidence says."""
    generator = np.random.default_rng(1)
    sure = generator.uniform(0.15, 1, num_images)
    predictions = generator.integers(0, 10, num_images)
    labels = np.where(generator.random(num_images) < sure, predictions, (predictions + 1) % 10)
    return answers(labels.tolist(), predictions.tolist(), sure.tolist())


def test_bins_and_error_are_as_counted_by_loops() -> None:
    evaluation = random_answers(700)
    bins = reliability(evaluation)
    error = 0.0
    for part in bins:
        rows = [i for i, share in enumerate(evaluation.confidence) if part.low < share <= part.high]
        assert part.num_images == len(rows)
        assert part.num_correct == sum(evaluation.correct[i] for i in rows)
        assert part.confidence == pytest.approx(np.mean(evaluation.confidence[rows], dtype=np.float64))
        error += len(rows) / 700 * abs(evaluation.correct[rows].mean() - evaluation.confidence[rows].mean())
    assert sum(part.num_images for part in bins) == 700
    assert calibration_error(bins) == pytest.approx(error, rel=1e-5)


def test_a_network_as_often_right_as_it_is_sure_has_almost_no_error() -> None:
    assert calibration_error(reliability(random_answers(20_000))) < 0.015


def test_boasting_is_measured() -> None:
    """Always 90 % sure and always wrong."""
    assert calibration_error(reliability(answers([1] * 8, [2] * 8, [0.9] * 8))) == pytest.approx(0.9, abs=1e-6)


def test_certainty_belongs_to_the_last_bin_and_a_tenth_to_the_first() -> None:
    (only,) = reliability(answers([1], [1], [1.0]))
    assert (only.low, only.high, only.accuracy) == (0.9, 1.0, 1)
    uniform = Evaluation("test", 0.0, np.full((1, 10), 0.1, np.float32), np.array([0]))
    assert reliability(uniform)[0].low <= 0.1


def test_a_probability_that_rounding_has_lifted_above_1_belongs_to_the_last_bin() -> None:
    (only,) = reliability(answers([1], [1], [1.0000001]))
    assert (only.low, only.high) == (0.9, 1.0)


def test_noise_is_not_called_boasting_and_boasting_is() -> None:
    fair, luck = overconfidence(random_answers(2000))
    assert abs(fair) < luck
    surer = random_answers(2000)
    boasting = answers(surer.labels.tolist(), surer.predictions.tolist(), (0.5 + surer.confidence / 2).tolist())
    difference, luck = overconfidence(boasting)
    assert difference > luck
    assert difference == pytest.approx(np.mean(boasting.confidence, dtype=np.float64) - boasting.accuracy)


def test_the_room_for_luck_is_the_spread_of_repeated_samples() -> None:
    """Half widths against how far the means of many samples of 300 scatter."""
    whole = random_answers(60_000)
    differences = (whole.confidence.astype(np.float64) - whole.correct).reshape(200, 300)
    part = answers(whole.labels[:300].tolist(), whole.predictions[:300].tolist(), whole.confidence[:300].tolist())
    assert overconfidence(part)[1] == pytest.approx(1.96 * differences.mean(axis=1).std(), rel=0.2)


def test_boast_and_luck_of_two_answers_are_as_counted_by_hand() -> None:
    difference, luck = overconfidence(answers([1, 1], [1, 2], [0.9, 0.5]))
    assert difference == pytest.approx((-0.1 + 0.5) / 2)
    assert luck == pytest.approx(1.96 * 0.3)


def test_a_single_answer_tells_nothing() -> None:
    difference, luck = overconfidence(answers([1], [2], [0.99]))
    assert difference <= luck


@pytest.mark.parametrize("num_images", [100, 5000])
def test_the_error_of_a_calibrated_network_is_told_beforehand(num_images: int) -> None:
    """Against networks that are calibrated by construction, and judged one by one."""
    generator, sure = np.random.default_rng(3), np.random.default_rng(2).uniform(0.15, 1, num_images)
    predictions = np.zeros(num_images, int)
    errors = []
    for _ in range(100):
        labels = np.where(generator.random(num_images) < sure, 0, 1)
        evaluation = answers(labels.tolist(), predictions.tolist(), sure.tolist())
        errors.append(calibration_error(reliability(evaluation)))
    assert luck_of_calibration(evaluation) == pytest.approx(np.mean(errors), rel=0.08)

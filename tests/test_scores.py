"""Precision, recall and mistakes, against counting by hand."""

import numpy as np
import pytest

from mnistlab.evaluation import Evaluation
from mnistlab.scores import digit_scores


def answers(labels: list[int], predictions: list[int], sure: list[float] | None = None) -> Evaluation:
    """An evaluation with these answers, each given with this confidence."""
    probabilities = np.zeros((len(labels), 10), np.float32)
    for row, (digit, share) in enumerate(zip(predictions, sure or [1.0] * len(labels), strict=True)):
        probabilities[row] = (1 - share) / 9
        probabilities[row, digit] = share
    return Evaluation("test", 0.0, probabilities, np.array(labels))


def test_precision_and_recall_are_as_counted_by_loops() -> None:
    generator = np.random.default_rng(0)
    labels, predictions = (generator.integers(0, 10, 500).tolist() for _ in range(2))
    for score in digit_scores(answers(labels, predictions).confusion):
        pairs = list(zip(labels, predictions, strict=True))
        hits = sum(pair == (score.digit, score.digit) for pair in pairs)
        assert score.recall == pytest.approx(hits / sum(true == score.digit for true, _ in pairs))
        assert score.precision == pytest.approx(hits / sum(read == score.digit for _, read in pairs))


def test_a_digit_that_is_not_there_has_no_recall_and_one_never_read_no_precision() -> None:
    scores = digit_scores(answers([1, 1], [1, 2]).confusion)
    assert (scores[2].recall, scores[2].precision) == (None, 0)
    assert (scores[1].recall, scores[1].precision) == (0.5, 1)
    assert (scores[7].recall, scores[7].precision) == (None, None)


def test_mistakes_come_surest_first_and_leave_out_what_is_right() -> None:
    evaluation = answers([0, 1, 2, 3, 4], [0, 7, 2, 7, 7], [0.99, 0.5, 0.6, 0.9, 0.7])
    assert evaluation.mistakes.tolist() == [3, 4, 1]
    np.testing.assert_allclose(evaluation.confidence, [0.99, 0.5, 0.6, 0.9, 0.7], rtol=1e-6)

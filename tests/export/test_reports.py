"""The reports of a training of days, put together for its zip: none tells what a later one has seen."""

from types import SimpleNamespace

import numpy as np
import pytest

from mnistlab.events import Probes
from mnistlab.export import archive


def looked(gradient: float, dead: float | None) -> Probes:
    return Probes(["layer 1"], [gradient], dead)


def test_of_several_reports_the_last_is_told_with_the_accuracy_over_all_their_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archive, "_MOST_REPORTS", 3)
    curve = SimpleNamespace(
        report_steps=np.array([1, 4, 6, 9, 10]),
        accuracies=np.array([0.1, 0.5, 0.6, 0.8, 1.0]),
        learning_rates=np.array([0.1, 0.2, 0.3, 0.4, 0.5]),
        probes=[looked(0.1, 0.25), looked(0.2, None), looked(0.3, 0.5), None, looked(0.5, None)],
    )
    first, second, third = archive._reports(SimpleNamespace(curve=curve))
    assert [one["step"] for one in (first, second, third)] == [4, 9, 10]
    assert [one["learning_rate"] for one in (first, second, third)] == [0.2, 0.4, 0.5]
    assert [one["accuracy"] for one in (first, second, third)] == pytest.approx([0.4, 0.72, 1.0])
    assert first["probes"] == {"layers": ["layer 1"], "gradients": [0.2], "dead": 0.25}
    assert second["probes"] is None
    assert third["probes"] == {"layers": ["layer 1"], "gradients": [0.5], "dead": None}

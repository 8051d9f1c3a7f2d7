"""`sweep list` and `sweep show`, of what there is and of nothing."""

import pytest

from mnistlab import sweep
from mnistlab.cli import main
from mnistlab.store import Store
from tests import sweeps
from tests.cli.conftest import Lines


def test_where_there_is_no_sweep_a_person_is_told_how_to_start_one(lines: Lines) -> None:
    assert main(["sweep", "list"]) == 0
    assert lines() == ["No sweep yet. Start one with: python -m mnistlab sweep start learning-rate --here"]
    assert main(["sweep", "list", "--json"]) == 0
    assert lines() == []


def test_each_sweep_is_a_line_the_newest_first(lines: Lines) -> None:
    first, second = (sweep.create(sweeps.config(), Store()) for _ in range(2))
    assert main(["sweep", "list"]) == 0
    assert lines() == [f"Sweep {one} (learning rate): 3 queued" for one in (second, first)]


@pytest.mark.usefixtures("talkative")
def test_each_trial_is_shown_once_those_without_a_result_last(lines: Lines) -> None:
    store = Store()
    sweep_id = sweep.create(sweeps.config(), store)
    done = sweeps.train_next(store)
    waiting = [run.id for run in reversed(store.runs()) if run.id != done]
    assert main(["sweep", "show", sweep_id]) == 0
    best, *others, summary = lines()
    assert best.split()[:3] == ["0", done, "finished"]
    assert [line.split() for line in others] == [["-", run_id, "queued", "-"] for run_id in waiting]
    assert f"{sweep_id} (learning rate): 2 queued, 1 finished; best: learning rate " in summary

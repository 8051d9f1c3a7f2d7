"""A study's journal that was torn by a full disk or a power cut: it goes on, and the runs tell it what it lost."""

from pathlib import Path

import pytest

from mnistlab import study, sweep
from mnistlab.errors import StudyError
from mnistlab.store import Store
from tests import sweeps
from tests.sweeps import told

pytestmark = pytest.mark.usefixtures("talkative")
CONFIG = sweeps.config()


@pytest.fixture
def sweep_id(store: Store) -> str:
    """A sweep of three trials, the first of which is over."""
    created = sweep.create(CONFIG, store)
    sweeps.train_next(store)
    return created


def journal(lab: Path) -> Path:
    (found,) = lab.glob("sweeps/*.journal")
    return found


@pytest.mark.parametrize("is_open", [True, False], ids=["while it is open", "before it is opened"])
@pytest.mark.parametrize(
    "torn", [b'{"op_code":4,"torn', b'{"op_code":"torn"}', b"\x00" * 100], ids=["half", "no end", "zeros"]
)
def test_a_torn_line_is_cut_off_before_the_next_is_written(
    store: Store, lab: Path, sweep_id: str, torn: bytes, is_open: bool
) -> None:
    with journal(lab).open("ab") as file:
        file.write(torn)
    if not is_open:
        study._storage.cache_clear()
    assert sweeps.train_all(sweep_id, store).counts == {"finished": 3}
    study._storage.cache_clear()
    assert [state for state, _ in told(sweep_id, CONFIG, store).values()] == ["COMPLETE"] * 3
    assert torn not in journal(lab).read_bytes()


@pytest.mark.parametrize("num_lost", [1, 2, 3])
def test_what_was_cut_off_is_told_by_the_runs(store: Store, lab: Path, sweep_id: str, num_lost: int) -> None:
    """Of the first trial: its end, its epoch and end, or all that came after it had been begun."""
    before = told(sweep_id, CONFIG, store)
    lines = journal(lab).read_bytes().splitlines(keepends=True)
    journal(lab).write_bytes(b"".join(lines[:-num_lost]) + lines[-num_lost][:-2])
    study._storage.cache_clear()
    assert told(sweep_id, CONFIG, store)[0][0] == "RUNNING"
    assert [trial.values["train.learning_rate"] for trial in sweeps.train_all(sweep_id, store).trials] == [0.01, 0.1, 1]
    after = told(sweep_id, CONFIG, store)
    assert after[0] == before[0]
    assert [state for state, _ in after.values()] == ["COMPLETE"] * 3


def test_a_damaged_journal_is_told_without_a_guess(store: Store, lab: Path, sweep_id: str) -> None:
    with journal(lab).open("ab") as file:
        file.write(b'{"op_code":4,{"op_code":4}\n' * 2)  # as older versions wrote on behind a torn line
    study._storage.cache_clear()
    with pytest.raises(StudyError, match=rf"sweeps/{sweep_id}\.journal .* is damaged \(.*Start the sweep anew") as told:
        study.load(store.url, sweep_id, CONFIG)
    assert "disk" not in str(told.value)


def test_a_journal_that_is_removed_while_it_is_open_is_told_and_not_made_anew(
    store: Store, lab: Path, sweep_id: str
) -> None:
    """A new one would begin in the middle, with trials of which nobody knows what they are."""
    journal(lab).unlink()
    run = store.run(sweeps.train_next(store))
    assert run.state == "failed"
    assert f"The study of the sweep {sweep_id} is missing." in (run.error or "")
    assert list(lab.glob("sweeps/*.journal")) == []


@pytest.mark.parametrize(("sampler", "planned"), [("grid", 3), ("random", 12), ("tpe", 4)])
def test_what_needs_no_result_is_planned_and_the_rest_is_chosen_by_results(
    store: Store, sampler: str, planned: int
) -> None:
    config = sweeps.config(sampler=sampler, num_trials=12)
    waiting = study.load(store.url, sweep.create(config, store), config).trials
    assert len({trial.system_attrs["fixed_params"]["train.learning_rate"] for trial in waiting}) == planned


@pytest.mark.parametrize(("sampler", "chosen_by"), [("random", "RandomSampler"), ("tpe", "TPESampler")])
def test_what_is_not_planned_is_chosen_as_the_sweep_says(sampler: str, chosen_by: str) -> None:
    assert type(study._sampler(sweeps.config(sampler=sampler), 5)).__name__ == chosen_by

"""The lab's database is cleared or replaced while an engine's worker, a server or a terminal has it open."""

import os
from pathlib import Path

import pytest

from mnistlab import jobs
from mnistlab.config import RunConfig
from mnistlab.store import Store
from tests.trust.conftest import Place
from tests.trust.test_foreground import answer_of, only_run, tiny_command
from tests.trust.test_killed import wait_for


@pytest.mark.parametrize("place", ["laptop"], indirect=True)
@pytest.mark.parametrize("is_noticed_first", [True, False], ids=["by the server", "by a new program"])
def test_a_warm_worker_trains_what_is_started_in_the_new_file(
    place: Place, config: RunConfig, lab: Path, tmp_path: Path, is_noticed_first: bool
) -> None:
    short = config.with_training(epochs=1)
    first = jobs.start(short, place.store)
    wait_for(place.store, first, lambda run: run.state == "finished")
    Store(f"sqlite:///{tmp_path / 'empty.sqlite'}")._engine.dispose()
    os.replace(tmp_path / "empty.sqlite", lab / "lab.sqlite")
    store = place.store if is_noticed_first else Store()
    run_id = jobs.start(short, store)
    run = wait_for(store, run_id, lambda run: not run.is_active)
    assert (run.state, run.error) == ("finished", None)
    assert [one.id for one in place.store.runs()] == [one.id for one in Store().runs()] == [run_id]


@pytest.mark.parametrize(
    ("is_replaced", "told"),
    [(True, "was replaced by another file while this training had it open"), (False, "is no longer there")],
    ids=["replaced", "deleted"],
)
def test_a_training_in_a_terminal_whose_database_goes_says_so(
    lab: Path, tmp_path: Path, is_replaced: bool, told: str
) -> None:
    lab.mkdir()
    process, store = tiny_command("train", "--preset", "tutorial-mlp", "--epochs", "1000"), Store()
    only_run(store, lambda run: run.step > 0)
    if is_replaced:
        Store(f"sqlite:///{tmp_path / 'empty.sqlite'}")._engine.dispose()
        os.replace(tmp_path / "empty.sqlite", lab / "lab.sqlite")
    else:
        (lab / "lab.sqlite").unlink()
    code, _, err = answer_of(process)
    assert code == 1
    assert told in err
    assert "Traceback" not in err
    assert (lab / "lab.sqlite").exists() == is_replaced

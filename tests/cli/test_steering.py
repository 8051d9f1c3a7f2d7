"""`pause`, `go-on`, `rate`, `stop` and `resume`, as they answer; trust/ steers a training in another process."""

import pytest

from mnistlab import device, steering
from mnistlab.cli import main
from mnistlab.store import Store
from tests import tiny
from tests.cli.conftest import Lines
from tests.kept import keep


def test_what_a_running_run_is_asked_for_is_told_and_kept(lines: Lines) -> None:
    store = Store()
    run_id = store.create(tiny.config(), state="running")
    store.claim(run_id, "a worker", "a ticket")
    assert [main(["pause", run_id]), main(["rate", run_id, "0.05"])] == [0, 0]
    run = store.run(run_id)
    assert (run.is_paused, run.pause_at, run.wanted_rate) == (False, 1, 0.05)
    assert [main(["go-on", run_id]), main(["stop", run_id])] == [0, 0]
    assert store.run(run_id).pause_at is None
    asked = ["asked to pause", "asked to use a learning rate of 0.05", "goes on", "asked to stop"]
    assert lines() == [f"Run {run_id}: {words}, at step 0." for words in asked]


@pytest.mark.parametrize(
    ("arguments", "states"),
    [
        (["pause"], "running"),
        (["go-on"], "running"),
        (["rate", "0.1"], "queued or running"),
        (["stop"], "queued or running or lost"),
        (["stop", "--force"], "queued or running or lost"),
    ],
)
def test_a_run_that_is_over_cannot_be_steered(
    arguments: list[str], states: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = keep(Store(), tiny.config(), 0.9)
    assert main([arguments[0], run_id, *arguments[1:]]) == 1
    assert f"The run {run_id} is finished; this needs one that is {states}." in capsys.readouterr().err


@pytest.mark.parametrize("state", ["queued", "running"])
def test_only_a_run_that_is_over_is_resumed(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = Store().create(tiny.config(), state=state)
    assert main(["resume", run_id]) == 1
    assert f"The run {run_id} is {state}; this needs one that is stopped or failed or lost." in capsys.readouterr().err
    assert main(["resume", run_id, "--more-epochs", "1"]) == 1
    assert "one that is finished or stopped or failed or lost." in capsys.readouterr().err


def test_of_two_who_resume_a_run_at_once_the_second_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store()
    run_id = store.create(tiny.config(), state="stopped")
    monkeypatch.setattr(device, "pick_device", lambda _: steering.requeue(run_id, store))  # meanwhile
    assert main(["resume", run_id]) == 1
    assert f"Somebody else has just resumed the run {run_id}." in capsys.readouterr().err
    assert (store.run(run_id).state, store.run(run_id).worker) == ("queued", None)

"""`sweep`: started, listed, shown, stopped and gone on with, without an engine."""

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from mnistlab import execution, keeping, schema, study, sweep
from mnistlab.classics import CLASSICS
from mnistlab.cli import _parser, main
from mnistlab.commands import sweep_start
from mnistlab.errors import StoreError, StudyError
from mnistlab.store import Store
from mnistlab.sweep_config import parse_sweep
from tests import sweeps
from tests.cli.conftest import Lines

Objects = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def waiting() -> str:
    """A sweep of three trials that nobody has begun."""
    return sweep.create(sweeps.config(), Store())


def test_classics_are_listed_with_what_to_watch_for(objects: Objects) -> None:
    assert main(["sweep", "list", "--classics", "--json"]) == 0
    printed = objects()
    assert [one["experiment"] for one in printed] == list(CLASSICS)
    assert (printed[0]["trials"], printed[0]["varied"][0]["low"], printed[0]["varied"][0]["high"]) == (11, 1e-4, 10)
    assert all(one["watch"] for one in printed)


def test_sweep_goes_on_here_until_all_trials_are_done(waiting: str, objects: Objects) -> None:
    assert main(["sweep", "resume", waiting, "--here", "--json"]) == 0
    *trials, result = objects()
    assert [(one["trial"], one["state"]) for one in trials] == [(0, "finished"), (1, "finished"), (2, "finished")]
    assert (result["sweep"], result["counts"]) == (waiting, {"finished": 3})
    assert result["best"]["validation_accuracy"] == max(one["validation_accuracy"] for one in trials)


def test_sweep_goes_on_here_when_a_trial_is_deleted(
    waiting: str, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = execution.execute

    def delete_the_first(store: Store, run_id: str, **settings: Any) -> None:
        train(store, run_id, **settings)
        if store.run(run_id).trial == 0:
            keeping.put_away(run_id, store)

    monkeypatch.setattr(execution, "execute", delete_the_first)
    assert main(["sweep", "resume", waiting, "--here", "--json"]) == 0
    *trials, told = objects()
    assert len(trials) == 2
    assert told["counts"] == {"finished": 2}


def test_show_lists_the_best_first(waiting: str, objects: Objects, lines: Lines) -> None:
    main(["sweep", "resume", waiting, "--here"])
    lines()
    assert main(["sweep", "show", waiting, "--json"]) == 0
    accuracies = [one["validation_accuracy"] for one in objects()[:3]]
    assert accuracies == sorted(accuracies, reverse=True)
    assert main(["sweep", "list"]) == 0
    assert f"Sweep {waiting} (learning rate): 3 finished; best: learning rate" in lines()[0]


def test_stopped_sweep_waits_for_nobody(waiting: str, objects: Objects) -> None:
    assert main(["sweep", "stop", waiting, "--json"]) == 0
    assert objects()[0]["counts"] == {"stopped": 3}
    assert not Store().runs(states=["queued"])


def test_a_sweep_that_is_over_cannot_be_stopped_once_more(waiting: str, lines: Lines) -> None:
    assert main(["sweep", "stop", waiting]) == 0
    assert "asked to stop" in lines()[0]
    assert main(["sweep", "stop", waiting]) == 0
    assert "was already over" in lines()[0]


def test_a_sweep_of_another_version_is_stopped(waiting: str, objects: Objects) -> None:
    store = Store()
    text = sweep.find(waiting, store).config.model_dump_json().replace("learning_rate", "nothere")
    with store.transaction() as connection:
        connection.execute(schema.sweeps.update().where(schema.sweeps.c.id == waiting).values(config=text))
    assert main(["sweep", "stop", waiting, "--json"]) == 0
    assert objects() == [{"sweep": waiting, "said": "asked to stop"}]
    assert {run.state for run in store.runs()} == {"stopped"}
    assert main(["sweep", "stop", waiting, "--json"]) == 1


def test_ranges_points_and_choices_are_read_from_short_names(monkeypatch: pytest.MonkeyPatch, objects: Objects) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(sweep, "start", lambda config, store, owner: kept.append(config) or sweep.create(config, store))
    varied = ["--vary", "learning-rate=1e-3..1:4", "--vary", "activation=relu,tanh", "--vary", "augmentation=on,off"]
    assert main(["sweep", "start", *varied, "--epochs", "1", "--title", "mine", "--json"]) == 0
    (config,) = kept
    assert (config.name, config.size, config.base.train.epochs, config.base.train.validation_size) == (
        "mine",
        16,
        1,
        5000,
    )
    rates, activation, augmentation = config.parameters
    assert (rates.setting, rates.low, rates.high, rates.points) == ("train.learning_rate", 1e-3, 1, 4)
    assert (activation.options, augmentation.options) == (("relu", "tanh"), (True, False))
    assert objects()[0]["counts"] == {"queued": 16}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["start"], "Say what to vary: --vary learning_rate=1e-4..10"),
        (["start", "colour"], "There is no experiment 'colour'. Choose one of: learning-rate"),
        (["start", "--vary", "colour=1..2"], "There is no setting 'colour' to vary."),
        (["start", "--vary", "dropout=0..x"], "parameters.0.range.high: 'x' was given"),
        (
            ["start", "learning-rate", "--trials", "3"],
            "A grid has as many trials as combinations, here 11, and --trials 3",
        ),
        (["start", "--vary", "learning_rate=0.1"], "to vary learning rate, give two or more values, or a range"),
        (["start", "--vary", "epochs=1,2", "--epochs", "5"], "--epochs 5 was given. Leave out one of the two."),
        (
            ["start", "--vary", "seed=1,2", "--epochs", "5", "--set", "epochs=6"],
            "--set epochs=6: epochs is given twice. Leave out one of the two.",
        ),
        (
            ["start", "--vary", "train_size=500..60000"],
            "train_size 60,000 was asked for; mnist has 55,000 images to learn from",
        ),
        (["show", "abcdefgh"], "There is no sweep 'abcdefgh' here."),
    ],
)
def test_mistake_is_told_in_a_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", *arguments]) == 1
    assert said in capsys.readouterr().err
    assert json.dumps(sweep.newest(Store())) == "[]"


@pytest.mark.parametrize("end", [KeyboardInterrupt, BrokenPipeError])
def test_what_ends_the_command_takes_its_trials_from_the_queue(
    monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    def interrupted(*args: Any, **settings: Any) -> None:
        raise end

    monkeypatch.setattr(execution, "execute", interrupted)
    with pytest.raises(end):
        sweep_start(_parser().parse_args(["sweep", "start", "--vary", "seed=1,2,3", "--epochs", "1", "--here"]))
    assert [run.state for run in Store().runs()] == ["stopped"] * 3


def test_a_sweep_that_is_stopped_from_elsewhere_ends_as_after_ctrl_c(
    waiting: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(execution, "execute", lambda store, *_, **settings: sweep.stop(waiting, store))
    assert main(["sweep", "resume", waiting, "--here"]) == 130
    assert f"mnistlab: stopped; sweep resume {waiting} goes on" in capsys.readouterr().err


def test_ctrl_c_leaves_what_waits_to_others_who_train_the_same_sweep(
    waiting: str, monkeypatch: pytest.MonkeyPatch, objects: Objects
) -> None:
    store = Store()
    first = store.runs()[-1]
    store.claim(first.id, "another:1")
    train = execution.execute

    def interrupted(store: Store, run_id: str, **settings: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        train(store, run_id, **settings)

    monkeypatch.setattr(execution, "execute", interrupted)
    assert main(["sweep", "resume", waiting, "--here", "--json"]) == 130
    assert objects()[-1]["counts"] == {"running": 1, "stopped": 1, "queued": 1}


def test_an_experiment_is_done_with_the_recipe_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, objects: Objects
) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(sweep, "start", lambda config, store, owner: kept.append(config) or sweep.create(config, store))
    assert main(["sweep", "start", "learning-rate", "--preset", "fast-cnn"]) == 0
    assert main(["sweep", "start", "learning-rate"]) == 0
    assert [config.base.model.kind for config in kept] == ["cnn", "mlp"]
    assert kept[0].parameters == kept[1].parameters == CLASSICS["learning-rate"].config.parameters


def test_ctrl_c_between_two_trials_is_told_where_others_go_on(
    waiting: str, monkeypatch: pytest.MonkeyPatch, objects: Objects, capsys: pytest.CaptureFixture[str]
) -> None:
    Store().claim(Store().runs()[-1].id, "another:1")
    monkeypatch.setattr(sweep, "requeue", lambda *_: signal.raise_signal(signal.SIGINT))
    assert main(["sweep", "resume", waiting, "--here", "--json"]) == 130
    printed = capsys.readouterr()
    assert json.loads(printed.out)["counts"] == {"running": 1, "queued": 2}
    assert "the waiting trials are left to whoever else trains this sweep" in printed.err


def test_resume_says_where_there_is_nothing_to_go_on_with(waiting: str, lines: Lines) -> None:
    main(["sweep", "resume", waiting, "--here"])
    lines()
    assert main(["sweep", "resume", waiting]) == 0
    assert lines()[-1].endswith("(nothing left to go on with)")


def test_sweep_that_was_kept_before_its_images_were_counted_can_be_read() -> None:
    more = parse_sweep(
        {"base": {"preset": "custom"}, "parameters": [{"setting": "train.train_size", "low": 500, "high": 60_000}]}
    )
    assert parse_sweep(more.model_dump()) == more


def test_sigterm_stops_a_sweep_as_ctrl_c_does(waiting: str, monkeypatch: pytest.MonkeyPatch, objects: Objects) -> None:
    train = execution.execute

    def interrupted(store: Store, run_id: str, **settings: Any) -> None:
        signal.raise_signal(signal.SIGTERM)
        train(store, run_id, **settings)

    monkeypatch.setattr(execution, "execute", interrupted)
    assert main(["sweep", "resume", waiting, "--here", "--json"]) == 128 + signal.SIGTERM
    assert objects()[-1]["counts"] == {"stopped": 3}
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_trial_that_has_failed_is_named_and_the_command_ends_with_1(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {"setting": "train.train_size", "options": [100, 501, 200]}  # there are 500
    sweep_id = sweep.create(sweeps.config(sizes), Store())
    assert main(["sweep", "resume", sweep_id, "--here"]) == 1
    (failed,) = [run for run in Store().runs() if run.state == "failed"]
    said = f"1 failed: {failed.id}. Trained again with the same values, most would fail again; "
    assert said + f"`python -m mnistlab resume {failed.id}`" in capsys.readouterr().err
    assert main(["sweep", "resume", sweep_id]) == 1
    printed = capsys.readouterr()
    assert said in printed.err
    assert "(nothing left to go on with)" in printed.out
    assert Store().run(failed.id).attempt == failed.attempt


def test_trials_that_failed_before_they_knew_what_to_try_are_tried_again(
    waiting: str, monkeypatch: pytest.MonkeyPatch, objects: Objects
) -> None:
    def full(*arguments: Any) -> None:
        raise StudyError("The study cannot be used: No space left on device.")

    with monkeypatch.context() as patched:
        patched.setattr(study, "ask", full)
        assert main(["sweep", "resume", waiting, "--here", "--json"]) == 1
    assert objects()[-1]["counts"] == {"failed": 3}
    assert main(["sweep", "resume", waiting, "--here", "--json"]) == 0
    assert objects()[-1]["counts"] == {"finished": 3}


def test_a_sweep_whose_store_takes_no_more_says_how_it_goes_on(
    waiting: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: Any, **named: Any) -> None:
        raise StoreError("The database could not be used: database or disk is full.")

    monkeypatch.setattr(execution, "execute", full)
    assert main(["sweep", "resume", waiting, "--here"]) == 1
    assert (
        f"Once that is put right, `python -m mnistlab sweep resume {waiting} --here` goes on."
        in capsys.readouterr().err
    )
    assert sweep.find(waiting, Store()).counts == {"stopped": 3}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--vary", "seed=1,2", "--epochs", "0"], "--epochs 0: choose a whole number from 1 to 1,000 (train.epochs: 0"),
        (["--vary", "seed=1,2", "--trials", "0"], "--trials 0: choose a whole number from 1 to 200 (num_trials: 0"),
        (["--vary", "seed=1,2", "--title", "x" * 81], f"--title {'x' * 81}: choose at most 80 characters ("),
        (["--vary", "learning_rate=0.1"], "--vary learning_rate=0.1: to vary learning rate, give two or more values"),
        (["--vary", "learning_rate=5..1"], "--vary learning_rate=5..1: learning rate should go from a lower to a high"),
        (["--vary", "seed=1,2", "--vary", "learning_rate=1..500"], "--vary learning_rate=1..500: train.learning_rate"),
        (["--vary", "seed=1,2", "--vary", "dropout=a..b"], "--vary dropout=a..b: the lower end is not a number ("),
        (["--vary", "seed=1..4:99"], "--vary seed=1..4:99: the number of points, behind the colon, is not a whole "),
    ],
)
def test_a_mistake_is_told_by_the_option_that_was_given(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", "start", *arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mnistlab: {said}")

"""`--set` and `settings`: every setting of a recipe from a terminal, and what is said where it takes no such value."""

from collections.abc import Callable
from typing import Any

import pytest

from mnistlab import sweep
from mnistlab.cli import main
from mnistlab.config import parse_config
from mnistlab.presets import get_preset
from mnistlab.settings import FIELDS
from mnistlab.store import Store
from tests import tiny
from tests.cli.conftest import Lines

Objects = Callable[[], list[dict[str, Any]]]
ONE_EPOCH = ["train", "--epochs", "1", "--json"]


def test_any_setting_of_a_preset_can_be_changed(objects: Objects) -> None:
    given = ["learning-rate=0.3", "optimizer=adam", "hidden=64-32", "model.dropout=0.2", "batch_norm=on", "rotation=10"]
    assert main([*ONE_EPOCH, *(word for text in given for word in ("--set", text))]) == 0
    config = Store().run(objects()[-1]["run"]).config
    wanted = get_preset("tutorial-mlp").config.model_dump()
    wanted["train"] |= {"learning_rate": 0.3, "optimizer": "adam", "epochs": 1}
    wanted["model"] |= {"hidden": (64, 32), "dropout": 0.2, "batch_norm": True}
    wanted["augment"]["rotation"] = 10
    assert config == parse_config(wanted)


def test_no_hidden_layer_and_more_digits_behind_the_point_are_taken(objects: Objects) -> None:
    assert main([*ONE_EPOCH, "--set", "hidden=none", "--set", "learning_rate=1e-3"]) == 0
    config = Store().run(objects()[-1]["run"]).config
    assert (config.model.hidden, config.train.learning_rate) == ((), 0.001)


def test_the_recipe_of_a_run_is_trained_again_with_one_thing_changed(objects: Objects) -> None:
    assert main([*ONE_EPOCH, "--set", "hidden=64", "--seed", "3"]) == 0
    first = objects()[-1]["run"]
    assert main(["train", "--like", first, "--set", "momentum=0.5", "--json"]) == 0
    again = Store().run(objects()[-1]["run"]).config
    changed = Store().run(first).config.model_dump()
    changed["train"]["momentum"] = 0.5
    assert again == parse_config(changed)


def test_a_recipe_of_a_run_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--like", "abcdefgh"]) == 1
    assert "There is no run 'abcdefgh'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", "--like", "abcdefgh", "--preset", "fast-mlp"])
    assert "not allowed with argument" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--set", "learning_rat=1"],
            "--set learning_rat=1: there is no setting 'learning_rat'. Choose from: dataset, ",
        ),
        (
            ["--set", "learning_rate=0"],
            "--set learning_rate=0: choose a number above 0, up to 100 (train.learning_rate: ",
        ),
        (["--set", "momentum=1"], "--set momentum=1: choose a number from 0 to below 1 ("),
        (["--set", "optimizer=adan"], "--set optimizer=adan: choose one of sgd, adam, adamw, rmsprop ("),
        (
            ["--set", "hidden=64-x"],
            "--set hidden=64-x: write hidden= followed by up to 5 whole numbers from 1 to 2,048",
        ),
        (["--set", "batch_norm=maybe"], "--set batch_norm=maybe: write batch_norm= followed by true or false ("),
        (["--set", "epochs"], "--set epochs: write epochs= followed by a whole number from 1 to 1,000 ("),
        (["--set", "hidden"], "--set hidden: write hidden= followed by up to 5 whole numbers from 1 to 2,048"),
        (["--set", "epochs=1.5"], "--set epochs=1.5: write epochs= followed by a whole number from 1 to 1,000 ("),
        (["--epochs", "2", "--set", "epochs=3"], "--set epochs=3: epochs is given twice. Leave out one of the two."),
        (["--set", "seed=1", "--set", "train.seed=2"], "--set train.seed=2: seed is given twice. "),
        (["--set", "nesterov=on"], "train: nesterov needs optimizer sgd and a momentum above 0"),
    ],
)
def test_a_value_that_cannot_be_is_told_by_what_was_given(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mnistlab: {said}")
    assert Store().runs() == []


def test_settings_lists_every_setting_with_what_it_takes(lines: Lines, objects: Objects) -> None:
    assert main(["settings"]) == 0
    printed = lines()
    assert "optimizer = sgd   (one of sgd, adam, adamw, rmsprop)" in printed
    assert "rotation = 0   (a number from 0 to 180; degrees)" in printed
    assert "pools = 2-4   (up to 3 whole numbers from 1 to 6, as in 2-4, or none)" in printed
    assert max(map(len, printed)) <= 100
    assert main(["settings", "--json"]) == 0
    told = objects()
    assert [one["setting"] for one in told] == list(FIELDS)
    assert all(one["allowed"] and one["about"] for one in told)


def test_a_setting_that_may_be_none_says_so(lines: Lines) -> None:
    main(["settings"])
    printed = lines()
    assert any(
        line.startswith("hidden = ") and line.endswith("as in 512-120-84, or none; neurons)") for line in printed
    )
    assert not any(line.startswith("channels = ") and "none" in line for line in printed)


def test_runs_say_what_sets_each_apart_from_its_preset(lines: Lines, objects: Objects) -> None:
    assert main([*ONE_EPOCH, "--set", "learning_rate=0.3"]) == 0
    lines()
    assert main(["runs"]) == 0
    assert lines()[0].endswith("; learning rate 0.3, epochs 1")
    assert main(["runs", "--json"]) == 0
    (told,) = objects()
    assert parse_config(told["config"]).train.learning_rate == 0.3


def test_a_sweep_changes_its_recipe_for_all_trials(
    lines: Lines, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "start", sweep.create)  # no engine
    vary = ["sweep", "start", "--vary", "learning_rate=0.1,0.2", "--epochs", "1", "--json"]
    assert main([*vary, "--set", "learning_rate=0.3"]) == 1
    assert (
        "--set learning_rate=0.3: learning_rate is given twice. The sweep varies it: --vary says how."
        in capsys.readouterr().err
    )
    assert main([*vary, "--set", "hidden=32", "--set", "optimizer=adam"]) == 0
    assert [(run.config.model.hidden, run.config.train.optimizer) for run in Store().runs()] == [((32,), "adam")] * 2


def test_a_trial_which_is_not_tested_says_what_was_tried_in_it(lines: Lines) -> None:
    values, store = get_preset("quick-mlp").config.model_dump(), Store()
    values["train"]["learning_rate"] = 0.3
    run_id = store.create(parse_config(values))
    store.finish(run_id, store.claim(run_id, "box:1") or 0, "finished")
    assert main(["runs"]) == 0
    assert lines()[0].endswith("  learning rate 0.3")


def test_a_sweep_goes_around_the_recipe_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "start", sweep.create)
    run_id = Store().create(tiny.config(batch_size=7))
    assert main(["sweep", "start", "--like", run_id, "--vary", "learning_rate=0.1,0.2"]) == 0
    assert [run.config.train.batch_size for run in Store().runs()] == [7, 7, 7]

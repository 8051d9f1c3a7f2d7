"""`rename`, `note`, `star`, `delete`, `restore` and `compare`, as a person and as a program meet them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnistlab.cli import main
from mnistlab.paths import lab_environment
from mnistlab.store import Store
from tests import tiny
from tests.cli.conftest import Lines
from tests.kept import keep

Objects = Callable[[], list[dict[str, Any]]]


def kept(accuracy: float = 0.9, **train: Any) -> str:
    return keep(Store(), tiny.config(**train), accuracy, num_images=400)


def test_name_and_star_stand_in_the_list_of_runs(lines: Lines) -> None:
    run_id, other = kept(), kept(seed=1)
    assert [main(["rename", run_id, "my best"]), main(["star", run_id])] == [0, 0]
    assert lines() == [f"Run {run_id} is called my best.", f"Run {run_id} has a star."]
    assert main(["runs"]) == 0
    listed = {line[:8]: line for line in lines()}
    assert listed[run_id].split()[1] == "*"
    assert "my best (custom)" in listed[run_id]
    assert "*" not in listed[other]


def test_what_is_taken_away_is_told(lines: Lines) -> None:
    run_id = kept()
    for command in (["note", "first try"], ["note", ""], ["star"], ["star", "--off"], ["rename", "x"], ["rename", ""]):
        assert main([command[0], run_id, *command[1:]]) == 0
    told = ["has a note", "has no note", "has a star", "has no star", "is called x", "has no name"]
    assert lines() == [f"Run {run_id} {words}." for words in told]


def test_json_tells_what_is_kept_by_now(objects: Objects) -> None:
    run_id = kept()
    for command in (["rename", run_id, "mine"], ["note", run_id, "first try"], ["star", run_id], ["runs"]):
        assert main([*command, "--json"]) == 0
    *_, starred, listed = objects()
    assert starred == {"run": run_id, "state": "finished", "name": "mine", "note": "first try", "starred": True}
    assert (listed["name"], listed["note"], listed["starred"]) == ("mine", "first try", True)
    main(["star", run_id, "--off", "--json"])
    main(["rename", run_id, "", "--json"])
    assert objects()[-1] == starred | {"name": None, "starred": False}


def test_a_deleted_run_is_gone_and_restored_it_is_back(lines: Lines) -> None:
    run_id = kept()
    assert main(["delete", run_id]) == 0
    assert lines() == [f"Run {run_id} is deleted; `python -m mnistlab restore {run_id}` brings it back."]
    assert Store().runs() == []
    assert main(["restore", run_id]) == 0
    assert [run.id for run in Store().runs()] == [run_id]


def test_several_runs_are_deleted_at_once_or_none(lines: Lines, objects: Objects) -> None:
    first, second, third = kept(), kept(seed=1), kept(seed=2)
    assert main(["delete", first, "zzzzzzzz", second]) == 1
    assert {run.id for run in Store().runs()} == {first, second, third}
    assert main(["delete", first, second, first, "--json"]) == 0
    assert objects() == [{"run": run_id, "deleted": True} for run_id in (first, second)]
    assert [run.id for run in Store().runs()] == [third]


@pytest.mark.parametrize("command", [["rename", "x"], ["note", "x"], ["star"], ["delete"], ["restore"]])
def test_an_unknown_run_is_a_sentence(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command[0], "zzzzzzzz", *command[1:]]) == 1
    assert "There is no run 'zzzzzzzz'" in capsys.readouterr().err


def test_too_long_a_name_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rename", kept(), "a" * 81]) == 1
    assert "at most 80 characters; 81 were given" in capsys.readouterr().err


def test_compare_tells_what_differs_and_whether_it_was_luck(lines: Lines, objects: Objects) -> None:
    first, second = kept(0.8), kept(0.9, learning_rate=0.5)
    assert main(["compare", first, second]) == 0
    difference, answer = lines()
    assert difference == f"learning rate: 0.1 in {first}, 0.5 in {second}"
    assert f"{second} is better" in answer
    assert "**" not in answer
    assert main(["compare", first, second, "--json"]) == 0
    (told,) = objects()
    assert told["differences"] == {"learning rate": ["0.1", "0.5"]}
    assert told["test_accuracies"] == [[0.8], [0.9]]


def test_compare_of_two_seeds_says_that_they_are_one_recipe(lines: Lines) -> None:
    assert main(["compare", kept(0.8), kept(0.9, seed=1)]) == 0
    assert lines()[-1].endswith("These are one recipe: what sets their networks apart is the seed, and that is luck.")
    assert main(["compare", kept(0.8), kept(0.8)]) == 0
    assert "is the seed" not in lines()[-1]


def test_compare_counts_all_seeds_of_each_recipe(objects: Objects) -> None:
    first = [kept(share, seed=seed) for seed, share in enumerate((0.8, 0.81, 0.82))]
    second = [kept(share, seed=seed, learning_rate=0.5) for seed, share in enumerate((0.9, 0.91))]
    assert main(["compare", first[1], second[0], "--seeds", "--json"]) == 0
    (told,) = objects()
    assert [set(ids) for ids in told["runs"]] == [set(first), set(second)]
    assert "Welch's test" in told["answer"]


def test_compare_with_seeds_of_one_recipe_tells_how_far_they_lie_apart(lines: Lines) -> None:
    first, second = kept(0.8, seed=0), kept(0.81, seed=1)
    assert main(["compare", first, second, "--seeds"]) == 0
    *_, answer = lines()
    assert "2 seeds of this one recipe read 80.50 % of the test digits on average" in answer
    assert "Welch" not in answer


def test_a_name_that_the_terminal_cannot_write_keeps_no_run_from_the_list(lab: Path) -> None:
    named, other = kept(), kept(seed=1)
    main(["rename", named, "\N{GREEK CAPITAL LETTER OMEGA}mega"])
    done = subprocess.run(
        [sys.executable, "-m", "mnistlab", "runs"],
        env=lab_environment() | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\\u03a9mega" in done.stdout
    assert other in done.stdout


def test_compare_does_not_count_what_a_run_read_before_it_was_given_more_epochs(objects: Objects) -> None:
    steps = [kept(share, seed=seed, epochs=3) for seed, share in enumerate((0.9, 0.91))]
    short, other = kept(0.5, seed=2, epochs=1), kept(0.8, learning_rate=0.5)
    Store().change(short, {"config": tiny.config(seed=2, epochs=3).model_dump_json(), "state": "stopped"}, ["finished"])
    assert main(["compare", steps[0], other, "--seeds", "--json"]) == 0
    assert sorted(objects()[0]["test_accuracies"][0]) == [0.9, 0.91]
    assert Store().run(short).test_readings == 1


@pytest.mark.usefixtures("few_listed")
def test_compare_finds_the_other_seeds_behind_any_number_of_newer_runs(objects: Objects) -> None:
    first, second = kept(0.8, seed=0), kept(0.9, seed=0, learning_rate=0.5)
    others = [kept(0.81, seed=1), kept(0.91, seed=1, learning_rate=0.5)]
    assert len(Store().runs()) < len(Store().runs(limit=None))
    assert main(["compare", first, second, "--seeds", "--json"]) == 0
    assert [set(ids) for ids in objects()[0]["runs"]] == [{first, others[0]}, {second, others[1]}]


def test_compare_tells_of_a_rate_changed_by_hand_and_of_epochs_added_under_a_schedule(lines: Lines) -> None:
    first, second = (kept(0.8, schedule="one-cycle", epochs=4) for _ in range(2))
    Store().change(second, {"rate_changes": "[[30, 0.5]]", "planned_epochs": 2}, ["finished"])
    assert main(["compare", first, second]) == 0
    assert lines()[:2] == [
        f"change of the learning rate: none in {first}, 0.5 from step 31 on in {second}",
        f"epochs planned at first: all in {first}, 2 in {second}",
    ]


@pytest.mark.parametrize("command", [["delete"], ["evaluate"], ["rename", "x"], ["stop"], ["resume"], ["compare"]])
def test_a_deleted_run_is_told_to_be_deleted(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run_id, other = kept(), kept(seed=1)
    main(["delete", run_id])
    arguments = [command[0], other, run_id] if command[0] == "compare" else [command[0], run_id, *command[1:]]
    capsys.readouterr()
    assert main(arguments) == 1
    said = f"mnistlab: The run {run_id} was deleted. `python -m mnistlab restore {run_id}` brings it back.\n"
    assert capsys.readouterr().err == said

"""Lines of a script: folded where they would be too long, the lab's own optimizer, and what is said at its head."""

import ast
from dataclasses import replace
from textwrap import dedent
from typing import Any

import pytest
import torch
from torch import nn

from mnistlab.export.script import to_script
from mnistlab.export.script_lines import LONGEST_LINE, folded
from mnistlab.export.script_steps import optimizer_line
from mnistlab.export.source import Source
from mnistlab.optimizers import build_optimizer
from tests import tiny

ARGUMENTS = ", ".join(f"argument_{number}=(number, {number})" for number in range(10))


def meaning(lines: list[str]) -> str:
    return ast.dump(ast.parse(dedent("\n".join(lines))))


@pytest.mark.parametrize(
    "line",
    [
        f"    first, second = combine({ARGUMENTS})",
        f"combine({', '.join(['[one, two, three, four]'] * 12)})",
        f"combine({', '.join(['number'] * 60)})",
        f'print("{"a, [b " * 14}", {ARGUMENTS})',
        f"total = sum([{' * '.join(['number'] * 20)} for number in range(10) if number > 2])",
    ],
    ids=["arguments", "lists", "many lines", "a text", "a loop"],
)
def test_a_long_line_is_folded_and_means_the_same(line: str) -> None:
    lines = folded(line)
    assert len(lines) > 1
    assert max(map(len, lines)) <= LONGEST_LINE
    assert meaning(lines) == meaning([line])
    assert min(len(one) for one in lines[:-1]) > LONGEST_LINE / 2  # no more lines than it takes


def test_lines_go_on_four_spaces_further_in_between_two_arguments() -> None:
    first, *others = folded(f"    combine({ARGUMENTS})")
    assert first.startswith("    combine(argument_0=")
    assert all(other.startswith("        argument_") for other in others)


def test_a_comment_comes_before_what_is_folded_and_stays_behind_what_is_short() -> None:
    assert folded(f"    combine({ARGUMENTS})  # as in the lab")[0] == "    # as in the lab"
    assert folded("combine(one)  # as in the lab") == ["combine(one)  # as in the lab"]


def test_what_cannot_be_folded_stays_as_it_is() -> None:
    line = f'print("{"a, b " * 40}")'
    assert folded(line) == [line]


@pytest.mark.parametrize(
    "train",
    [
        {"optimizer": "sgd"},
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        {"optimizer": "adam", "momentum": 0.9, "weight_decay": 0.01},
        {"optimizer": "adamw"},
        {"optimizer": "adamw", "weight_decay": 0.3},
        {"optimizer": "rmsprop", "momentum": 0.5},
    ],
    ids=str,
)
def test_the_optimizer_of_a_script_is_the_labs(train: dict[str, Any]) -> None:
    config, model = tiny.config(**train), nn.Linear(2, 2)
    names: dict[str, Any] = {"torch": torch, "model": model}
    exec(optimizer_line(config), names)
    ours = build_optimizer(config.train, model)
    assert type(names["optimizer"]).__name__ == type(ours).__name__
    (group,), (expected,) = names["optimizer"].param_groups, ours.param_groups
    assert group == expected


def test_a_script_says_that_rounding_adds_up(source: Source) -> None:
    assert "Rounding adds up: late losses differ." in to_script(source)


def test_a_script_says_where_a_run_that_is_not_over_stood(source: Source) -> None:
    stopped = " ".join(to_script(replace(source, state="stopped", step=1200, num_steps=2750)).split())
    assert "the run had taken 1,200 of its 2,750 steps: the script takes them all." in stopped
    assert "When this was written" not in to_script(source)

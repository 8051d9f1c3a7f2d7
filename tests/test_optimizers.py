"""Optimizers as configured, and the learning rate's course over a run."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from mnistlab import optimizers
from mnistlab.config import TrainConfig
from mnistlab.optimizers import Adam, AdamW, LearningRate, build_optimizer, learning_rate_at, set_learning_rate
from tests.programs import printed

NUM_STEPS = 200
SETTINGS: list[tuple[dict[str, Any], type[torch.optim.Optimizer], dict[str, Any]]] = [
    ({"optimizer": "sgd"}, torch.optim.SGD, {"lr": 0.1}),
    (
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        torch.optim.SGD,
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    ),
    ({"optimizer": "adam", "weight_decay": 0.01}, torch.optim.Adam, {"lr": 0.1, "weight_decay": 0.01}),
    ({"optimizer": "adamw", "weight_decay": 0.3}, torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.3}),
    ({"optimizer": "adamw"}, torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.0}),
    (
        {"optimizer": "rmsprop", "momentum": 0.5, "weight_decay": 0.01},
        torch.optim.RMSprop,
        {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.01},
    ),
]


def rates(num_steps: int = NUM_STEPS, **train: Any) -> list[float]:
    config = TrainConfig(**train)
    return [learning_rate_at(config, step, num_steps) for step in range(num_steps)]


@pytest.mark.parametrize(("train", "kind", "arguments"), SETTINGS, ids=lambda value: str(value))
def test_optimizer_steps_as_torchs_own_does(
    train: dict[str, Any], kind: type[torch.optim.Optimizer], arguments: dict[str, Any]
) -> None:
    torch.manual_seed(0)
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    our_optimizer = build_optimizer(TrainConfig(**train), ours)
    their_optimizer = kind(theirs.parameters(), **arguments)
    for _ in range(5):
        batch = torch.randn(4, 5)
        for model, optimizer in ((ours, our_optimizer), (theirs, their_optimizer)):
            optimizer.zero_grad()
            model(batch).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(ours.weight, theirs.weight)
    torch.testing.assert_close(ours.bias, theirs.bias)


@pytest.mark.parametrize("kind", ["sgd", "adam", "adamw", "rmsprop"])
def test_a_weight_without_a_gradient_is_left_as_it_is(kind: str) -> None:
    model = nn.Linear(2, 2)
    optimizer = build_optimizer(TrainConfig(optimizer=kind), model)  # type: ignore[arg-type]  # it is of the list above
    for _ in range(2):
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    bias = model.bias.detach().clone()
    optimizer.zero_grad()
    assert model.weight.grad is None
    weight = model.weight.detach().clone()
    model.weight.grad = torch.ones(2, 2)
    optimizer.step()
    assert torch.equal(model.bias, bias)
    assert not torch.equal(model.weight, weight)


@pytest.mark.parametrize("ours", [Adam, AdamW])
@pytest.mark.parametrize(
    "unusual",
    [{}, {"amsgrad": True, "maximize": True}, {"amsgrad": True}, {"maximize": True}, {"fused": False}],
    ids=str,
)
def test_adam_takes_the_short_way_where_it_is_torchs_own(
    ours: Any, unusual: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bool] = []
    take = optimizers._take_adams_step
    monkeypatch.setattr(optimizers, "_take_adams_step", lambda of: taken.append(take(of)) or taken[-1])
    options, usual = {"fused": True, "weight_decay": 0.1} | unusual, not unusual
    weights = trained_by(lambda parameters: ours(parameters, 0.1, **options))
    assert taken == [False, usual, usual, usual, usual]
    theirs = {"Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}[ours.__name__]
    expected = trained_by(lambda parameters: theirs(parameters, 0.1, **options))
    torch.testing.assert_close(weights, expected, rtol=0, atol=0)


def test_adam_with_several_groups_is_torchs_own() -> None:
    def groups(parameters: list[nn.Parameter]) -> list[dict[str, Any]]:
        return [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.3}]

    ours = trained_by(lambda parameters: Adam(groups(parameters), 0.1, fused=True))
    theirs = trained_by(lambda parameters: torch.optim.Adam(groups(parameters), 0.1, fused=True))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_a_gradient_that_comes_late_is_followed_as_torch_does() -> None:
    weights = []
    for kind in (Adam, torch.optim.Adam):
        one, other = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(2))
        optimizer = kind([one, other], 0.1, fused=True)
        for step in range(4):
            one.grad, other.grad = torch.full((3,), 1.0 + step), torch.ones(2) if step > 1 else None
            optimizer.step()
        weights.append((one.detach(), other.detach()))
    torch.testing.assert_close(*weights, rtol=0, atol=0)


def trained_by(make: Callable[[list[nn.Parameter]], torch.optim.Optimizer]) -> torch.Tensor:
    """The weight of a small layer after five steps."""
    torch.manual_seed(0)
    model = nn.Linear(5, 3)
    optimizer = make(list(model.parameters()))
    for _ in range(5):
        optimizer.zero_grad()
        model(torch.randn(4, 5)).square().sum().backward()
        optimizer.step()
    return model.weight.detach()


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_what_is_to_happen_before_and_after_a_step_happens_then(kind: str) -> None:
    """As where several processes add up their gradients."""
    model = nn.Linear(2, 2)
    optimizer = build_optimizer(TrainConfig(optimizer=kind), model)  # type: ignore[arg-type]  # it is of the list above
    before: list[torch.Tensor] = []
    after: list[torch.Tensor] = []
    optimizer.register_step_pre_hook(lambda *_: before.append(model.weight.detach().clone()))
    optimizer.register_step_post_hook(lambda *_: after.append(model.weight.detach().clone()))
    weights = []
    for _ in range(3):
        weights.append(model.weight.detach().clone())
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    assert all(torch.equal(*pair) for pair in zip(before, weights, strict=True))
    assert all(torch.equal(*pair) for pair in zip(after, [*weights[1:], model.weight], strict=True))


@pytest.mark.parametrize("kind", ["sgd", "adam", "adamw", "rmsprop"])
def test_optimizers_leave_torchs_compiler_unloaded(kind: str) -> None:
    program = f"""
import sys, torch
from mnistlab.config import TrainConfig
from mnistlab.optimizers import build_optimizer
model = torch.nn.Linear(2, 2)
optimizer = build_optimizer(TrainConfig(optimizer={kind!r}), model)
model(torch.ones(1, 2)).sum().backward()
optimizer.step()
optimizer.zero_grad()
optimizer.load_state_dict(optimizer.state_dict())
print("torch._dynamo" in sys.modules, len(optimizer.state))
"""
    loads_compiler, num_states = printed(program).split()
    assert loads_compiler == "False"
    assert int(num_states) == (0 if kind == "sgd" else 2)


def test_constant_rate_stays() -> None:
    assert set(rates(learning_rate=0.3)) == {0.3}


def test_cosine_falls_from_the_rate_towards_zero() -> None:
    course = rates(learning_rate=0.3, schedule="cosine")
    assert course[0] == pytest.approx(0.3)
    assert course[NUM_STEPS // 2] == pytest.approx(0.15)
    assert 0 < course[-1] < 0.001
    assert course == sorted(course, reverse=True)


def test_cosine_equals_torchs_own() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, NUM_STEPS)
    assert rates(learning_rate=0.3, schedule="cosine") == pytest.approx(torchs_rates(optimizer, scheduler), abs=1e-9)


def test_one_cycle_equals_torchs_own() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.3, total_steps=NUM_STEPS, cycle_momentum=False)
    # torch counts the rise in whole steps, one fewer than 30 %: their peaks are up to a step apart.
    expected = torchs_rates(optimizer, scheduler)
    assert rates(learning_rate=0.3, schedule="one-cycle") == pytest.approx(expected, abs=0.006)


def test_one_cycle_rises_to_its_peak_and_falls_to_almost_nothing() -> None:
    course = rates(learning_rate=0.3, schedule="one-cycle")
    peak = course.index(max(course))
    assert course[0] == pytest.approx(0.3 / 25)
    assert max(course) == pytest.approx(0.3, rel=1e-3)
    assert peak / NUM_STEPS == pytest.approx(0.3, abs=0.01)
    assert course[:peak] == sorted(course[:peak])
    assert course[peak:] == sorted(course[peak:], reverse=True)
    assert course[-1] == pytest.approx(0.3 / 25 / 10_000)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle"])
@pytest.mark.parametrize("changes", [[], [(30, 0.5)], [(80, 0.05)], [(30, 0.01), (150, 0.2)]])
def test_highest_rate_so_far_is_that_of_all_steps_since_the_last_change(
    schedule: Any, changes: list[tuple[int, float]]
) -> None:
    rate = LearningRate(TrainConfig(learning_rate=0.3, schedule=schedule), NUM_STEPS, changes)
    for step in range(NUM_STEPS):
        start = max([0, *(at for at, _ in changes if at <= step)])
        assert rate.highest(step) == pytest.approx(max(map(rate.at, range(start, step + 1))), rel=0.01)


def test_a_change_by_hand_takes_the_place_of_what_was_to_come() -> None:
    rate = LearningRate(TrainConfig(learning_rate=0.3), NUM_STEPS, [(30, 0.5), (80, 0.05)])
    assert [rate.chosen(step) for step in (0, 29, 30, 79, 80)] == [0.3, 0.3, 0.5, 0.5, 0.05]
    rate.change(60, 0.1)
    assert rate.changes == [(30, 0.5), (60, 0.1)]
    assert [rate.at(step) for step in (29, 30, 59, 60, 80)] == [0.3, 0.5, 0.5, 0.1, 0.1]


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle"])
@pytest.mark.parametrize("num_steps", [1, 2, 3])
def test_the_shortest_runs_have_a_rate_in_every_step(schedule: Any, num_steps: int) -> None:
    assert all(0 < rate <= 0.3 for rate in rates(num_steps, learning_rate=0.3, schedule=schedule))


def test_set_rate_is_used_by_the_next_step() -> None:
    model = nn.Linear(1, 1, bias=False)
    optimizer = build_optimizer(TrainConfig(learning_rate=0.1), model)
    before = model.weight.item()
    set_learning_rate(optimizer, 0.5)
    model(torch.ones(1, 1)).sum().backward()
    optimizer.step()
    assert model.weight.item() == pytest.approx(before - 0.5)


def torchs_rates(optimizer: torch.optim.Optimizer, scheduler: torch.optim.lr_scheduler.LRScheduler) -> list[float]:
    course = []
    for _ in range(NUM_STEPS):
        course.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return course

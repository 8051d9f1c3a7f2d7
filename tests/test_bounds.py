"""Bounds of a field as its constraints set them, and the one that there is from the number of images."""

import math

import pytest
from pydantic import BaseModel, Field

from mnistlab.bounds import bounds_of, check_images, num_to_learn_from
from mnistlab.config import RunConfig, parse_config
from mnistlab.errors import ConfigError


class Fields(BaseModel):
    """Constraints of each kind."""

    whole: int = Field(2, ge=1, le=5)
    between: int = Field(2, gt=0, lt=10)
    share: float = Field(0.5, gt=0, lt=1)
    free: float = 0.5


@pytest.mark.parametrize(
    ("name", "bounds"),
    [("whole", (1, 5)), ("between", (1, 9)), ("share", (0, 1)), ("free", (-math.inf, math.inf))],
)
def test_bounds_are_those_of_the_constraints_and_of_whole_numbers_the_allowed_ones(
    name: str, bounds: tuple[float, float]
) -> None:
    assert bounds_of(Fields.model_fields[name]) == bounds


def config(train_size: int, dataset: str = "mnist") -> RunConfig:
    return parse_config({"dataset": dataset, "train": {"train_size": train_size, "validation_size": 5000}})


@pytest.mark.parametrize(("dataset", "left"), [("mnist", 55_000), ("kmnist", 55_000), ("emnist-digits", 235_000)])
def test_those_that_are_not_held_out_are_there_to_learn_from(dataset: str, left: int) -> None:
    assert num_to_learn_from(config(0, dataset)) == left


def test_no_more_images_may_be_asked_for_than_are_left() -> None:
    check_images(config(0))
    check_images(config(55_000))
    check_images(config(60_000, "emnist-digits"))
    with pytest.raises(ConfigError, match=r"train_size 55,001 was asked for; mnist has 55,000 .* besides the 5,000"):
        check_images(config(55_001))

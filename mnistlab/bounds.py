"""The bounds of a config's field, read from its constraints for forms, links and sweeps.

And the bound set by a data set: how many images there are to learn from and to hold out.
"""

import math
from typing import get_args

import annotated_types
from pydantic.fields import FieldInfo

from mnistlab.config import DatasetName, RunConfig
from mnistlab.errors import ConfigError

# Training images, held-out ones included.
_NUM_IMAGES = dict.fromkeys(get_args(DatasetName), 60_000) | {"emnist-digits": 240_000}


def bounds_of(info: FieldInfo) -> tuple[float, float]:
    """The lowest and the highest value of a field, infinite where it has no bound.

    For whole numbers both are allowed. A float's bound may itself be excluded, like the 0 of "more than 0".
    """
    lowest, highest = -math.inf, math.inf
    step = 1 if info.annotation is int else 0
    for limit in info.metadata:
        match limit:
            case annotated_types.Ge(ge=int() | float() as least):
                lowest = float(least)
            case annotated_types.Gt(gt=int() | float() as less):
                lowest = float(less) + step
            case annotated_types.Le(le=int() | float() as most):
                highest = float(most)
            case annotated_types.Lt(lt=int() | float() as more):
                highest = float(more) - step
    return lowest, highest


def num_to_learn_from(config: RunConfig) -> int:
    """How many images there are beside those that are held out."""
    return _NUM_IMAGES[config.dataset] - config.train.validation_size


def check_images(config: RunConfig) -> None:
    """Check that as many images are left to learn from as are asked for.

    Raises:
        ConfigError: there are fewer.
    """
    train = config.train
    left = num_to_learn_from(config)
    if train.train_size > left:
        raise ConfigError(
            f"train_size {train.train_size:,} was asked for; {config.dataset} has {left:,} images to learn from "
            f"besides the {train.validation_size:,} that are held out. Ask for fewer, or for 0, which takes all."
        )

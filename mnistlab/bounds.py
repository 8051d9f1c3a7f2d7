"""The bounds that a field of the config sets in its constraints, for forms, links and sweeps to read them there."""

import math

import annotated_types
from pydantic.fields import FieldInfo


def bounds_of(info: FieldInfo) -> tuple[float, float]:
    """The lowest and the highest value of a field, infinite where it has no bound.

    Of whole numbers both are allowed. A float's bound may itself be excluded, as 0 of "more than 0".
    """
    lowest, highest = -math.inf, math.inf
    step = 1 if info.annotation is int else 0
    for limit in info.metadata:
        match limit:
            case annotated_types.Ge(ge=least):
                lowest = float(least)  # type: ignore[arg-type]
            case annotated_types.Gt(gt=less):
                lowest = float(less) + step  # type: ignore[arg-type]
            case annotated_types.Le(le=most):
                highest = float(most)  # type: ignore[arg-type]
            case annotated_types.Lt(lt=more):
                highest = float(more) - step  # type: ignore[arg-type]
    return lowest, highest

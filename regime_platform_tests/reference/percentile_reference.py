"""Section 8 of the canonical compute by counting through plain lists."""

import math
from collections.abc import Sequence

NAN = math.nan


def mid_rank(members: Sequence[float], value: float) -> float:
    """Percentile of a value within the list that holds it."""
    less = sum(1 for member in members if member < value)
    equal = sum(1 for member in members if member == value)
    return (less + (equal + 1) / 2) / len(members)


def expanding(values: Sequence[float], min_members: int, short_list: int = 100) -> list[float]:
    """P_exp(v, m)."""
    out = []
    for k, value in enumerate(values):
        if k < min_members:
            out.append(NAN)
        elif math.isnan(value):
            out.append(NAN if len(values) >= short_list else 0.5 / (k + 1))
        else:
            out.append(mid_rank(values[: k + 1], value))
    return out


def rolling(values: Sequence[float], window: int) -> list[float]:
    """P_roll(v, w)."""
    out = []
    for k, value in enumerate(values):
        if k < window - 1 or math.isnan(value):
            out.append(NAN)
        else:
            out.append(mid_rank(values[k - window + 1 : k + 1], value))
    return out

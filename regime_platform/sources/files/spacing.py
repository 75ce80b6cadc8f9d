"""The timeframe that the spacing of bars shows, and the refusal of bars offered as another one."""

import datetime as dt
from pathlib import Path
from typing import NamedTuple

import polars as pl

from regime_platform.errors import BarsError
from regime_platform.model.timeframes import DURATION

#: From one bar to the next; fewer show nothing.
_FEWEST = 4
#: Of all steps, those that are the usual one. Every night of 4h bars of stocks is another step.
_LEAST_SHARE = 0.4
#: Where a usual step is none of a timeframe: bars so much finer or coarser are others.
_FINER, _COARSER = 0.5, 1.5
_DAY = dt.timedelta(days=1)
_CLOCK_CHANGE = dt.timedelta(hours=1)


class Spacing(NamedTuple):
    """The most frequent step from one bar to the next."""

    step: dt.timedelta
    timeframe: str | None  # of bars with this step, where there is one
    share: float  # of all steps

    @property
    def words(self) -> str:
        """The step as messages name it."""
        if self.timeframe is not None:
            return self.timeframe
        days, rest = divmod(self.step, _DAY)
        if days >= 28 and not rest:
            return "a month" if days <= 31 else f"{days} days"
        return f"{self.step / dt.timedelta(minutes=1):g} minutes" if not days else str(self.step)


def spacing(opens: pl.Series) -> Spacing | None:
    """The usual step between instants in any order; None where too few show one.

    Steps of a day and longer are whole days, since a day has 23 or 25 hours where clocks change;
    those of months count as one.
    """
    ordered = opens.drop_nulls()
    ordered = ordered if ordered.is_sorted() else ordered.sort()
    counts = ordered.diff().drop_nulls().alias("step").value_counts(name="len")
    steps = counts.filter(pl.col("step") > dt.timedelta())
    total = int(steps["len"].sum())
    if total < _FEWEST:
        return None
    near = pl.col("step") + _CLOCK_CHANGE
    whole = pl.when(near >= _DAY).then(pl.duration(days=near.dt.total_days()))
    is_day = (pl.col("step") - whole).abs() <= _CLOCK_CHANGE
    step = pl.when(is_day).then(whole).otherwise("step")
    month = pl.duration(days=30)
    is_month = step.is_between(pl.duration(days=28), pl.duration(days=31))
    counted = steps.select("len", step=pl.when(is_month).then(month).otherwise(step))
    usual = counted.group_by("step").agg(pl.col("len").sum())
    length, count = usual.sort("len", "step", descending=[True, False]).row(0)
    names = {step: name for name, step in DURATION.items()}
    return Spacing(length, names.get(length), count / total)


def require_spacing(opens: pl.Series, timeframe: str, path: Path) -> None:
    """Raises ``BarsError`` of code other-spacing for bars whose usual step is another timeframe.

    ``opens`` are the labels as instants. Few bars, or bars without a usual step as those of what
    is seldom traded, are accepted.
    """
    shown, length = spacing(opens), DURATION[timeframe]
    if shown is None or shown.share < _LEAST_SHARE or shown.timeframe == timeframe:
        return
    is_near = length * _FINER < shown.step < length * _COARSER
    if is_near and shown.timeframe is None:
        return
    if shown.timeframe is None:
        remedy = "give bars of one of the timeframes " + ", ".join(DURATION)
    else:
        remedy = f"offer them as {shown.timeframe}, or give bars of {timeframe}"
    raise BarsError(
        f"{path}: bars of {timeframe} expected, but {shown.share:.0%} of them follow the one "
        f"before by {shown.words}; {remedy}",
        code="other-spacing",
    )

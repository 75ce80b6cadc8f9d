"""The rule that intraday bars of one series do not overlap in time.

Of two bars that do, the one that the calendar does not expect is named. Bars that it expects, the
first ones after a break, and those that a session begins or ends within may be shorter than their
timeframe.
"""

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.validation.findings import ACCEPT, EXCLUDE, Rule, Severity, worded

#: On bars with the column of ``overlapped``.
OVERLAPPING = Rule(
    "overlapping_bars",
    Severity.ERROR,
    f"fetch the series again with one anchor of its bars, or keep these out with {EXCLUDE}; "
    f"if they are true and short, {ACCEPT} keeps them",
    worded("overlaps the bar that opens at {}", pl.col("overlapped").dt.strftime("%F %H:%M")),
    pl.col("overlapped").is_not_null(),
)


def overlapped(timeframe: str) -> pl.Expr:
    """The open of the bar that a bar overlaps; null for none.

    On bars by ts with ``outside_session``, ``begins_session`` and ``ends_session``.
    """
    if not is_intraday(timeframe):
        return pl.lit(None, BAR_SCHEMA["ts"])
    opens, length = pl.col("ts"), DURATION[timeframe]
    follows = opens.diff() < length
    may_be_short = (
        pl.col("begins_session")  # the bar before ends there
        | pl.col("ends_session").shift()
        | (opens.diff().shift() > length)  # the bar before is the first after a break
    )
    with_before = follows & ~may_be_short.fill_null(value=True)
    return pl.when("outside_session").then(
        pl.coalesce(
            pl.when(with_before).then(opens.shift()),
            pl.when(with_before.shift(-1)).then(opens.shift(-1)),
        )
    )

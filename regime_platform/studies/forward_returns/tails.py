"""How often the worst came after each bucket, by what was the worst until then.

The limit of a year is the 5 % quantile of the returns whose windows had ended before that year, so
no window is measured by a limit that it has entered.
"""

from collections.abc import Sequence

import numpy as np

from regime_platform.studies.inference.comparison import Claim, compare_groups
from regime_platform.studies.inference.correction import corrected
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.outcomes import Group
from regime_platform.studies.result import Column, Conclusion, StudyTable, Unit
from regime_platform.studies.series import Floats, StudySeries
from regime_platform.studies.tables import table_of

#: The share of windows that is called the worst.
TAIL = 0.05
#: Horizons that must have ended before a year has a limit: 20 windows for 1 in 20.
_FEWEST_HORIZONS = 20


def tail_limits(series: StudySeries, returns: Floats, horizon: int) -> Floats:
    """The limit of each bar's year, NaN while there are too few earlier windows."""
    years = series.ts.astype("datetime64[Y]")
    limits = np.full(len(series), np.nan)
    for start in np.flatnonzero(np.r_[True, years[1:] != years[:-1]]):
        # the window of bar t ends with bar t + horizon, which must lie before the year
        ended = returns[: max(start - horizon, 0)]
        if len(ended) >= _FEWEST_HORIZONS * horizon:
            limits[years == years[start]] = np.quantile(ended, TAIL)
    return limits


def tail_table(
    series: StudySeries, returns: Floats, groups: Sequence[Group], options: StudyOptions
) -> tuple[StudyTable, tuple[Conclusion, ...]]:
    """A row per group, and whether its windows are beyond the limit more often than others."""
    limits = tail_limits(series, returns, options.horizon)
    known = np.isfinite(limits) & np.isfinite(returns)
    beyond = np.where(known, (returns < limits).astype(float), np.nan)
    compared = corrected([_comparison(series, beyond, group, options) for group in groups])
    rows = []
    for group, comparison in zip(groups, compared, strict=True):
        inside = group.mask & known
        worst = returns[inside & (beyond == 1)]
        rows.append(
            {
                "group": group.title,
                "bars": int(inside.sum()),
                "windows": comparison.windows,
                "share": float(beyond[inside].mean()) if inside.any() else None,
                "difference": comparison.effect,
                "low": comparison.low,
                "high": comparison.high,
                "p_adjusted": comparison.p_adjusted,
                "shortfall": float(worst.mean()) if len(worst) else None,
            }
        )
    columns = (
        Column("group", "Bars with", Unit.TEXT),
        Column("bars", "Bars", Unit.COUNT),
        Column("windows", "Windows", Unit.COUNT),
        Column("share", "Beyond", Unit.PERCENT),
        Column("difference", "vs the rest", Unit.POINTS),
        Column("low", "From", Unit.POINTS),
        Column("high", "To", Unit.POINTS),
        Column("p_adjusted", "p", Unit.P_VALUE),
        Column("shortfall", "Their mean", Unit.PERCENT),
    )
    note = (
        "Beyond: windows whose return is below the 5 % quantile of the windows that had ended "
        "before their year; about 5 % where a bucket says nothing and times do not change. Their "
        "mean return is the expected shortfall. The first years have no such limit."
    )
    title = "The worst 5 %, out of sample"
    return table_of("tail", title, columns, rows, note), compared


def _comparison(
    series: StudySeries, beyond: Floats, group: Group, options: StudyOptions
) -> Conclusion:
    claim = Claim(
        f"tail_{group.key}",
        f"windows after {group.title} end {{direction}} often beyond the worst 5 % of earlier "
        "years than other windows",
        Unit.POINTS,
        ("more", "less"),
    )
    names = (series.symbol, series.timeframe)
    return compare_groups(beyond, group.mask, claim, options, *names, usable=group.usable)

"""The bars whose values a later fetch changed, among all revisions of a raw log."""

from collections.abc import Sequence

import polars as pl

from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.markets import Market
from regime_platform.revisions.basis_changes import Rebase, rebased
from regime_platform.validation.rules.bar import finished_when_fetched
from regime_platform.validation.rules.comparison import TOLERANCE

_VALUES = (*PRICE_COLUMNS, "volume")


def revised_bars(
    raw: pl.DataFrame, timeframe: str, market: Market, changes: Sequence[Rebase] = ()
) -> pl.DataFrame:
    """One row per bar that has another value than its first finished version, by ts.

    Columns: ts, the values in force and, with the prefix ``first_``, those of the first version;
    ``fetched_at`` of the version in force and the number of ``versions`` in the log.

    Args:
        raw: every revision in order of arrival, in the gate's schema.
        timeframe: of all rows.
        market: decides when bars are finished.
        changes: of the price basis. They are no revisions, and where there are any, neither are
            differences of prices within ``TOLERANCE``, since prices are rounded on each basis.
    """
    again = raw.filter(pl.col("ts").is_duplicated() & pl.col("ts").is_not_null())
    again = again.filter(finished_when_fetched(again, timeframe, market))
    versions = (
        rebased(again, changes)
        .group_by("ts")
        .agg(
            pl.col(_VALUES).last(),
            *(pl.col(name).first().alias(f"first_{name}") for name in _VALUES),
            pl.col("fetched_at").last(),
            versions=pl.len(),
        )
    )
    return versions.filter(pl.any_horizontal(_differs(name, changes) for name in _VALUES)).sort(
        "ts"
    )


def _differs(name: str, changes: Sequence[Rebase]) -> pl.Expr:
    now, first = pl.col(name), pl.col(f"first_{name}")
    if not changes:
        return now.ne_missing(first)
    if name == "volume":  # rounded to whole numbers on each basis, of whatever size
        return pl.lit(value=False)
    return (now / first - 1).abs() > TOLERANCE

"""How much past an escalation rank stands on, and whether that is enough (section 10.1).

Derived from stored ranks and eras by those who show them. The engine does not import this module,
so it changes no number and no result.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from regime_platform.compute.eras.eras import Era
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.model.timeframes import TIMEFRAMES

#: The largest share of bars without esc_raw in the list of a mature rank.
MOST_MISSING = 0.05

#: What is added to ranks; null where there is no rank.
BASIS_SCHEMA = pl.Schema(
    {
        "rank_bars": pl.Int64(),  # bars of the era so far that have esc_raw, its own included
        "rank_missing": pl.Int64(),  # bars of the era so far without it, which its divisor counts
        "rank_eras": pl.Int64(),  # eras since the first bar; the rank is within the last of them
        "is_rank_immature": pl.Boolean(),
    }
)


@dataclass(frozen=True)
class RankBasis:
    """What one rank stands on; fields as in ``BASIS_SCHEMA``."""

    bars: int
    missing: int
    eras: int
    is_immature: bool

    @property
    def past(self) -> str:
        """The bars and eras in words."""
        bars = "1 bar" if self.bars == 1 else f"{self.bars:,} bars"
        era = "1 era" if self.eras == 1 else f"the last of {self.eras} eras with bars"
        absent = f", {self.missing:,} more have no value" if self.missing else ""
        return f"{bars} of {era}{absent}"

    def __str__(self) -> str:
        return f"ranked on {self.past}{': immature' if self.is_immature else ''}"


def mature_bars(timeframe: str) -> int:
    """Fewer bars with esc_raw make a rank immature: a year of bars, and no fewer than 252."""
    constants = DEFAULT_PARAMS.at(timeframe)
    return max(constants.component_min_members, constants.year_bars)


def is_immature(bars: Any, missing: Any, size: Any) -> Any:
    """Whether ranks are immature, of counts or of expressions; ``size`` as of `mature_bars`."""
    return (bars < size) | (missing > MOST_MISSING * (bars + missing))


def with_basis(
    ranks: pl.DataFrame,
    timeframe: str,
    eras: tuple[Era, ...],
    first_us: int | None = None,
    before: tuple[int, int] = (0, 0),
) -> pl.DataFrame:
    """Consecutive rows with ``ts``, ``esc_raw`` and ``esc_pctl``, and ``BASIS_SCHEMA`` beside them.

    Args:
        ranks: oldest first.
        timeframe: of all rows.
        eras: that they are ranked in; of two that overlap the later wins.
        first_us: the first open of the series, microseconds since 1970 UTC; None: of ``ranks``.
        before: the bars of the first row's era before that row: with esc_raw, without it.
    """
    if ranks.is_empty():
        return without_basis(ranks)
    opens = ranks["ts"].to_physical().to_numpy()
    has_value = ranks["esc_raw"].is_not_null().to_numpy()
    bars, missing, reached = (np.zeros(ranks.height, np.int64) for _ in range(3))
    first = opens[0] if first_us is None else first_us
    for era in eras:
        reached += (opens >= era.start_us) & (era.end_us > first)
        start, stop = np.searchsorted(opens, (era.start_us, era.end_us))
        earlier = before if start == 0 else (0, 0)
        bars[start:stop] = np.cumsum(has_value[start:stop]) + earlier[0]
        missing[start:stop] = np.cumsum(~has_value[start:stop]) + earlier[1]
    short = is_immature(bars, missing, mature_bars(timeframe))
    basis = pl.DataFrame([bars, missing, reached, short], schema=BASIS_SCHEMA)
    has_rank = ranks["esc_pctl"].is_not_null()
    return ranks.with_columns(
        pl.when(has_rank).then(column).alias(column.name) for column in basis.iter_columns()
    )


def basis_at(
    opens_us: int,
    timeframe: str,
    eras: tuple[Era, ...],
    first_us: int,
    counts: tuple[int, int],
) -> RankBasis:
    """What `with_basis` gives for the one row at ``opens_us``.

    ``counts`` are the bars of its era up to it, its own included: with esc_raw, without it.
    """
    bars, missing = counts
    reached = sum(era.start_us <= opens_us and era.end_us > first_us for era in eras)
    short = is_immature(bars, missing, mature_bars(timeframe))
    return RankBasis(bars, missing, reached, bool(short))


def immature_rows() -> pl.Expr:
    """Whether ranks are immature, of rows with ``timeframe`` and the counts; null without them."""
    sizes = {timeframe: mature_bars(timeframe) for timeframe in TIMEFRAMES}
    size = pl.col("timeframe").cast(pl.String).replace_strict(sizes, return_dtype=pl.Int64)
    expression: pl.Expr = is_immature(pl.col("rank_bars"), pl.col("rank_missing"), size)
    return expression


def without_basis(ranks: pl.DataFrame) -> pl.DataFrame:
    """The same columns, all null: of ranks whose eras are not known."""
    return ranks.with_columns(pl.lit(None, kind).alias(name) for name, kind in BASIS_SCHEMA.items())


def with_latest_basis(latest: pl.DataFrame, ranks: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The rows of ``latest_state``, and beside them the basis from ``ranks`` that have theirs."""
    key = ("timeframe", "ts")
    bases = [rows.select(*key, *BASIS_SCHEMA) for rows in ranks]
    if not bases:
        return without_basis(latest)
    return latest.join(pl.concat(bases), on=key, how="left", maintain_order="left")


def marked(bucket: str, *, is_immature: bool | None) -> str:
    """A bucket as it is shown."""
    return f"{bucket}, immature" if is_immature else bucket


def basis_of(row: Mapping[str, Any]) -> RankBasis | None:
    """The basis in a row; None where it has no rank, or its eras are not known."""
    return None if row["rank_bars"] is None else RankBasis(*(row[name] for name in BASIS_SCHEMA))

"""The latest state of all symbols in one frame, from the board file."""

from typing import Literal

import polars as pl

from regime_platform.compute_db.board import read_board
from regime_platform.query.place import Where, place

_SORTS = {
    "symbol": ([], []),  # partition order
    "escalation": (["esc_pctl"], [True]),
    "since": (["regime_since"], [True]),
    "regime": (["regime_label", "esc_pctl"], [False, True]),
}


def board(
    *,
    tier: str | None = None,
    sort: Literal["symbol", "escalation", "since", "regime"] = "symbol",
    where: Where = None,
) -> pl.DataFrame:
    """One row per symbol and timeframe, with status and reason where there is no state.

    ``delisted`` is the date since when a symbol has no news, null where it may have some.

    Symbols that have left the universe are left out. Ties keep the partition order.

    Raises:
        UsageError: there is no such tier.
        ResultsError: the board is damaged; it is made anew by the next run.
    """
    looked_at = place(where)
    universe = looked_at.universe
    members = universe.symbols if tier is None else [one.symbol for one in universe.tier(tier)]
    rows = read_board(looked_at.root).filter(pl.col("symbol").is_in(list(members)))
    rank = {symbol: position for position, symbol in enumerate(universe.symbols)}
    ordered = rows.sort(
        pl.col("symbol").replace_strict(rank, return_dtype=pl.Int64),
        pl.col("timeframe").to_physical(),
    )
    dates = {one.symbol: one.delisted or None for one in universe.instruments}
    delisted = pl.col("symbol").replace_strict(dates, return_dtype=pl.String)
    ordered = ordered.with_columns(delisted=delisted).drop("made_from")
    columns, falling = _SORTS[sort]
    if not columns:
        return ordered
    return ordered.sort(columns, descending=falling, nulls_last=True, maintain_order=True)

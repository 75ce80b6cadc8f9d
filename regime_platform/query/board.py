"""The latest state of all symbols in one frame, from the board file."""

from typing import Literal

import polars as pl

from regime_platform.compute.maturity import immature_rows
from regime_platform.compute_db.board import read_board
from regime_platform.workspace import Where, Workspace

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

    ``delisted`` is the date of a delisting, null where the symbol is listed. Symbols that are no
    longer in the universe are left out. Ties keep the partition order. The columns about ranks are
    those of ``compute.maturity.BASIS_SCHEMA``.

    Raises:
        UsageError: there is no such tier.
        ResultsError: the board is damaged; the next run rebuilds it.
    """
    workspace = Workspace.open(where)
    universe = workspace.universe
    members = universe.instruments if tier is None else universe.tier(tier)
    symbols = [instrument.symbol for instrument in members]
    rows = read_board(workspace.root).filter(pl.col("symbol").is_in(symbols))
    rank = {symbol: position for position, symbol in enumerate(universe.symbols)}
    ordered = rows.sort(
        pl.col("symbol").replace_strict(rank, return_dtype=pl.Int64),
        pl.col("timeframe").to_physical(),
    )
    dates = {instrument.symbol: instrument.delisted or None for instrument in universe.instruments}
    delisted = pl.col("symbol").replace_strict(dates, return_dtype=pl.String)
    ordered = ordered.drop("made_from").with_columns(
        is_rank_immature=immature_rows(), delisted=delisted
    )
    columns, falling = _SORTS[sort]
    if not columns:
        return ordered
    return ordered.sort(columns, descending=falling, nulls_last=True, maintain_order=True)

"""The latest state of all symbols in one frame, from the board file."""

import datetime as dt
from typing import Literal

import polars as pl

from regime_platform.compute.maturity import immature_rows
from regime_platform.compute_db.board import read_board
from regime_platform.model.calendar.lateness import NO_AGE, series_age
from regime_platform.model.universe.universe import Universe
from regime_platform.workspace import Where, Workspace

_AGE_SCHEMA = {
    "due_bar": pl.Datetime("us", "UTC"),  # the newest missing bar; null where none is missing
    "missing": pl.Int64(),
    "is_stale": pl.Boolean(),
}
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
    now: dt.datetime | None = None,
    where: Where = None,
) -> pl.DataFrame:
    """One row per symbol and timeframe, with status and reason where there is no state.

    ``delisted`` is the date of a delisting, null where the symbol is listed. Symbols that are no
    longer in the universe are left out. Ties keep the partition order. The columns about ranks are
    those of ``compute.maturity.BASIS_SCHEMA``. ``due_bar``, ``missing`` and ``is_stale`` say what
    the calendar expects after ``last_ts`` by ``now`` (aware); null without it.

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
    ordered = ordered.drop("made_from", "made_by").with_columns(
        is_rank_immature=immature_rows(), delisted=delisted
    )
    ordered = ordered.hstack(_ages(ordered, universe, now))
    columns, falling = _SORTS[sort]
    if not columns:
        return ordered
    return ordered.sort(columns, descending=falling, nulls_last=True, maintain_order=True)


def _ages(rows: pl.DataFrame, universe: Universe, now: dt.datetime | None) -> pl.DataFrame:
    """The columns of ``_AGE_SCHEMA`` for each row."""
    instruments = {instrument.symbol: instrument for instrument in universe.instruments}
    series = rows.select("symbol", "timeframe", "last_ts", "derived_from").iter_rows()
    ages = [
        NO_AGE
        if now is None or last is None
        else series_age(instruments[symbol], timeframe, last, now, built_from=finer).document()
        for symbol, timeframe, last, finer in series
    ]
    return pl.DataFrame(ages, _AGE_SCHEMA)

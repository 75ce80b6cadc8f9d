"""The views that are small enough to be made from scratch: board, findings, universe."""

from collections.abc import Iterable

import polars as pl

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute_db.board import read_board
from regime_platform.model.universe.universe import Universe
from regime_platform.sql_views.relations import (
    BOARD,
    FINDING_SCHEMA,
    UNIVERSE_SCHEMA,
    as_shown,
)
from regime_platform.validation.verdict import Verdict


def board_rows(root: DataRoot, universe: Universe) -> pl.DataFrame:
    """The board's rows of the symbols of the universe, a row per series."""
    rows = read_board(root)
    return as_shown(BOARD, rows.filter(pl.col("symbol").is_in(list(universe.symbols))))


def finding_rows(verdicts: Iterable[Verdict | None]) -> pl.DataFrame:
    """The findings of verdicts that count or accept anything, with whole commands as remedies."""
    rows = [
        {
            **finding.model_dump(mode="json"),
            "symbol": verdict.symbol,
            "timeframe": series.timeframe,
            "examples": " | ".join(finding.examples),
            "remedy": finding.remedy_for(verdict.symbol, series.timeframe),
        }
        for verdict in verdicts
        if verdict is not None
        for series in verdict.validated
        for finding in series.findings
        if finding.count or finding.accepted
    ]
    return pl.DataFrame(rows, FINDING_SCHEMA)


def universe_rows(universe: Universe) -> pl.DataFrame:
    """The instruments in partition order."""
    texts = {name for name, dtype in UNIVERSE_SCHEMA.items() if dtype == pl.String}
    rows = [
        {
            "position": position,
            **{name: getattr(instrument, name) or None for name in texts - {"timeframes"}},
            "timeframes": ",".join(instrument.timeframes),
            "delisted": instrument.delisted or None,
        }
        for position, instrument in enumerate(universe.instruments, 1)
    ]
    schema = {**UNIVERSE_SCHEMA, "delisted": pl.String()}
    return pl.DataFrame(rows, schema).with_columns(pl.col("delisted").str.to_date())

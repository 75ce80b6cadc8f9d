"""Keeps the board in step with the symbols that were walked."""

from collections.abc import Iterable, Sequence

import polars as pl

from regime_platform.compute_db.board import BOARD_SCHEMA, read_board, update_board
from regime_platform.compute_db.reader import read_table
from regime_platform.errors import ResultsError
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import instant
from regime_platform.pipeline.derive import stored_lineage
from regime_platform.pipeline.outcomes import Status, WalkOutcome
from regime_platform.pipeline.platform import Platform


def refresh_board(platform: Platform, outcomes: Iterable[WalkOutcome]) -> bool:
    """Takes over what the walk changed, and what the board lacks; False where that is nothing."""
    try:
        known = frozenset(read_board(platform.root)["symbol"].unique())
    except ResultsError:  # a damaged cache: taking over a few symbols would lose all others
        return rebuild_board(platform, platform.universe.instruments)
    wanted = [
        one.symbol
        for one in outcomes
        if (one.derive is not None and one.derive.status is Status.DONE) or one.symbol not in known
    ]
    return rebuild_board(platform, platform.universe.select(wanted)) if wanted else False


def rebuild_board(platform: Platform, instruments: Sequence[Instrument]) -> bool:
    """Makes the rows of ``instruments`` from their compute.db files."""
    rows = [board_rows(platform, one) for one in instruments]
    symbols = [one.symbol for one in instruments]
    return update_board(platform.root, symbols, pl.concat([BOARD_SCHEMA.to_frame(), *rows]))


def board_rows(platform: Platform, instrument: Instrument) -> pl.DataFrame:
    """One row per timeframe of one symbol, in ``BOARD_SCHEMA``; none where nothing is computed."""
    paths = platform.root.symbol(instrument.symbol)
    lineage = stored_lineage(paths)
    if lineage is None:
        return BOARD_SCHEMA.to_frame()
    coverage = pl.DataFrame(
        [
            {
                "symbol": instrument.symbol,
                "timeframe": one["timeframe"],
                "status": one["status"],
                "reason": one["reason"],
                "bars": one["bars"],
                "first_ts": None if one["min_ts"] is None else instant(one["min_ts"]),
                "last_ts": None if one["max_ts"] is None else instant(one["max_ts"]),
            }
            for one in lineage["series"]
        ],
        schema={name: BOARD_SCHEMA[name] for name in list(BOARD_SCHEMA)[:7]},
    )
    latest = read_table(paths.compute_db, "latest_state")
    joined = coverage.join(latest.drop("symbol"), on="timeframe", how="left", maintain_order="left")
    return joined.select(list(BOARD_SCHEMA))

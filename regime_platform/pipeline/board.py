"""Keeps the board in step with the symbols that were walked."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from regime_platform.compute_db.board import BOARD_SCHEMA, read_board, update_board
from regime_platform.compute_db.reader import read_table
from regime_platform.errors import ResultsError
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import LATEST_SCHEMA
from regime_platform.model.series import instant
from regime_platform.pipeline.derive import stored_lineage
from regime_platform.pipeline.outcomes import Status, WalkOutcome
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.promote import read_verdict


def refresh_board(platform: Platform, outcomes: Sequence[WalkOutcome]) -> bool:
    """Takes over what the walk changed, and what the board lacks; False where that is nothing."""
    held_back = {one.symbol: _held_back(one) for one in outcomes}
    changed = {
        one.symbol
        for one in outcomes
        if one.derive is not None and one.derive.status is Status.DONE
    }
    try:
        board = read_board(platform.root)
    except ResultsError:  # a damaged cache: taking over a few symbols would lose all others
        everybody = platform.universe.symbols
        return _replace(platform, {symbol: held_back.get(symbol) for symbol in everybody})
    known = dict(board.select("symbol", "held_back").iter_rows())
    wanted = {
        symbol: reason
        for symbol, reason in held_back.items()
        if symbol in changed or symbol not in known or known[symbol] != reason
    }
    return _replace(platform, wanted) if wanted else False


def rebuild_board(platform: Platform, instruments: Sequence[Instrument]) -> bool:
    """Makes the rows of ``instruments`` from their compute.db files and verdicts."""
    return _replace(
        platform, {one.symbol: _blocked_by(platform, one.symbol) for one in instruments}
    )


def board_rows(platform: Platform, instrument: Instrument, held_back: str | None) -> pl.DataFrame:
    """One row per timeframe of one symbol, in ``BOARD_SCHEMA``."""
    paths = platform.root.symbol(instrument.symbol)
    lineage = stored_lineage(paths)
    if lineage is None:
        rows = [_not_computed(timeframe) for timeframe in instrument.timeframes]
        latest = LATEST_SCHEMA.to_frame()
    else:
        rows = [_covered(one) for one in lineage["series"]]
        latest = read_table(paths.compute_db, "latest_state")
    shape = {name: BOARD_SCHEMA[name] for name in rows[0]}
    coverage = pl.DataFrame(rows, schema=shape).with_columns(
        symbol=pl.lit(instrument.symbol), held_back=pl.lit(held_back, pl.String)
    )
    joined = coverage.join(latest.drop("symbol"), on="timeframe", how="left", maintain_order="left")
    return joined.select(list(BOARD_SCHEMA))


def _covered(series: Mapping[str, Any]) -> dict[str, Any]:
    first, last = series["min_ts"], series["max_ts"]
    return {
        "timeframe": series["timeframe"],
        "status": series["status"],
        "reason": series["reason"],
        "bars": series["bars"],
        "first_ts": None if first is None else instant(first),
        "last_ts": None if last is None else instant(last),
    }


def _not_computed(timeframe: str) -> dict[str, Any]:
    nothing = {"bars": 0, "min_ts": None, "max_ts": None}
    reason = "nothing was computed yet"
    return _covered({"timeframe": timeframe, "status": "not_computed", "reason": reason, **nothing})


def _replace(platform: Platform, held_back: Mapping[str, str | None]) -> bool:
    rows = [
        board_rows(platform, one, held_back[one.symbol])
        for one in platform.universe.select(held_back)
    ]
    return update_board(platform.root, list(held_back), pl.concat([BOARD_SCHEMA.to_frame(), *rows]))


def _held_back(outcome: WalkOutcome) -> str | None:
    return None if outcome.status.is_good else f"{outcome.status}: {outcome.reason}"


def _blocked_by(platform: Platform, symbol: str) -> str | None:
    verdict = read_verdict(platform, symbol)
    return f"{Status.BLOCKED}: {verdict.reason}" if verdict and verdict.reason else None

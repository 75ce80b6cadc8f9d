"""Boards with made-up states: a universe and a board file, without bars or results."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute_db.board import BOARD_SCHEMA, update_board
from regime_platform.settings import Settings

#: The last bar of every row that names none: a Friday.
LAST = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
_USUAL: Mapping[str, Any] = {
    "status": "complete",
    "reason": "",
    "bars": 4000,
    "first_ts": dt.datetime(2010, 1, 4, tzinfo=dt.UTC),
    "last_ts": LAST,
    "regime_label": "TRANSITION",
    "regime_since": LAST - dt.timedelta(days=9),
    "regime_bars": 8,
    "regime_before": "CHOP_RISK",
    "confidence": 0.5,
    "price": 100.0,
    "price_before": 80.0,
    "esc_pctl": 0.5,
    "escalation_bucket": "LOW",
    "bucket_since": LAST - dt.timedelta(days=20),
    "cross_tf_consensus": 0.4,
    "rank_bars": 4000,
    "rank_missing": 0,
    "rank_eras": 1,
    "is_left_out": False,
    "is_pending": False,
    **dict.fromkeys(("errors", "warnings", "accepted"), 0),
}

#: (symbol, timeframe) -> what differs from the usual.
Rows = Mapping[tuple[str, str], Mapping[str, Any]]


def made_board(
    folder: Path, rows: Rows, classes: Mapping[str, str] | None = None, core: Sequence[str] = ()
) -> Settings:
    """A data root with these rows; symbols are US equities of the daily tier unless named."""
    symbols = list(dict.fromkeys(symbol for symbol, _ in rows))
    entries = [
        f"  - {{symbol: {symbol}, name: {symbol} & Co, source: files, "
        f"asset_class: {(classes or {}).get(symbol, 'US_EQUITY')}, "
        f"tier: {'core' if symbol in core else 'daily'}}}"
        for symbol in symbols
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "universe.yaml").write_text("\n".join(["instruments:", *entries, ""]))
    empty = dict.fromkeys(BOARD_SCHEMA)
    made = [
        {**empty, **_USUAL, "symbol": symbol, "timeframe": timeframe, **others}
        for (symbol, timeframe), others in rows.items()
    ]
    update_board(DataRoot(folder), symbols, pl.DataFrame(made, BOARD_SCHEMA))
    return Settings(_env_file=None, REGIME_DATA_ROOT=folder)

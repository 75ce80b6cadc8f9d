"""The release table: a row per symbol and timeframe of a snapshot, with its latest state.

The snapshot itself has counts, ranges and digests. The states are read from the results that it
names by their digests; of a symbol that changed since they are computed again from the raw log.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import polars as pl

from regime_platform.audit.bundle.rebuilt import rebuilt_symbol
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute_db.reader import ResultsReader, reading
from regime_platform.errors import failure_reason
from regime_platform.manifests.snapshot import SnapshotManifest, SymbolEntry
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.spreadsheet import without_formulas

#: The status of a series whose states are no longer available; ``reason`` states why.
UNKNOWN = "unknown"
#: Column of the table -> column of ``latest_state``; null where there is no state.
STATE_COLUMNS = {
    "price": "price",
    "regime": "regime_label",
    "confidence": "confidence",
    "regime_since": "regime_since",
    "escalation": "esc_pctl",
    "bucket": "escalation_bucket",
    "mean_escalation": "cross_tf_consensus",
}
RELEASE_SCHEMA = pl.Schema(
    {
        "symbol": pl.String(),
        "timeframe": pl.String(),  # empty in the one row of a symbol that nothing is proven of
        "status": pl.String(),
        "bars": pl.Int64(),
        "first": pl.String(),  # open of the first bar, ISO 8601 in UTC
        "last": pl.String(),
        "states": pl.Int64(),
        "asof": pl.String(),  # open of the bar of the latest state
        **dict.fromkeys(STATE_COLUMNS, pl.Float64()),
        **dict.fromkeys(("regime", "regime_since", "bucket"), pl.String()),
        "bars_digest": pl.String(),
        "results_digest": pl.String(),  # of all results of the symbol
        "recipe_digest": pl.String(),  # likewise
        "reason": pl.String(),  # why something is missing, or newer bars are blocked
    }
)
_ISO = "%Y-%m-%dT%H:%M:%SZ"

States = Mapping[str, Mapping[str, Any]]  # timeframe -> STATE_COLUMNS


def release_table(
    workspace: RunWorkspace,
    manifest: SnapshotManifest,
    taken_at: dt.datetime,
    symbols: Collection[str] | None = None,
) -> pl.DataFrame:
    """The table (``RELEASE_SCHEMA``) of a snapshot, or of some of its symbols, in its order.

    A symbol whose states of then cannot be had is ``UNKNOWN``, and the others are complete.
    """
    rows: list[dict[str, Any]] = []
    for symbol, entry in manifest.symbols.items():
        if symbols is not None and symbol not in symbols:
            continue
        if isinstance(entry, SymbolEntry):
            rows += _rows(workspace, symbol, entry, taken_at)
        else:
            absent = {"timeframe": "", "status": entry.status, "reason": entry.reason}
            rows.append({"symbol": symbol, **absent})
    return pl.DataFrame(rows, schema=RELEASE_SCHEMA)


def release_csv(table: pl.DataFrame) -> str:
    """The table as CSV."""
    return without_formulas(table).write_csv()


def _rows(
    workspace: RunWorkspace, symbol: str, entry: SymbolEntry, taken_at: dt.datetime
) -> Iterator[dict[str, Any]]:
    states: States = {}
    reason, is_known = entry.held_back or None, True
    try:
        states = _states(workspace, symbol, entry, taken_at)
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not hide the others
        reason, is_known = failure_reason(error, symbol), False
    for timeframe, series in entry.timeframes.items():
        yield {
            "symbol": symbol,
            "timeframe": timeframe,
            "status": series.status if is_known else UNKNOWN,
            "bars": series.count,
            "first": series.min_ts,
            "last": series.max_ts,
            "states": series.state_rows,
            "asof": series.asof,
            **states.get(timeframe, {}),
            "bars_digest": series.digest,
            "results_digest": entry.content_digests.results,
            "recipe_digest": entry.recipe_digest,
            "reason": reason,
        }


def _states(
    workspace: RunWorkspace, symbol: str, entry: SymbolEntry, taken_at: dt.datetime
) -> States:
    paths = workspace.root.symbol(symbol)
    if paths.compute_db.exists():
        with reading(paths.compute_db) as reader:
            if reader.lineage().tables == entry.tables:
                return _latest(reader)
    with rebuilt_symbol(workspace, symbol, entry, taken_at) as copy:
        return _latest_of(copy)


def _latest_of(paths: SymbolPaths) -> States:
    with reading(paths.compute_db) as reader:
        return _latest(reader)


def _latest(reader: ResultsReader) -> States:
    columns = ["timeframe", *STATE_COLUMNS.values()]
    latest = reader.table("latest_state", columns=columns).with_columns(
        pl.col("regime_since").dt.strftime(_ISO), pl.selectors.enum().cast(pl.String)
    )
    return {
        row["timeframe"]: {name: row[column] for name, column in STATE_COLUMNS.items()}
        for row in latest.iter_rows(named=True)
    }

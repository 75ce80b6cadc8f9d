"""The rows of one symbol on the board, made from its compute.db and its verdict."""

from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.board import BOARD_SCHEMA
from regime_platform.compute_db.connection import FileInUseError, write_ahead_log
from regime_platform.compute_db.reader import reading
from regime_platform.errors import OlderResultsError, ResultsError, failure_reason
from regime_platform.manifests.lineage import SeriesLineage
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import LATEST_SCHEMA
from regime_platform.pipeline.outcomes import Status

#: ``made_from`` of rows that could not be made, so that every run tries again.
_NOT_MADE = ""


def board_rows(
    root: DataRoot, instrument: Instrument, held_back: str | None
) -> pl.DataFrame | None:
    """One row per timeframe, in ``BOARD_SCHEMA``; of a damaged symbol they have the reason.

    Args:
        root: where the symbol lives.
        instrument: the symbol.
        held_back: why the last run did not complete it; None where it did.

    Returns:
        None where another process writes the results, so that they cannot be read now.
    """
    paths = root.symbol(instrument.symbol)
    made_from = files_of(paths, instrument)  # before the files are read: they may change meanwhile
    try:
        rows, latest, digest = _computed(paths, instrument)
    except Exception as error:  # noqa: BLE001 - a damaged symbol must not cost the others their rows
        if isinstance(error, ResultsError) and isinstance(error.__cause__, FileInUseError):
            return None
        reason = failure_reason(error, instrument.symbol)
        rows = [
            _without_results(timeframe, Status.FAILED, reason)
            for timeframe in instrument.timeframes
        ]
        latest, digest, made_from = LATEST_SCHEMA.to_frame(), None, _NOT_MADE
        held_back = held_back or f"{Status.FAILED}: {reason}"
    coverage = pl.DataFrame(rows, {name: BOARD_SCHEMA[name] for name in rows[0]}).with_columns(
        symbol=pl.lit(instrument.symbol),
        held_back=pl.lit(held_back, pl.String),
        results_digest=pl.lit(digest, pl.String),
        made_from=pl.lit(made_from, pl.String),
    )
    joined = coverage.join(latest.drop("symbol"), on="timeframe", how="left", maintain_order="left")
    return joined.select(list(BOARD_SCHEMA))


def files_of(paths: SymbolPaths, instrument: Instrument) -> str:
    """Sizes and times of the files that the rows of a symbol are made from, and its timeframes.

    Raises:
        OSError: the folder of the symbol cannot be looked into.
    """
    files = (paths.compute_db, write_ahead_log(paths.compute_db), paths.verdict)
    return " ".join([*map(_version, files), ",".join(instrument.timeframes)])


def blocked_by(paths: SymbolPaths) -> str | None:
    """The reason on the board of a symbol that is blocked or whose verdict cannot be read."""
    try:
        verdict = read_verdict(paths)
    except Exception as error:  # noqa: BLE001 - as above
        return f"{Status.FAILED}: {failure_reason(error, paths.symbol)}"
    return f"{Status.BLOCKED}: {verdict.reason}" if verdict and verdict.reason else None


def _version(path: Path) -> str:
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "-"
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def _computed(
    paths: SymbolPaths, instrument: Instrument
) -> tuple[list[dict[str, Any]], pl.DataFrame, str | None]:
    if paths.compute_db.exists():
        try:
            with reading(paths.compute_db) as reader:
                lineage, latest = reader.lineage(), reader.table("latest_state")
            rows = [_covered(series) for series in lineage.series]
            return rows, latest, document_digest(lineage.tables)
        except OlderResultsError:  # what is computed takes its place
            pass
    reason = "nothing was computed yet"
    rows = [
        _without_results(timeframe, "not_computed", reason) for timeframe in instrument.timeframes
    ]
    return rows, LATEST_SCHEMA.to_frame(), None


def _covered(series: SeriesLineage) -> dict[str, Any]:
    first, last = series.min_ts, series.max_ts
    return {
        **_without_results(series.timeframe, series.status, series.reason),
        "bars": series.bars,
        "first_ts": None if first is None else instant(first),
        "last_ts": None if last is None else instant(last),
    }


def _without_results(timeframe: str, status: str, reason: str) -> dict[str, Any]:
    return {
        "timeframe": timeframe,
        "status": status,
        "reason": reason,
        "bars": 0,
        "first_ts": None,
        "last_ts": None,
    }

"""What the board shows of one symbol: a row per timeframe, made from its results and its verdict.

Rows are plain values until the board is written, and a run hands them on from the process that
computed them, whose files they name.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.no_bars import no_bars_reason
from regime_platform.bar_store.raw.fetch_failures import read_failures
from regime_platform.bar_store.session import raw_listing
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.board import BOARD_SCHEMA
from regime_platform.compute_db.connection import FileInUseError, write_ahead_log
from regime_platform.compute_db.latest_shown import LatestShown, latest_shown
from regime_platform.compute_db.reader import reading
from regime_platform.errors import OlderResultsError, RegimeError, ResultsError, failure_reason
from regime_platform.manifests.compute_manifest import Lineage
from regime_platform.model.bar_schema import PromotedBars
from regime_platform.model.digests import document_digest
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.outcomes import ShownSymbol, Status
from regime_platform.validation.finding_counts import counts_of, findings_of, warning_rules
from regime_platform.validation.gate import BLOCKED, NO_BARS

#: ``made_from`` of rows that could not be made, so that every run tries again.
NOT_MADE = ""
_NOT_COMPUTED = "not_computed", "nothing was computed yet"

_Rows = list[dict[str, Any]]


def shown_symbol(
    paths: SymbolPaths, instrument: Instrument, known: tuple[LatestShown, Lineage] | None = None
) -> ShownSymbol | None:
    """What is shown of a symbol; of a damaged one its rows have the reason.

    ``known`` is what compute.db has, where the caller has just written it and holds the lock. None
    where another process writes the results, so that they cannot be read now.
    """
    made_from = files_of(paths, instrument)  # before the files are read: they may change meanwhile
    held_back = None
    try:
        rows, latest, lineage = _results(paths, instrument, known)
    except Exception as error:  # noqa: BLE001 - a damaged symbol must not cost the others their rows
        if isinstance(error, ResultsError) and isinstance(error.__cause__, FileInUseError):
            return None
        reason = failure_reason(error, instrument.symbol)
        rows = _without_results(instrument.timeframes, Status.FAILED, reason)
        latest, lineage, made_from = {}, None, NOT_MADE
        held_back = f"{Status.FAILED}: {reason}"
    common = {
        "symbol": instrument.symbol,
        "held_back": held_back,
        "results_digest": lineage and document_digest(lineage.tables),
        "made_by": lineage and lineage.recipe.making_digest,
        "made_from": made_from,
    }
    gates = _gates(paths)
    return ShownSymbol(
        made_from,
        latest,
        tuple(
            _row(common, row, latest.get(row["timeframe"], {}), gates.get(row["timeframe"], {}))
            for row in rows
        ),
    )


def with_reason(shown: ShownSymbol, held_back: str | None) -> Iterable[Mapping[str, Any]]:
    """The rows with the reason why the last run did not complete them, where it gives one."""
    return ({**row, "held_back": held_back or row["held_back"]} for row in shown.rows)


def board_frame(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of any symbols in ``BOARD_SCHEMA``."""
    return pl.DataFrame(list(rows), BOARD_SCHEMA, infer_schema_length=None)


def files_of(paths: SymbolPaths, instrument: Instrument) -> str:
    """Sizes and times of the files that a symbol's rows are made from, and its timeframes."""
    log = write_ahead_log(paths.compute_db)
    files = (paths.compute_db, log, paths.verdict, paths.fetch_failures)
    return " ".join([*map(_version, files), ",".join(instrument.timeframes)])


def _results(
    paths: SymbolPaths, instrument: Instrument, known: tuple[LatestShown, Lineage] | None
) -> tuple[_Rows, LatestShown, Lineage | None]:
    """A row per timeframe, the latest states, and what they were made from, if anything was."""
    if paths.compute_db.exists() and not no_bars_reason(paths, instrument):
        try:
            latest, lineage = known or _read(paths)
        except OlderResultsError:  # what is computed takes its place
            pass
        else:
            return _computed(paths, instrument, lineage), latest, lineage
    reason = no_bars_reason(paths, instrument)
    without = (NO_BARS, reason) if reason else _NOT_COMPUTED
    return _without_results(instrument.timeframes, *without), {}, None


def _read(paths: SymbolPaths) -> tuple[LatestShown, Lineage]:
    with reading(paths.compute_db) as reader:
        lineage = reader.lineage()
        return latest_shown(reader, lineage), lineage


def _computed(paths: SymbolPaths, instrument: Instrument, lineage: Lineage) -> _Rows:
    """The timeframes that it is tracked on; those without bars have the reason of their fetch."""
    left_out, verdict = lineage.recipe.left_out, read_verdict(paths)
    derived = {} if verdict is None else verdict.derived_from
    known = read_failures(paths).series.items()
    failures = {name: each.reason for name, each in known if name not in derived}
    rows = [
        {**vars(series), "is_left_out": series.timeframe in left_out}
        for series in lineage.series
        if series.timeframe in instrument.timeframes
    ]
    rest = {*instrument.timeframes} - {row["timeframe"] for row in rows}
    rows += _without_results(sorted(rest), *_NOT_COMPUTED)
    for row in rows:
        timeframe = row["timeframe"]
        has_none = timeframe in rest and not raw_listing(paths, timeframe).files
        if timeframe in failures and (has_none or row["status"] == NO_BARS):
            row |= {"status": NO_BARS, "reason": f"no bars: {failures[timeframe]}"}
    return rows


def _without_results(timeframes: Sequence[str], status: str, reason: str) -> _Rows:
    """Rows of timeframes that have none, and why."""
    same = {"status": status, "reason": reason, "bars": 0, "is_left_out": False}
    none = {"min_ts": None, "max_ts": None, "bars_digest": ""}
    return [{"timeframe": timeframe, **same, **none} for timeframe in timeframes]


def _row(
    common: Mapping[str, Any],
    result: Mapping[str, Any],
    latest: Mapping[str, Any],
    gate: Mapping[str, Any],
) -> dict[str, Any]:
    """A row of the board; where there are no results its bars are those that the gate promoted."""
    promoted: PromotedBars | None = gate.get("promoted")
    row = {**latest, **gate, **result, **common}
    if promoted is not None:
        row["min_ts"] = row["min_ts"] or promoted.min_ts
        row["max_ts"] = row["max_ts"] or promoted.max_ts
        row["is_pending"] = promoted.digest != result["bars_digest"]
    if result["max_ts"] is None:
        row["bars"] = 0 if promoted is None else promoted.rows
    row |= {"first_ts": _moment(row["min_ts"]), "last_ts": _moment(row["max_ts"])}
    row.setdefault("is_pending", False)
    return {name: row.get(name) for name in BOARD_SCHEMA}


def _gates(paths: SymbolPaths) -> dict[str, dict[str, Any]]:
    """Timeframe -> what the verdict says; nothing where there is none or it cannot be read."""
    try:
        verdict = read_verdict(paths)
    except (RegimeError, OSError):  # `standing_reason` reports it
        verdict = None
    counts = counts_of(findings_of(verdict))
    return {
        series.timeframe: {
            "gate": series.status,
            "gate_reason": series.message(paths.symbol) if series.status == BLOCKED else None,
            "derived_from": series.derived_from,
            **vars(counts[series.timeframe]),
            "warning_rules": warning_rules(series.findings) or None,
            "promoted": series.promoted,
        }
        for series in (() if verdict is None else verdict.series)
    }


def _version(path: Path) -> str:
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "-"
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def _moment(text: str | None) -> Any:
    return None if text is None else instant(text)

"""What the board shows of the results of a symbol."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.no_bars import no_bars_reason
from regime_platform.bar_store.raw.fetch_failures import read_failures
from regime_platform.bar_store.session import raw_listing
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute.maturity import without_basis
from regime_platform.compute_db.latest_before import add_before, without_before
from regime_platform.compute_db.rank_basis import add_latest_basis
from regime_platform.compute_db.reader import reading
from regime_platform.errors import OlderResultsError
from regime_platform.manifests.compute_manifest import Lineage
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import LATEST_SCHEMA
from regime_platform.validation.gate import NO_BARS

NO_RESULTS = without_before(without_basis(LATEST_SCHEMA.to_frame()))
_NOT_COMPUTED = "not_computed", "nothing was computed yet"


def results_shown(
    paths: SymbolPaths, instrument: Instrument
) -> tuple[list[dict[str, Any]], pl.DataFrame, Lineage | None]:
    """A row per timeframe, the latest states, and what they were made from, if anything was."""
    if paths.compute_db.exists() and not no_bars_reason(paths, instrument):
        try:
            with reading(paths.compute_db) as reader:
                lineage = reader.lineage()
                latest = add_latest_basis(reader, reader.table("latest_state"))
                latest = add_before(reader, latest)
        except OlderResultsError:  # what is computed takes its place
            pass
        else:
            return _rows(paths, instrument, lineage), latest, lineage
    reason = no_bars_reason(paths, instrument)
    without = (NO_BARS, reason) if reason else _NOT_COMPUTED
    return without_results(instrument.timeframes, *without), NO_RESULTS, None


def _rows(paths: SymbolPaths, instrument: Instrument, lineage: Lineage) -> list[dict[str, Any]]:
    """The timeframes that it is tracked on; those without bars have the reason of their fetch."""
    left_out, verdict = lineage.recipe.left_out, read_verdict(paths)
    derived = {} if verdict is None else verdict.derived_from
    known = read_failures(paths).series.items()
    failures = {name: each.reason for name, each in known if name not in derived}
    rows = [
        {**series.model_dump(), "is_left_out": series.timeframe in left_out}
        for series in lineage.series
        if series.timeframe in instrument.timeframes
    ]
    rest = {*instrument.timeframes} - {row["timeframe"] for row in rows}
    rows += without_results(sorted(rest), *_NOT_COMPUTED)
    for row in rows:
        timeframe = row["timeframe"]
        has_none = timeframe in rest and not raw_listing(paths, timeframe).files
        if timeframe in failures and (has_none or row["status"] == NO_BARS):
            row |= {"status": NO_BARS, "reason": f"no bars: {failures[timeframe]}"}
    return rows


def without_results(timeframes: Iterable[str], status: str, reason: str) -> list[dict[str, Any]]:
    """Rows of timeframes that have none, and why."""
    return [
        {
            "timeframe": timeframe,
            "status": status,
            "reason": reason,
            "bars": 0,
            "is_left_out": False,
            "bars_digest": "",
        }
        for timeframe in timeframes
    ]

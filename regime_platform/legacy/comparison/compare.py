"""Compares results of the legacy engine with this engine on the same bars, column by column.

This engine runs on the canonical bars between the first and the last one in the legacy file. A
difference is then due to other bars, other eras or the history of the legacy file; each has a
reason, or is reported as unexplained.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import era_class
from regime_platform.compute.results import SeriesResult
from regime_platform.legacy.comparison.outcome import ColumnComparison, CompareOutcome
from regime_platform.legacy.comparison.reasons import TOLERANCE, UNEXPLAINED, Reasons
from regime_platform.legacy.readers.results import (
    ESCALATION,
    LATEST,
    STATE,
    in_last_form,
    read_results,
)
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.evaluate import escalation_table, state_table

OTHER_KEY = "text key of another form"
NO_BAR = "no canonical bar"
NOT_IN_FILE = "not in the old file"

_FIRST_STATE = 20  # the bar of the first state row
_KEYS = ("ts", "symbol", "timeframe", "asof")


def compare_compute(workspace: RunWorkspace, instrument: Instrument, path: Path) -> CompareOutcome:
    """Recompute the rows of the legacy file of one symbol, and compare.

    Raises:
        BarsError: the legacy file or the canonical bars are damaged.
    """
    legacy = read_results(path, instrument.symbol, instrument.asset_class)
    columns: list[ColumnComparison] = []
    rows: Counter[str] = Counter()
    results: dict[str, SeriesResult] = {}
    for timeframe in sorted(set(legacy[ESCALATION]) | set(legacy[STATE])):
        tables = {table: legacy[table].get(timeframe) for table in (ESCALATION, STATE)}
        result = _result(workspace, instrument, timeframe, tables)
        if result is None:
            rows[NO_BAR] += sum(frame.height for frame in tables.values() if frame is not None)
            continue
        results[timeframe] = result
        compared, unmatched = _timeframe(result, timeframe, tables)
        columns += compared
        rows += unmatched
    columns += _latest(legacy[LATEST], results, columns)
    unexplained = sum(column.different.get(UNEXPLAINED, 0) for column in columns)
    if unexplained:
        reason = f"{unexplained:,} values differ without an explanation"
        return CompareOutcome(instrument.symbol, Status.FAILED, tuple(columns), rows, reason)
    if not columns:
        reason = f"{path} and the canonical bars of {instrument.symbol} have no bar in common"
        return CompareOutcome(instrument.symbol, Status.FAILED, (), rows, reason)
    return CompareOutcome(instrument.symbol, Status.DONE, tuple(columns), rows)


def _result(
    workspace: RunWorkspace,
    instrument: Instrument,
    timeframe: str,
    tables: Mapping[str, pl.DataFrame | None],
) -> SeriesResult | None:
    """Run this engine on the canonical bars in the range of the legacy file."""
    in_force = read_in_force(workspace.root.symbol(instrument.symbol), timeframe)
    known = {
        name: frame["ts"].drop_nulls().sort() for name, frame in tables.items() if frame is not None
    }
    if in_force is None or any(ts.is_empty() for ts in known.values()):
        return None
    bars = in_force[1]
    naive = bars["ts"].dt.replace_time_zone(None)
    places = {
        name: (naive.search_sorted(ts[0]), naive.search_sorted(ts[-1], side="right"))
        for name, ts in known.items()
    }
    first, last = places.get(ESCALATION) or (places[STATE][0] - _FIRST_STATE, places[STATE][1])
    choice = workspace.eras.choose(era_class(instrument.symbol, instrument.asset_class))
    return compute_series(
        bars[max(first, 0) : last],
        symbol=instrument.symbol,
        timeframe=timeframe,
        eras=choice.eras,
        params=workspace.params,
    )


def _timeframe(
    result: SeriesResult, timeframe: str, tables: Mapping[str, pl.DataFrame | None]
) -> tuple[list[ColumnComparison], Counter[str]]:
    ours = {ESCALATION: escalation_table(result), STATE: _states(result)}
    rows: Counter[str] = Counter()
    pairs: dict[str, pl.DataFrame] = {}
    for table, theirs in tables.items():
        if theirs is None:
            continue
        mine = ours[table]
        keyed = in_last_form(theirs)
        rows[OTHER_KEY] += theirs.height - keyed.height
        rows[NO_BAR] += keyed.join(mine, on="ts", how="anti").height
        rows[NOT_IN_FILE] += mine.join(keyed, on="ts", how="anti").height
        pairs[table] = mine.join(keyed, on="ts", how="inner", suffix=" old", maintain_order="left")
    reasons = Reasons(pairs.get(ESCALATION), pairs.get(STATE), result.opens)
    columns = [
        _column(table, timeframe, name, pair, reasons)
        for table, pair in pairs.items()
        for name in pair.columns
        if name not in _KEYS and f"{name} old" in pair.columns
    ]
    return columns, +rows


def _states(result: SeriesResult) -> pl.DataFrame:
    levels = [
        f"{side}_{rank}_{what}"
        for side in ("support", "resistance")
        for rank in (1, 2, 3)
        for what in ("price", "strength")
    ]
    flat = state_table(result).drop("key_levels")
    return flat.with_columns(result.state[name].alias(f"key_levels.{name}") for name in levels)


def _column(
    table: str, timeframe: str, name: str, pair: pl.DataFrame, reasons: Reasons
) -> ColumnComparison:
    ours, theirs = pair[name], pair[f"{name} old"]
    differs = _differs(ours, theirs)
    if not differs.any():
        return ColumnComparison(table, timeframe, name, pair.height)
    why = Counter(reasons.of(table, name, pair.filter(differs)))
    return ColumnComparison(table, timeframe, name, pair.height - int(differs.sum()), dict(why))


def _differs(ours: pl.Series, theirs: pl.Series) -> pl.Series:
    if ours.dtype.is_numeric() and (theirs.dtype.is_numeric() or theirs.dtype == pl.Null):
        mine, other = ours.cast(pl.Float64), theirs.cast(pl.Float64)
        apart = (mine - other).abs() > TOLERANCE
        return apart.fill_null(value=False) | (mine.is_null() != other.is_null())
    return ours.cast(pl.String).ne_missing(theirs.cast(pl.String))


def _latest(
    legacy: Mapping[str, pl.DataFrame],
    results: Mapping[str, SeriesResult],
    columns: list[ColumnComparison],
) -> list[ColumnComparison]:
    """Escalation score and mean escalation, from the last percentile of each timeframe."""
    last = {
        timeframe: result.escalation["esc_pctl"][-1]
        for timeframe, result in results.items()
        if result.escalation.height
    }
    known = [percentile for percentile in last.values() if percentile is not None]
    consensus = sum(known) / len(known) if known else None
    causes = Counter(
        {
            why: rows
            for column in columns
            if column.name == "esc_pctl"
            for why, rows in column.different.items()
        }
    )
    why = causes.most_common(1)[0][0] if causes else UNEXPLAINED
    compared = []
    for timeframe, rows in legacy.items():
        if timeframe not in last:
            continue
        hazard = None if last[timeframe] is None else 100 * last[timeframe]
        for name, value in (("hazard_score", hazard), ("cross_tf_consensus", consensus)):
            ours, theirs = (
                pl.Series([score], dtype=pl.Float64) for score in (value, rows[name][0])
            )
            differs = bool(_differs(ours, theirs)[0])
            different = {why: 1} if differs else {}
            compared.append(ColumnComparison(LATEST, timeframe, name, int(not differs), different))
    return compared

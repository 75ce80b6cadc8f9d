"""Results of the old engine beside those of this one on the same bars, column by column.

This engine is run on the canonical bars between the first and the last one that the old file knows,
so that what differs is a difference of bars, of eras or of how the old file came about. Each is
told by its traces; what leaves none is told as unexplained.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import era_class
from regime_platform.compute.results import SeriesResult
from regime_platform.legacy.comparison.compare_outcome import Column, CompareOutcome
from regime_platform.legacy.comparison.compare_reasons import TOLERANCE, UNEXPLAINED, Reasons
from regime_platform.legacy.readers.results import (
    ESCALATION,
    LATEST,
    STATE,
    in_last_form,
    read_results,
)
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.query.evaluate import escalation_table, state_table

OTHER_KEY = "text key of another form"
NO_BAR = "no canonical bar"
NOT_THERE = "not in the old file"

_FIRST_STATE = 20  # the bar of the first state row
_KEYS = ("ts", "symbol", "timeframe", "asof")


def compare_compute(workspace: RunWorkspace, instrument: Instrument, path: Path) -> CompareOutcome:
    """Recomputes what the old file of one symbol holds, and compares.

    Raises:
        BarsError: the old file or the canonical bars are damaged.
    """
    old = read_results(path, instrument.symbol, instrument.asset_class)
    columns: list[Column] = []
    rows: Counter[str] = Counter()
    results: dict[str, SeriesResult] = {}
    for timeframe in sorted(set(old[ESCALATION]) | set(old[STATE])):
        tables = {table: old[table].get(timeframe) for table in (ESCALATION, STATE)}
        told = _result(workspace, instrument, timeframe, tables)
        if told is None:
            rows[NO_BAR] += sum(table.height for table in tables.values() if table is not None)
            continue
        results[timeframe] = told
        found, alone = _timeframe(told, timeframe, tables)
        columns += found
        rows += alone
    columns += _latest(old[LATEST], results, columns)
    unexplained = sum(column.different.get(UNEXPLAINED, 0) for column in columns)
    if unexplained:
        reason = f"{unexplained:,} values differ without an explanation"
        return CompareOutcome(instrument.symbol, Status.FAILED, tuple(columns), rows, reason)
    if not columns:
        reason = f"{path} and the canonical bars of {instrument.symbol} have nothing in common"
        return CompareOutcome(instrument.symbol, Status.FAILED, (), rows, reason)
    return CompareOutcome(instrument.symbol, Status.DONE, tuple(columns), rows)


def _result(
    workspace: RunWorkspace,
    instrument: Instrument,
    timeframe: str,
    tables: Mapping[str, pl.DataFrame | None],
) -> SeriesResult | None:
    """This engine on the bars that the old one had, as far as they are canonical."""
    held = read_in_force(workspace.root.symbol(instrument.symbol), timeframe)
    known = {
        name: table["ts"].drop_nulls().sort() for name, table in tables.items() if table is not None
    }
    if held is None or any(ts.is_empty() for ts in known.values()):
        return None
    bars = held[1]
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
    told: SeriesResult, timeframe: str, tables: Mapping[str, pl.DataFrame | None]
) -> tuple[list[Column], Counter[str]]:
    ours = {ESCALATION: escalation_table(told), STATE: _states(told)}
    rows: Counter[str] = Counter()
    pairs: dict[str, pl.DataFrame] = {}
    for table, theirs in tables.items():
        if theirs is None:
            continue
        mine = ours[table]
        keyed = in_last_form(theirs)
        rows[OTHER_KEY] += theirs.height - keyed.height
        rows[NO_BAR] += keyed.join(mine, on="ts", how="anti").height
        rows[NOT_THERE] += mine.join(keyed, on="ts", how="anti").height
        pairs[table] = mine.join(keyed, on="ts", how="inner", suffix=" old", maintain_order="left")
    reasons = Reasons(pairs.get(ESCALATION), pairs.get(STATE), told.opens)
    columns = [
        _column(table, timeframe, name, pair, reasons)
        for table, pair in pairs.items()
        for name in pair.columns
        if name not in _KEYS and f"{name} old" in pair.columns
    ]
    return columns, +rows


def _states(told: SeriesResult) -> pl.DataFrame:
    levels = [
        (f"{side}_{rank}_{what}")
        for side in ("support", "resistance")
        for rank in (1, 2, 3)
        for what in ("price", "strength")
    ]
    flat = state_table(told).drop("key_levels")
    return flat.with_columns(told.state[name].alias(f"key_levels.{name}") for name in levels)


def _column(table: str, timeframe: str, name: str, pair: pl.DataFrame, reasons: Reasons) -> Column:
    ours, theirs = pair[name], pair[f"{name} old"]
    differs = _differs(ours, theirs)
    if not differs.any():
        return Column(table, timeframe, name, pair.height)
    why = Counter(reasons.of(table, name, pair.filter(differs)))
    return Column(table, timeframe, name, pair.height - int(differs.sum()), dict(why))


def _differs(ours: pl.Series, theirs: pl.Series) -> pl.Series:
    if ours.dtype.is_numeric() and (theirs.dtype.is_numeric() or theirs.dtype == pl.Null):
        mine, other = ours.cast(pl.Float64), theirs.cast(pl.Float64)
        apart = (mine - other).abs() > TOLERANCE
        return apart.fill_null(value=False) | (mine.is_null() != other.is_null())
    return ours.cast(pl.String).ne_missing(theirs.cast(pl.String))


def _latest(
    old: Mapping[str, pl.DataFrame], results: Mapping[str, SeriesResult], columns: list[Column]
) -> list[Column]:
    """Hazard and consensus, which follow from the last percentile of each timeframe."""
    last = {
        timeframe: result.escalation["esc_pctl"][-1]
        for timeframe, result in results.items()
        if result.escalation.height
    }
    known = [one for one in last.values() if one is not None]
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
    found = []
    for timeframe, rows in old.items():
        if timeframe not in last:
            continue
        hazard = None if last[timeframe] is None else 100 * last[timeframe]
        for name, value in (("hazard_score", hazard), ("cross_tf_consensus", consensus)):
            mine, theirs = (pl.Series([one], dtype=pl.Float64) for one in (value, rows[name][0]))
            differs = bool(_differs(mine, theirs)[0])
            different = {why: 1} if differs else {}
            found.append(Column(LATEST, timeframe, name, int(not differs), different))
    return found

"""Compares results of the legacy engine with this engine on the same bars, column by column.

A difference is due to other bars, other eras or the history of the legacy file; each has a reason,
or is reported as unexplained.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import era_class
from regime_platform.compute.results import SeriesResult
from regime_platform.legacy.results import (
    ESCALATION,
    LATEST,
    STATE,
    in_last_form,
    read_results,
)
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import STATE_SCHEMA
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.evaluate import escalation_table, state_table

OTHER_KEY = "text key of another form"
NO_BAR = "no canonical bar"
NOT_IN_FILE = "not in the old file"

ERA_MODE = "era mode"
STALE = "stale state row"
UNFINISHED = "unfinished bar"
BARS_DIFFER = "a bar at or before it differs"
NO_NUMBA = "old run without numba"
UNEXPLAINED = "unexplained"

_TOLERANCE = 1e-9
_FIRST_STATE = 20  # the bar of the first state row
_KEYS = ("ts", "symbol", "timeframe", "asof")
#: Columns that depend on the eras in force; all others of a row do not.
_OF_ERAS = frozenset(
    {"esc_pctl", "esc_pctl_era", "esc_pctl_era_confidence", "esc_pctl_era_adj", "esc_bucket"}
    | {"escalation_bucket", "escalation_action", "escalation_bucket_thresholds"}
)
_LABELS = frozenset({"fwd_absret_h", "event_flag", "event_severity"})
_HORIZON = 20  # bars that a label looks ahead


@dataclass(frozen=True)
class ColumnComparison:
    """Comparison of one column."""

    table: str
    timeframe: str
    column: str
    equal: int
    different: Mapping[str, int] = field(default_factory=dict)  # reason -> rows


@dataclass(frozen=True)
class CompareOutcome:
    """Comparison of the results of one symbol; its fields are those of the JSON output."""

    symbol: str
    status: Status
    reason: str = ""
    rows_of_one_side: Mapping[str, int] = field(default_factory=dict)  # reason -> rows
    columns: tuple[ColumnComparison, ...] = ()


def compare_compute(workspace: RunWorkspace, instrument: Instrument, path: Path) -> CompareOutcome:
    """Recompute the rows of one legacy file; ``BarsError`` where it or the bars are damaged."""
    legacy = read_results(path, instrument.symbol, instrument.market)
    columns: list[ColumnComparison] = []
    rows: Counter[str] = Counter()
    results: dict[str, SeriesResult] = {}
    for timeframe in sorted(set(legacy[ESCALATION]) | set(legacy[STATE])):
        tables = {
            table: legacy[table][timeframe]
            for table in (ESCALATION, STATE)
            if timeframe in legacy[table]
        }
        result = _result(workspace, instrument, timeframe, tables)
        if result is None:
            rows[NO_BAR] += sum(frame.height for frame in tables.values())
            continue
        results[timeframe] = result
        compared, unmatched = _timeframe(result, timeframe, tables)
        columns += compared
        rows += unmatched
    columns += _latest(legacy[LATEST], results, columns)
    reason = ""
    if unexplained := sum(column.different.get(UNEXPLAINED, 0) for column in columns):
        reason = f"{unexplained:,} values differ without an explanation"
    elif not columns:
        reason = f"{path} and the canonical bars of {instrument.symbol} have no bar in common"
    status = Status.FAILED if reason else Status.DONE
    return CompareOutcome(instrument.symbol, status, reason, dict(rows), tuple(columns))


def _result(
    workspace: RunWorkspace,
    instrument: Instrument,
    timeframe: str,
    tables: Mapping[str, pl.DataFrame],
) -> SeriesResult | None:
    """Run this engine on the canonical bars in the range of the legacy file."""
    in_force = read_in_force(workspace.root.symbol(instrument.symbol), timeframe)
    known = {name: frame["ts"].drop_nulls().sort() for name, frame in tables.items()}
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
    result: SeriesResult, timeframe: str, tables: Mapping[str, pl.DataFrame]
) -> tuple[list[ColumnComparison], Counter[str]]:
    ours = {ESCALATION: escalation_table(result), STATE: _states(result)}
    rows: Counter[str] = Counter()
    pairs: dict[str, pl.DataFrame] = {}
    for table, theirs in tables.items():
        mine = ours[table]
        keyed = in_last_form(theirs)
        rows[OTHER_KEY] += theirs.height - keyed.height
        rows[NO_BAR] += keyed.join(mine, on="ts", how="anti").height
        rows[NOT_IN_FILE] += mine.join(keyed, on="ts", how="anti").height
        pairs[table] = mine.join(keyed, on="ts", how="inner", suffix=" old", maintain_order="left")
    reasons = _Reasons(pairs.get(ESCALATION), pairs.get(STATE), result.opens)
    columns = [
        _column(table, timeframe, name, pair, reasons)
        for table, pair in pairs.items()
        for name in pair.columns
        if name not in _KEYS and f"{name} old" in pair.columns
    ]
    return columns, +rows


def _states(result: SeriesResult) -> pl.DataFrame:
    levels = [name for name in STATE_SCHEMA if name.startswith(("support_", "resistance_"))]
    flat = state_table(result).drop("key_levels")
    return flat.with_columns(result.state[name].alias(f"key_levels.{name}") for name in levels)


def _column(
    table: str, timeframe: str, name: str, pair: pl.DataFrame, reasons: "_Reasons"
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
        apart = (mine - other).abs() > _TOLERANCE
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
    causes: Counter[str] = Counter()
    for column in columns:
        if column.column == "esc_pctl":
            causes.update(column.different)
    why = causes.most_common(1)[0][0] if causes else UNEXPLAINED
    compared = []
    for timeframe in filter(last.__contains__, legacy):
        hazard = None if last[timeframe] is None else 100 * last[timeframe]
        for name, value in (("hazard_score", hazard), ("cross_tf_consensus", consensus)):
            scores = (value, legacy[timeframe][name][0])
            differs = _differs(*(pl.Series([score], dtype=pl.Float64) for score in scores))[0]
            different = {why: 1} if differs else {}
            compared.append(ColumnComparison(LATEST, timeframe, name, int(not differs), different))
    return compared


class _Reasons:
    """Evidence in one timeframe: rows of both engines joined, the legacy columns with `` old``."""

    def __init__(
        self, escalation: pl.DataFrame | None, state: pl.DataFrame | None, opens: pl.Series
    ) -> None:
        self._opens = opens.dt.replace_time_zone(None)
        #: ts at which the engines agree on the raw score, which does not depend on eras
        self._agreed = _compared(escalation, "esc_raw", equal=True)
        other = _compared(escalation, "esc_pctl", equal=False)
        self._other_eras = other.filter(other.is_in(self._agreed.implode()))
        #: ts of bars that had another close when their legacy state was computed
        self._changed = _compared(state, "metrics.price", equal=False)
        #: the first bar that only one engine had, or that had another close in each
        first = self._changed.filter(~self._changed.is_in(self._agreed.implode()))
        if escalation is not None:
            missing = self._opens.filter(~self._opens.is_in(escalation["ts"].implode()))
            first = pl.concat([first, missing])
        self._first = first.min()

    def of(self, table: str, name: str, rows: pl.DataFrame) -> Sequence[str]:
        """The reason for each of ``rows``, in which the column differs."""
        ts, last = pl.col("ts"), self._opens[-1]
        agreed = ts.is_in(self._agreed.implode())
        eras = agreed if table == ESCALATION else ts.is_in(self._other_eras.implode())
        changed = ts.is_in(self._changed.implode())
        unfinished = changed & (ts == last)
        if name in _LABELS:
            near = self._opens[-min(_HORIZON + 1, len(self._opens))]
            unfinished = (ts >= near) & pl.lit(last in self._changed)
        why = (
            pl.when(unfinished)
            .then(pl.lit(UNFINISHED))
            .when(_without_numba(name, rows))
            .then(pl.lit(NO_NUMBA))
            .when(eras & pl.lit(name in _OF_ERAS))
            .then(pl.lit(ERA_MODE))
            .when(agreed & pl.lit(table != ESCALATION))
            .then(pl.lit(STALE))
            .when((ts >= pl.lit(self._first)) | changed)
            .then(pl.lit(BARS_DIFFER))
            .otherwise(pl.lit(UNEXPLAINED))
        )
        return rows.select(why.alias("why"))["why"].to_list()


def _compared(table: pl.DataFrame | None, name: str, *, equal: bool) -> pl.Series:
    """ts at which the engines have equal or different numbers in one column."""
    if table is None:
        return pl.Series("ts", [], pl.Datetime("us"))
    ours, theirs = table[name], table[f"{name} old"].cast(pl.Float64)
    near = ((ours - theirs).abs() <= _TOLERANCE).fill_null(value=False)
    return table.filter((near | (ours.is_null() & theirs.is_null())) == equal)["ts"]


def _without_numba(name: str, rows: pl.DataFrame) -> pl.Expr:
    """True where the legacy engine ranked a missing value, which it did without numba."""
    if not name.startswith("esc_pctl") or "esc_raw old" not in rows.columns:
        return pl.lit(value=False)
    is_null = pl.col("esc_raw old").is_null() & pl.col(name).is_null()
    return is_null & pl.col(f"{name} old").is_not_null()

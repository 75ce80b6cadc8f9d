"""Reads what pages and pictures show: promoted bars of one symbol joined with their results.

Forward labels are not read: a chart shows what was known at each bar.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from regime_platform.bar_store.basis_files import BASES
from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute.eras.eras import EraChoice
from regime_platform.compute_db.rank_basis import add_basis, add_latest_basis
from regime_platform.compute_db.reader import read_table, reading
from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.calendar.lateness import SeriesAge, series_age
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.query.explain import eras_of
from regime_platform.query.states import too_few_bars
from regime_platform.report.markers import grouped, read_markers
from regime_platform.report.series_chart import SeriesChart, series_chart
from regime_platform.validation.finding_counts import (
    counts_of,
    finding_lines,
    findings_of,
    questions_of,
)
from regime_platform.validation.verdict import Verdict, built_from

#: Of a kind in one chart; more are joined.
MOST_MARKERS = 120
_FIRST_SHOWN = ("1day", "1h", "4h", "15min", "1week")


@dataclass(frozen=True)
class SymbolView:
    """Everything on one symbol's page."""

    instrument: Instrument
    latest: pl.DataFrame  # latest_state, one row per timeframe, and what their ranks stand on
    eras: EraChoice
    basis: tuple[str, ...]  # changes of the price basis that fetches showed, in words
    notes: Sequence[str]  # on blocked series and findings
    charts: Mapping[str, SeriesChart]  # by timeframe, shortest first


def read_symbol(paths: SymbolPaths, instrument: Instrument) -> SymbolView | None:
    """The symbol's view, or None where it has no results at all."""
    latest = read_latest(paths)
    if latest.is_empty():
        return None
    with reading(paths.compute_db) as reader:
        latest = add_latest_basis(reader, latest)
        lineage = reader.lineage()
    choice = eras_of(lineage.recipe)
    verdict = read_verdict(paths)
    charts: dict[str, SeriesChart] = {}
    for timeframe in latest["timeframe"]:
        bars = read_series(paths, timeframe)
        if bars is not None:
            charts[timeframe] = _chart(paths, instrument, verdict, choice, timeframe, bars)
    if not charts:
        return None
    short = too_few_bars(lineage.series, instrument.timeframes)
    notes = (
        *((f"delisted since {instrument.delisted}: no newer bars",) * bool(instrument.delisted)),
        *(f"{timeframe}: {reason}" for timeframe, reason in short.items()),
        *_notes(verdict),
    )
    basis = tuple(f"{record.timeframe}: {record.describe()}" for record in BASES.read(paths))
    return SymbolView(instrument, latest, choice, basis, notes, charts)


def _chart(  # noqa: PLR0913, PLR0917 - what is read once for all timeframes, and one of them
    paths: SymbolPaths,
    instrument: Instrument,
    verdict: Verdict | None,
    eras: EraChoice,
    timeframe: str,
    bars: pl.DataFrame,
) -> SeriesChart:
    markers = read_markers(paths, instrument, verdict, bars, timeframe)
    few = grouped(markers, bars["ts"], MOST_MARKERS)
    chart = series_chart(instrument.symbol, timeframe, bars, eras, few)
    # what feeds of currencies and metals give as volume is the size of their quotes
    has_volume = chart.has_volume and not instrument.market.has_currency_week
    promoted = None if verdict is None else verdict.promoted.get(timeframe)
    hidden = 0 if promoted is None else promoted.rows - bars.height
    note = f"Not drawn, for a price that is not above 0: {hidden:,}." if hidden else ""
    return replace(chart, has_volume=has_volume, note=f"{note} {chart.note}".strip())


def _notes(verdict: Verdict | None) -> Iterator[str]:
    if verdict is None:
        return
    if verdict.reason:
        yield f"newer bars are blocked by the gate: {verdict.message}"
    findings = findings_of(verdict)
    if verdict.left_out:
        yield f"the mean escalation leaves out {', '.join(verdict.left_out)}"
    yield from built_from(verdict.derived_from)
    yield from finding_lines(
        verdict.symbol, counts_of(findings), questions_of(verdict.symbol, findings)
    )


def read_latest(paths: SymbolPaths) -> pl.DataFrame:
    """latest_state, shortest timeframe first; no rows where nothing was computed."""
    if not paths.compute_db.exists():
        return pl.DataFrame(schema={"timeframe": pl.Enum(TIMEFRAMES)})
    return read_table(paths.compute_db, "latest_state").sort("timeframe")


def read_ages(
    paths: SymbolPaths, instrument: Instrument, now: dt.datetime
) -> Mapping[str, SeriesAge]:
    """By timeframe, how old the promoted bars are."""
    verdict = read_verdict(paths)
    promoted = {} if verdict is None else verdict.promoted
    derived = {} if verdict is None else verdict.derived_from
    return {
        timeframe: series_age(
            instrument, timeframe, instant(bars.max_ts), now, built_from=derived.get(timeframe)
        )
        for timeframe, bars in promoted.items()
        if timeframe in instrument.timeframes
    }


def first_shown(timeframes: Iterable[str]) -> str:
    """The timeframe that is shown first."""
    return min(timeframes, key=_FIRST_SHOWN.index)


def read_series(
    paths: SymbolPaths, timeframe: str, state_columns: Sequence[str] | None = None
) -> pl.DataFrame | None:
    """Computed bars, state, escalation, drawdown of each open, null where a bar has none.

    None without bars.

    With ``BASIS_SCHEMA``: what the rank of each bar stands on.

    ``state_columns`` names the state columns to read; None reads all.
    """
    in_force = read_in_force(paths, timeframe)
    if in_force is None:
        return None
    wanted = None if state_columns is None else ["ts", *state_columns]
    shown = ["ts", "esc_raw", "esc_pctl", "esc_bucket"]
    with reading(paths.compute_db) as reader:  # both tables from the same version of the file
        state = reader.table("state_history", timeframe=timeframe, columns=wanted)
        ranks = reader.table("escalation_history_v3", timeframe=timeframe, columns=shown)
        escalation = add_basis(reader, ranks, timeframe).drop("esc_raw")
    results = state.drop("symbol", "timeframe", strict=False)
    return (
        in_force[1]
        .filter(pl.all_horizontal(pl.col(PRICE_COLUMNS) > 0))  # others have no results and no log
        .join(results, on="ts", how="left", maintain_order="left")
        .join(escalation, on="ts", how="left", maintain_order="left")
        .with_columns(drawdown=pl.col("close") / pl.col("close").cum_max() - 1)
    )

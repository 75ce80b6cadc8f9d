"""The markers of a chart: what happened to the bars of a series before it was computed."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import polars as pl

from regime_platform.bar_store.basis_files import (
    BasisRecord,
    FactorTable,
    basis_records,
    read_factors,
)
from regime_platform.bar_store.canonical import read_rejected
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.raw_log import read_current
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.model.actions import Action
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import Market
from regime_platform.model.ratios import SIMPLE_RATIOS, effect_text, ratio_text
from regime_platform.model.timeframes import is_intraday
from regime_platform.report.picture.axes import number
from regime_platform.report.series_chart import (
    ACCEPTED,
    EXCLUDED,
    GAP,
    NOTES,
    RECORDS,
    REJECTED,
    REVISION,
    SPLIT,
    WITHDRAWN,
    Marker,
    end_of,
)
from regime_platform.revisions.contradictions import Disagreement
from regime_platform.revisions.revised_bars import revised_bars
from regime_platform.validation.findings import REJECTED as IS_REJECTED
from regime_platform.validation.overrides import ANY_RULE, Override, OverrideKind
from regime_platform.validation.rules.calendar import (
    MISSING_BARS,
    MISSING_SESSIONS,
    calendar_fit,
    stretches,
)
from regime_platform.validation.verdict import SeriesVerdict, Verdict

_GAPS = (MISSING_SESSIONS.name, MISSING_BARS.name)
_DAY = dt.timedelta(days=1)
_OF_OVERRIDE = {
    OverrideKind.EXCLUDE: (EXCLUDED, "excluded"),
    OverrideKind.ACCEPT: (ACCEPTED, "accepted"),
    OverrideKind.WITHDRAW: (WITHDRAWN, "withdrawn"),
}


def read_markers(
    paths: SymbolPaths,
    instrument: Instrument,
    verdict: Verdict | None,
    bars: pl.DataFrame,
    timeframe: str,
) -> list[Marker]:
    """What is on record about the ``bars`` (not empty, by ts) of one timeframe, in no order.

    Raises:
        BarsError: a record, the rejected rows or the raw log are damaged.
    """
    series = None if verdict is None else verdict.at(timeframe)
    if verdict is None or series is None:
        return []
    records = basis_records(paths, timeframe)
    overrides = [entry for entry in verdict.overrides if entry.timeframe == timeframe]
    market = instrument.market
    factors = read_factors(paths).get(timeframe, ())
    rejected = read_rejected(paths, timeframe)
    return [
        *split_markers(verdict.adjusted_for(timeframe)),
        *basis_markers(records),
        *factor_markers(factors[-1:]),
        *override_markers(overrides, timeframe),
        *gap_markers(series, bars["ts"], market, overrides, rejected["ts"]),
        *rejected_markers(rejected, timeframe),
        *revision_markers(_revised(paths, timeframe, market, records), timeframe),
    ]


def split_markers(actions: Iterable[Action]) -> Iterator[Marker]:
    """The declared splits that the bars are adjusted for."""
    for action in actions:
        label = f"split {ratio_text(action.ratio)}"
        text = f"{action}, declared by {action.by}: earlier bars are adjusted"
        yield Marker(SPLIT, _midnight(action.date), None, label, text, RECORDS)


def basis_markers(records: Iterable[BasisRecord]) -> Iterator[Marker]:
    """The changes of the price basis that fetches showed, where the new one begins."""
    for record in records:
        seen = record.evidence
        if isinstance(seen, Disagreement):
            label = f"{seen.apart:,} prices revised"
            yield Marker(
                REVISION, seen.first, seen.last, label, record.describe(), count=seen.apart
            )
        else:
            start = seen.same_from or end_of(seen.last, record.timeframe)
            is_split = seen.ratio in SIMPLE_RATIOS and seen.volume_ratio is not None
            name = f"split {ratio_text(seen.ratio)}" if is_split else effect_text(seen.ratio)
            yield Marker(SPLIT, start, None, name, record.describe(), NOTES)


def factor_markers(tables: Iterable[FactorTable]) -> Iterator[Marker]:
    """The measured factors by which intraday prices are brought onto the basis of daily ones."""
    for table in tables:
        for step in table.steps:
            start = _midnight(step.until + _DAY)
            text = f"prices up to {step.until} {effect_text(step.ratio)}, as daily bars show"
            yield Marker(SPLIT, start, None, f"split {ratio_text(step.ratio)}", text, RECORDS)


def override_markers(overrides: Iterable[Override], timeframe: str) -> Iterator[Marker]:
    """The overrides in force: a marker for each bar, or one for a range."""
    for entry in overrides:
        kind, done = _OF_OVERRIDE[entry.kind]
        rule = f" ({entry.rule})" if kind == ACCEPTED and entry.rule != ANY_RULE else ""
        text = f"{done}{rule} by {entry.by}: {entry.reason} (override {entry.id})"
        if entry.until:
            yield Marker(kind, entry.opens, end_of(entry.last, timeframe), done, text, RECORDS)
        for opens in entry.listed:
            yield Marker(kind, opens, None, done, f"{_when(opens, timeframe)} {text}", RECORDS)


def gap_markers(
    series: SeriesVerdict,
    opens: pl.Series,
    market: Market,
    overrides: Sequence[Override] = (),
    kept_out: pl.Series | None = None,
) -> Iterator[Marker]:
    """The stretches of missing bars that are not accepted, by the calendar of the market.

    Args:
        series: its findings decide whether there are any.
        opens: of the bars.
        market: of the instrument.
        overrides: in force for the series.
        kept_out: opens of the rows that the gate kept out, which are no gaps.
    """
    if not any(finding.count for finding in series.findings if finding.rule in _GAPS):
        return
    timeframe = series.timeframe
    gaps = calendar_fit(opens, timeframe, market, kept_out).gaps
    gaps = gaps.filter(~_is_accepted(gaps, overrides))
    for gap in stretches(gaps).iter_rows(named=True):
        unit, count = ("session", gap["sessions"]) if gap["sessions"] else ("bar", gap["missing"])
        label = f"{count:,} {unit}{'s' * (count > 1)} missing"
        text = f"{label}: {_span(gap['first'], gap['last'], timeframe)}"
        yield Marker(GAP, gap["first"], end_of(gap["last"], timeframe), label, text, NOTES)


def rejected_markers(rejected: pl.DataFrame, timeframe: str) -> Iterator[Marker]:
    """The rows that rules with severity error kept out at the last promotion."""
    for row in rejected.filter(pl.col("disposition") == IS_REJECTED).iter_rows(named=True):
        if row["ts"] is not None:
            text = f"{_when(row['ts'], timeframe)} rejected by {row['rule']}: {row['reason']}"
            yield Marker(REJECTED, row["ts"], None, "rejected", text, NOTES)


def revision_markers(revised: pl.DataFrame, timeframe: str) -> Iterator[Marker]:
    """The bars of `revised_bars`."""
    for row in revised.iter_rows(named=True):
        changed = next(name for name in _QUOTED_FIRST if row[name] != row[f"first_{name}"])
        values = (
            f"{changed} {_number(row[changed])} was {_number(row[f'first_{changed}'])} at first"
        )
        text = (
            f"{_when(row['ts'], timeframe)} revised: {values}, fetched {row['fetched_at']:%Y-%m-%d}"
        )
        yield Marker(REVISION, row["ts"], None, "revised", text, RECORDS)


_QUOTED_FIRST = ("close", "open", "high", "low", "volume")


def grouped(markers: Iterable[Marker], opens: pl.Series, most: int) -> list[Marker]:
    """At most ``most`` markers of each kind, by kind and start: neighbours are joined to one.

    ``opens`` of the bars decide what neighbours are, so that a gap in time separates nothing.
    """
    joined: list[Marker] = []
    ordered = sorted(markers, key=lambda marker: (marker.kind, marker.start))
    for _, of_kind in groupby(ordered, lambda marker: marker.kind):
        each = list(of_kind)
        if len(each) > most:
            starts = pl.Series([marker.start for marker in each], dtype=opens.dtype)
            places = (opens.search_sorted(starts) * most // (len(opens) + 1)).to_list()
            pairs = groupby(zip(places, each, strict=True), lambda pair: pair[0])
            each = [_joined([marker for _, marker in group]) for _, group in pairs]
        joined += each
    return joined


def _joined(markers: Sequence[Marker]) -> Marker:
    first, count = markers[0], sum(marker.count for marker in markers)
    if len(markers) == 1:
        return first
    end = max(marker.end or marker.start for marker in markers)
    label = counted(first.kind, count)
    text = f"{label} from {first.start:%Y-%m-%d} to {end:%Y-%m-%d}; the first: {first.text}"
    return Marker(first.kind, first.start, end, label, text, first.link, count)


def counted(kind: str, count: int) -> str:
    """So many markers of a kind, such as "2 gaps"."""
    return f"{count:,} {kind}{'s' * (kind in _NOUNS and count > 1)}"


_NOUNS = (SPLIT, GAP, REVISION)  # the other kinds are adjectives


def _is_accepted(gaps: pl.DataFrame, overrides: Sequence[Override]) -> pl.Series:
    """True for gaps that an override accepts: one open of a whole session stands for all of it."""
    accepting = [
        entry
        for entry in overrides
        if entry.kind is OverrideKind.ACCEPT and entry.rule in (ANY_RULE, *_GAPS)
    ]
    named = pl.Series([any(entry.is_about(ts) for entry in accepting) for ts in gaps["ts"]])
    if not named.any():
        return pl.repeat(value=False, n=gaps.height, dtype=pl.Boolean, eager=True)
    dates = gaps.filter(named & gaps["whole_session"])["date"].unique()
    return named | (gaps["whole_session"] & gaps["date"].is_in(dates.implode()))


def _revised(
    paths: SymbolPaths, timeframe: str, market: Market, records: Sequence[BasisRecord]
) -> pl.DataFrame:
    """The revised bars of a series; none where its log has a single batch, which is not read."""
    log = list_raw(paths.raw(timeframe))
    if sum(file.last - file.first + 1 for file in log.files) <= 1:
        return pl.DataFrame()
    changes = [record.rebase for record in records if record.rebase is not None]
    return revised_bars(read_current(log).rows, timeframe, market, changes)


def _midnight(date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), dt.UTC)


def _when(opens: dt.datetime, timeframe: str) -> str:
    return f"{opens:%Y-%m-%d %H:%M}" if is_intraday(timeframe) else f"{opens:%Y-%m-%d}"


def _span(first: dt.datetime, last: dt.datetime, timeframe: str) -> str:
    ends = [_when(first, timeframe), _when(last, timeframe)]
    return ends[0] if first == last else " to ".join(ends)


def _number(value: float | None) -> str:
    return "none" if value is None else number(value)

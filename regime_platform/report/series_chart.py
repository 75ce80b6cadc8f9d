"""What a chart of one series shows, as typed data: pages, pictures and notebooks draw from it."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from regime_platform.compute.eras.eras import OPEN_START, EraChoice
from regime_platform.compute.regime_runs import regime_runs
from regime_platform.model.timeframes import DURATION

#: The kinds of markers.
SPLIT, GAP, REVISION, EXCLUDED, ERA = "split", "gap", "revision", "excluded", "era"
ACCEPTED, REJECTED, WITHDRAWN = "accepted", "rejected", "withdrawn"
#: Parts of a page: the findings in words, and the files that prove what it shows.
NOTES, RECORDS = "#notes", "#records"

_LEVEL_BARS = 250  # key levels are computed from the last 250 bars
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Marker:
    """Something that happened to a series at a bar, or over a stretch of bars."""

    kind: str
    start: dt.datetime  # aware
    end: dt.datetime | None  # exclusive; None: at ``start`` alone
    label: str  # a few words, to be drawn
    text: str  # a sentence, to be read
    link: str = ""  # the part of the symbol's page that says more
    count: int = 1  # how many it stands for: bars, or what its kind counts


@dataclass(frozen=True)
class Level:
    """A key level of the last bar."""

    name: str  # S1 to S3, R1 to R3; 1 is the strongest
    price: float
    strength: float
    start: dt.datetime  # open of the first bar that it comes from


@dataclass(frozen=True)
class SeriesChart:
    """The chart of one series."""

    symbol: str
    timeframe: str
    bars: pl.DataFrame  # one row per bar, oldest first; columns of `views.read_series`
    runs: pl.DataFrame  # of regimes: regime_label, start, end, bars
    immature: pl.DataFrame  # stretches of immature ranks: start, end
    levels: tuple[Level, ...]
    markers: tuple[Marker, ...]  # by start
    eras: EraChoice  # that the results were ranked in
    has_volume: bool
    note: str  # sentences on what the markers show

    @property
    def era(self) -> str:
        """Of the last bar, as `explain` numbers it: "era 2 of 3"; empty where it is in none."""
        ticks = (self.bars["ts"][-1] - _EPOCH) // dt.timedelta(microseconds=1)
        eras = self.eras.eras
        matches = [era for era in eras if era.start_us <= ticks < era.end_us]
        # of two eras that overlap the later one wins
        return f"era {matches[-1].index + 1} of {len(eras)}" if matches else ""


def series_chart(
    symbol: str,
    timeframe: str,
    bars: pl.DataFrame,
    eras: EraChoice,
    markers: Sequence[Marker] = (),
) -> SeriesChart:
    """The chart of ``bars`` (not empty), with ``markers`` beside those of the eras."""
    shown = [*markers, *era_markers(bars, eras)]
    immature = immature_spans(bars, timeframe)
    return SeriesChart(
        symbol=symbol,
        timeframe=timeframe,
        bars=bars,
        runs=regime_runs(bars, timeframe),
        immature=immature,
        levels=tuple(key_levels(bars)),
        markers=tuple(sorted(shown, key=lambda marker: marker.start)),
        eras=eras,
        has_volume=bool((bars["volume"] > 0).any()),
        note=" ".join(_sentences(immature, shown)),
    )


def chart_since(
    chart: SeriesChart, start: dt.datetime, end: dt.datetime | None = None
) -> SeriesChart | None:
    """The part of bars that open in [``start``, ``end``), aware; None where there are none.

    Runs that reach into it stay whole: a regime has begun when it began, not where a chart does.
    """
    known, runs = chart.bars, chart.runs
    if end is not None:
        known = known.filter(pl.col("ts") < end)
        runs = regime_runs(known, chart.timeframe)
    bars = known.filter(pl.col("ts") >= start)
    if bars.is_empty():
        return None
    first, last = bars["ts"][0], bars["ts"][-1]
    until = last if end is not None else max([last, *(each.start for each in chart.markers)])
    inside = (pl.col("end") > first) & (pl.col("start") <= last)
    markers = tuple(
        marker
        for marker in chart.markers
        if (marker.end or marker.start) >= first and marker.start <= until
    )
    immature = chart.immature.filter(inside)
    return replace(
        chart,
        bars=bars,
        runs=runs.filter(inside),
        immature=immature,
        levels=tuple(key_levels(bars)),
        markers=markers,
        note=" ".join(_sentences(immature, markers)),
    )


def immature_spans(bars: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """The unbroken runs of immature ranks, oldest first: start, end.

    As the runs of a regime they reach to the open of the bar after them.
    """
    mark = pl.when("is_rank_immature").then(pl.lit("immature"))
    return regime_runs(bars.with_columns(regime_label=mark), timeframe).select("start", "end")


def key_levels(bars: pl.DataFrame) -> Iterator[Level]:
    """The key levels of the last bar; none where their columns were not read."""
    last = bars.row(-1, named=True)
    start = bars["ts"][-min(_LEVEL_BARS, bars.height)]
    for side in ("support", "resistance"):
        for rank in (1, 2, 3):
            price = last.get(f"{side}_{rank}_price")
            if price is not None:
                name = f"{side[0].upper()}{rank}"
                yield Level(name, price, last[f"{side}_{rank}_strength"], start)


def era_markers(bars: pl.DataFrame, eras: EraChoice) -> Iterator[Marker]:
    """The starts of eras within the series."""
    first, last = bars["ts"][0], bars["ts"][-1]
    for era in eras.eras:
        if era.start_us == OPEN_START:
            continue
        start = _EPOCH + dt.timedelta(microseconds=era.start_us)
        if first < start <= last:
            name = f"era {era.index + 1} of {len(eras.eras)}"
            text = f"{name} begins ({eras.version}): ranks start again from its bars"
            yield Marker(ERA, start, None, name, text)


def end_of(opens: dt.datetime, timeframe: str) -> dt.datetime:
    """The end of the nominal period of the bar that opens then."""
    return opens + DURATION[timeframe]


def _sentences(immature: pl.DataFrame, markers: Sequence[Marker]) -> Iterator[str]:
    if immature.height:
        shaded = ", ".join(
            f"{start:%Y-%m-%d} until {end:%Y-%m-%d}" for start, end in immature.iter_rows()
        )
        yield f"Escalation is shaded where its rank is immature, on too few bars: {shaded}."
    for kind, words in _NOTES.items():
        texts = [marker.text for marker in markers if marker.kind == kind]
        if texts:
            yield f"{words}: {'; '.join(texts)}."


#: What a note says of markers of a kind before their texts.
_NOTES = {SPLIT: "Adjusted for splits"}

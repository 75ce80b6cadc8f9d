"""Rules that compare a bar with that of an earlier fetch, or with bars of a finer timeframe.

Where a fetch disagrees with stored bars and the history before is still of an earlier fetch, two
price bases may be joined. Bars are compared with finer ones only where every one of these that the
calendar expects is stored; opens and volumes are not, since an auction is in the day's bar and in
none of its hours.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA, PRICE_COLUMNS
from regime_platform.model.calendar.trading_hours import (
    MIDNIGHT,
    expected_bars,
    trading_date,
)
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, FINER, is_intraday
from regime_platform.validation.findings import Rule, Severity, worded
from regime_platform.validation.rules.bar import finished_when_fetched
from regime_platform.validation.rules.calendar import span_of

#: Relative; smaller differences are corrections of the last digits.
TOLERANCE = 0.001

OVERLAP = Rule(
    "overlap_disagreement",
    Severity.WARNING,
    "fetch the whole series again, so that all bars are on one price basis; or accept it",
    worded("{} {} was {} when fetched before", "price", "now", "before"),
)
#: `regime universe repoint --same` accepts it for all fetches up to the time of the override.
CONTRADICTED = Rule(
    "overlap_contradiction",
    Severity.ERROR,
    "its source serves another instrument or another state of this one: "
    "settle it by `regime universe repoint SYMBOL --reason TEXT`, with --same, or with --archive "
    "to start again",
    worded("{} {} was {} when fetched before", "price", "now", "before"),
)
_REMEDY = "look for a split that only one of the timeframes knows; fetch both again, or accept it"
_REASON = worded("{} {}, but {} by its {} bars", "worst", "stored", "computed", "finer")
DAY_DISAGREES = Rule("day_disagrees", Severity.WARNING, _REMEDY, _REASON)
WEEK_DISAGREES = Rule("week_disagrees", Severity.WARNING, _REMEDY, _REASON)
#: Of intraday bars, compared with finer ones that are not computed: last of all, because no symbol
#: without such bars has it among its findings.
BAR_DISAGREES = Rule("bar_disagrees", Severity.WARNING, _REMEDY, _REASON)
COMPARISONS = (OVERLAP, CONTRADICTED, DAY_DISAGREES, WEEK_DISAGREES, BAR_DISAGREES)


#: Of a timeframe: the rule, the finer ones (the first that is stored is compared), and a relative
#: tolerance, within which closing auctions and the vendor's rounding stay.
_FINER = {
    "15min": (BAR_DISAGREES, ("5min", "1min"), 0.01),
    "1h": (BAR_DISAGREES, FINER[::-1], 0.01),
    "4h": (BAR_DISAGREES, FINER[::-1], 0.01),
    "1day": (DAY_DISAGREES, ("1h", "15min", *FINER[::-1]), 0.01),
    "1week": (WEEK_DISAGREES, ("1day",), 0.001),
}
_COMPARED = ("high", "low", "close")
_QUOTED_FIRST = ("close", "open", "high", "low")
_ENOUGH_DAYS = 20  # of which the end of the day is known
_NO_BARS = pl.DataFrame()
#: Of no bar, ``ts`` and what is named in ``_REASON``.
_NO_DISAGREEMENT = pl.DataFrame(schema={"ts": BAR_SCHEMA["ts"]})
#: ``ts`` and ``revised_price`` of no bar.
NO_REVISED = pl.DataFrame(
    schema={"ts": BAR_SCHEMA["ts"], "price": pl.String, "now": pl.Float64, "before": pl.Float64}
)


@dataclass(frozen=True)
class Overlap:
    """How the fetches of a series agree where they have the same bars."""

    compared: int  # bars in force that an earlier fetch had too
    disagreeing: pl.DataFrame  # ts and the columns of the rule's reason
    contradicting: pl.DataFrame | None = None  # the same, of fetches that differ in every bar
    rereading: str = ""  # why and since when the series is being read again, where it is
    lost: pl.Series | None = None  # opens that their source no longer has


def comparisons(timeframes: Collection[str]) -> tuple[Rule, ...]:
    """The rules on a symbol that has these timeframes."""
    return COMPARISONS if not set(FINER).isdisjoint(timeframes) else COMPARISONS[:-1]


def overlap(raw: pl.DataFrame, rows: pl.DataFrame, timeframe: str, market: Market) -> Overlap:
    """Compares the bars in force (``rows``, by ts) with finished versions fetched before them.

    ``raw`` has all revisions, batches in order of arrival.
    """
    again = versions_of_repeated(raw, timeframe, market)
    if again.is_empty():
        return Overlap(0, NO_REVISED)
    versions = again.select(
        "ts", "batch", *(pl.col(name).alias(f"earlier_{name}") for name in PRICE_COLUMNS)
    ).sort("ts", "batch", maintain_order=True)
    both = rows.join(versions, on="ts", suffix="_before", maintain_order="left")
    both = both.filter(pl.col("batch_before") < pl.col("batch"))
    both = both.unique("ts", keep="last", maintain_order=True)
    apart = pl.max_horizontal(
        (pl.col(name) / pl.col(f"earlier_{name}") - 1).abs() for name in PRICE_COLUMNS
    )
    disagreeing = both.filter(apart > TOLERANCE)
    if disagreeing.is_empty() or not _stayed(rows, disagreeing):
        return Overlap(both.height, NO_REVISED)
    return Overlap(both.height, disagreeing.select("ts", *revised_price()))


def versions_of_repeated(raw: pl.DataFrame, timeframe: str, market: Market) -> pl.DataFrame:
    """The finished versions of the bars that have several of them, in the order of ``raw``."""
    repeated = raw
    if raw["ts"].n_unique() < raw.height:
        repeated = raw.filter(pl.col("ts").is_duplicated() & pl.col("ts").is_not_null())
        repeated = repeated.filter(finished_when_fetched(repeated, timeframe, market))
    if repeated["ts"].n_unique() == repeated.height:
        return raw.clear()
    return repeated.filter(pl.col("ts").is_duplicated())


@cache
def revised_price() -> tuple[pl.Expr, ...]:
    """Of a bar with an earlier version (``earlier_close`` ...), the first price that is off, else
    the close: ``price`` (its name), ``now`` and ``before``."""

    def of_first(value: Callable[[str], pl.Expr]) -> pl.Expr:
        ratios = {name: pl.col(name) / pl.col(f"earlier_{name}") for name in _QUOTED_FIRST}
        off = (pl.when((r - 1).abs() > TOLERANCE).then(value(name)) for name, r in ratios.items())
        return pl.coalesce(*off, value("close"))

    before = of_first(lambda name: pl.col(f"earlier_{name}"))
    return (
        of_first(pl.lit).alias("price"),
        of_first(pl.col).alias("now"),
        before.alias("before"),
    )


def disagreement(
    bars: Mapping[str, pl.DataFrame], timeframe: str, market: Market, anchors: Mapping[str, str]
) -> tuple[Rule, int, pl.DataFrame] | None:
    """Compares ``timeframe`` with the finest bars; None where there is nothing to compare.

    ``anchors`` are those of the timeframes.

    Returns the rule, how many bars were compared, and those that break it.
    """
    stored = {name for name, series in bars.items() if not series.is_empty()}
    if timeframe not in stored.intersection(_FINER):
        return None
    rule, candidates, tolerance = _FINER[timeframe]
    finer = next((name for name in candidates if name in stored), None)
    if finer is None:
        return None
    day = anchors[timeframe]
    computed = _computed(bars[finer], finer, timeframe, market, anchors[finer], day)
    both = bars[timeframe].join(computed, on="ts", maintain_order="left")
    largest = pl.max_horizontal(map(_apart, _COMPARED))
    disagreeing = both.filter(largest > tolerance)
    if disagreeing.is_empty():
        return rule, both.height, _NO_DISAGREEMENT

    def of_worst(value: Callable[[str], pl.Expr]) -> pl.Expr:
        return pl.coalesce(pl.when(_apart(name) == largest).then(value(name)) for name in _COMPARED)

    disagreeing = disagreeing.select(
        "ts",
        worst=of_worst(pl.lit),
        stored=of_worst(pl.col),
        computed=of_worst(lambda name: pl.col(f"computed_{name}")),
        finer=pl.lit(finer),
    )
    return rule, both.height, disagreeing


def day_end(bars: Mapping[str, pl.DataFrame], market: Market, anchors: Mapping[str, str]) -> str:
    """Where the days of currencies end, by the closes of their hours: ``MIDNIGHT``, or as usual.

    What the anchors say, where there are too few hours to tell.
    """
    labelled = anchors.get("1day", "")
    finer = next((name for name in _FINER["1day"][1] if bars.get(name, _NO_BARS).height), None)
    if finer is None or not market.has_currency_week or "1day" not in anchors:
        return labelled
    apart: dict[str, float] = {}
    for day in ("", MIDNIGHT):
        computed = _computed(bars[finer], finer, "1day", market, anchors[finer], day)
        both = bars["1day"].join(computed, on="ts").select(_apart("close"))
        if both.height < _ENOUGH_DAYS:
            return labelled
        apart[day] = both.median().item()
    near, far = sorted(apart, key=lambda day: apart[day])
    return near if 2 * apart[near] < apart[far] else labelled


def _stayed(rows: pl.DataFrame, disagreeing: pl.DataFrame) -> bool:
    """True where bars before the first disagreement are of an earlier fetch."""
    first, batch = disagreeing.select("ts", "batch").row(0)
    return bool(((rows["ts"] < first) & (rows["batch"] < batch)).any())


def _apart(name: str) -> pl.Expr:
    return (pl.col(name) / pl.col(f"computed_{name}") - 1).abs()


def _computed(  # noqa: PLR0913, PLR0917 - the two series and their anchors
    bars: pl.DataFrame, finer: str, timeframe: str, market: Market, anchor: str, day: str
) -> pl.DataFrame:
    """High, low and close by ``ts`` of the coarser bars of which every finer one is stored."""
    span = span_of(bars["ts"])
    expected = expected_bars(market, finer, *span, anchor)
    if finer in FINER:  # of these, many sources have bars before and after the session
        bars = bars.join(expected.select("ts"), on="ts", how="semi", maintain_order="left")
    opens = pl.col("ts")
    date = trading_date(opens, market, day) if is_intraday(finer) else opens.dt.date()
    dated = date if day == MIDNIGHT else pl.col("date")
    if is_intraday(timeframe):
        labels = expected_bars(market, timeframe, span[0] - DURATION[timeframe], span[1], day)
        bars, expected = (_within(each, labels["ts"]) for each in (bars, expected))
        label = due = pl.col("label")
    else:
        label, due = _label(date, timeframe), _label(dated, timeframe)
    groups = bars.group_by(label.alias("ts"), maintain_order=True).agg(
        pl.col("high").max().alias("computed_high"),
        pl.col("low").min().alias("computed_low"),
        pl.col("close").last().alias("computed_close"),
        count=pl.len(),
    )
    counts = expected.group_by(due.alias("ts")).len("due")
    whole = groups.join(counts, on="ts", maintain_order="left").filter(
        pl.col("count") >= pl.col("due")
    )
    return whole[1:-1].drop("count", "due")  # the first and the last may be incomplete


def _within(bars: pl.DataFrame, opens: pl.Series) -> pl.DataFrame:
    """The bars with the last of ``opens`` up to theirs as ``label``."""
    labels = opens.alias("label").to_frame()
    return bars.join_asof(labels, left_on="ts", right_on="label", coalesce=False)


def _label(date: pl.Expr, timeframe: str) -> pl.Expr:
    return (date.dt.truncate("1w") if timeframe == "1week" else date).cast(BAR_SCHEMA["ts"])

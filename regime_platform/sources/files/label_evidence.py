"""Whether the labels of intraday bars are opens or closes, by those at the ends of sessions.

A bar that is labelled by its open cannot be labelled at the close of a session, for it would lie
in the night, and one labelled by its close not at the open. Where a market never closes, nothing
shows it.
"""

import datetime as dt

import polars as pl

from regime_platform.model.calendar.labels import CLOSE, OPEN
from regime_platform.model.calendar.sessions import THIN, sessions
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION
from regime_platform.sources.files.facts import Fact

#: Sessions that may show the other convention, as by a price of the closing auction.
_MOST_OTHERS = 0.1


def label_of_sessions(times: pl.Series, timeframe: str, market: Market) -> Fact:
    """What intraday labels (UTC) are; with choices where the sessions do not show it."""
    labels = times.drop_nulls().sort().alias("label").to_frame()
    length = DURATION[timeframe]
    starts, ends = _nights(market, length, labels)
    opened = starts.join_asof(labels, left_on="start", right_on="label", strategy="backward")
    closed = ends.join_asof(labels, left_on="end", right_on="label", strategy="forward")
    opens = opened.filter(pl.col("start") - pl.col("label") < length).height
    closes = closed.filter(pl.col("label") - pl.col("end") < length).height
    evidence = f"{opens} sessions with a label at their open, {closes} at their close"
    if opens and closes <= _MOST_OTHERS * opens:
        return Fact("label", OPEN, evidence)
    if not opens and not closes:
        evidence = "no label is at the open or the close of a session"
    return Fact("label", "", evidence, (OPEN, CLOSE))


def _nights(
    market: Market, length: dt.timedelta, labels: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The opens after, and the closes before, a night that is as long as a bar."""
    spans = sessions(market.calendar).filter(pl.col("kind") != THIN)
    nights = spans.select(start="opens", before=pl.col("closes").shift()).filter(
        pl.col("start") - pl.col("before") >= length
    )
    first, last = labels["label"].min(), labels["label"].max()
    starts = nights.select("start").filter(pl.col("start").is_between(first, last))
    ends = nights.select(end="before").filter(pl.col("end").is_between(first, last))
    return starts.sort("start"), ends.sort("end")

"""Which bars were canonical at a moment of the past, found again from the raw log alone.

Nothing has to have been kept for it: what was fetched by then is folded, adjusted and judged as
promotion does it, by the rules of today.
"""

import datetime as dt
from dataclasses import dataclass

import polars as pl

from regime_platform.bars.gate_input import gate_input
from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.price_factors import Step
from regime_platform.bars.raw_log import read_raw
from regime_platform.model.bar_schema import BAR_COLUMNS, empty_bars
from regime_platform.model.digests import frame_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.pipeline.platform import Platform
from regime_platform.validation.gate import NO_BARS, PASSED, gate


@dataclass(frozen=True)
class BarsAsOf:
    """Canonical bars of one series as of a moment."""

    bars: pl.DataFrame  # BAR_SCHEMA, by ts
    digest: str  # as manifests have it, so that the two can be compared
    status: str  # what the gate says of all that was fetched by then: passed, blocked, no_bars
    known_at: dt.datetime | None  # the fetch that put these bars in force; None: no bars
    factors: tuple[Step, ...]  # by what their prices were adjusted


def bars_as_of(
    platform: Platform, instrument: Instrument, timeframe: str, as_of: dt.datetime
) -> BarsAsOf:
    """The bars that a promotion right after the last fetch by ``as_of`` (aware) leaves in force.

    Where the gate blocks what was known by then, the last fetch before that let bars pass is the
    one that counts, since the last good bars stay in force.

    Raises:
        BarsError: a file of the raw log is damaged.
    """
    paths = platform.root.symbol(instrument.symbol)
    status = NO_BARS
    for number, moment in enumerate(_fetches(paths, timeframe, as_of)):
        given = gate_input(paths, timeframe, instrument.asset_class, moment)
        result = gate(given.rows, timeframe=timeframe, asset_class=instrument.asset_class)
        status = result.status if number == 0 else status
        if result.status == PASSED:
            bars = result.valid.select(BAR_COLUMNS)
            return BarsAsOf(bars, frame_digest(bars), status, moment, given.factors)
        if result.status == NO_BARS:
            break
    return BarsAsOf(empty_bars(), frame_digest(empty_bars()), status, None, ())


def _fetches(paths: SymbolPaths, timeframe: str, as_of: dt.datetime) -> list[dt.datetime]:
    """Every moment by ``as_of`` at which the answer may have changed, the latest first."""
    read = {timeframe, "1day"} if is_intraday(timeframe) else {timeframe}
    moments = [read_raw(paths.raw(one), as_of, ["fetched_at"])["fetched_at"] for one in read]
    return pl.concat(moments).unique().sort(descending=True).to_list()

"""Which bars were canonical at a moment of the past, found again from the raw log alone.

Nothing has to have been kept for it: what was fetched and decided by then is folded, adjusted and
judged as promotion does it, by the rules, the severities, the delisting and the first bars of the
source (``outside_listing``) as they are known today.
"""

import datetime as dt
from dataclasses import dataclass

import polars as pl

from regime_platform.bars.decisions import read_decisions
from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.price_factors import Step
from regime_platform.bars.raw_log import read_raw
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA, empty_bars
from regime_platform.model.digests import frame_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import instant
from regime_platform.pipeline.judging import judged_log, standard_of
from regime_platform.pipeline.platform import Platform
from regime_platform.validation.gate import NO_BARS, PASSED


@dataclass(frozen=True)
class BarsAsOf:
    """Canonical bars of one series as of a moment."""

    bars: pl.DataFrame  # BAR_SCHEMA, by ts
    digest: str  # as manifests have it, so that the two can be compared
    status: str  # what the gate says of all that was known by then: passed, blocked, no_bars
    known_at: dt.datetime | None  # the fetch or decision that put these bars in force
    factors: tuple[Step, ...]  # by what their prices were adjusted


def bars_as_of(
    platform: Platform, instrument: Instrument, timeframe: str, as_of: dt.datetime
) -> BarsAsOf:
    """The bars that a promotion right after the last fetch or decision by ``as_of`` (aware) leaves.

    Where the gate blocks what was known by then, the last state before that let bars pass is the
    one that counts, since the last good bars stay in force.

    Raises:
        BarsError, ConfigError: a file of the raw log, decisions.yaml or acquisition.json is
            damaged.
    """
    paths = platform.root.symbol(instrument.symbol)
    status = NO_BARS
    for number, moment in enumerate(_moments(paths, instrument, as_of)):
        standard = standard_of(platform.root, instrument, moment)
        judged = judged_log(paths, instrument, standard, moment)[timeframe]
        status = judged.result.status if number == 0 else status
        if judged.result.status == PASSED:
            bars = judged.result.valid.select(BAR_COLUMNS)
            return BarsAsOf(bars, frame_digest(bars), status, moment, judged.factors)
        if judged.result.status == NO_BARS:
            break
    return BarsAsOf(empty_bars(), frame_digest(empty_bars()), status, None, ())


def _moments(paths: SymbolPaths, instrument: Instrument, as_of: dt.datetime) -> list[dt.datetime]:
    """Every moment by ``as_of`` at which something was fetched or decided, the latest first."""
    logs = (paths.raw(timeframe) for timeframe in instrument.timeframes)
    fetches = [read_raw(log, as_of, ["fetched_at"])["fetched_at"] for log in logs]
    decided = [instant(one.at) for one in read_decisions(paths)]
    decisions = pl.Series("fetched_at", decided, dtype=BAR_SCHEMA["ts"])
    moments = pl.concat([*fetches, decisions.filter(decisions <= as_of)])
    return moments.unique().sort(descending=True).to_list()

"""Estimates the cost of a fetch: the plan itself, with answers made from the calendar.

Where the first bar at the source is unknown an early one is assumed: rather too high than too low.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from regime_platform.bar_store.raw.acquisition import proven_coverage
from regime_platform.model.coverage import Coverage
from regime_platform.model.fetch_plan import TrackedSeries, after_answer, next_need
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.pipeline.fetch.ingest import Batches
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.sources.protocol import WindowSource

#: Before these dates the vendor has hardly anything.
ASSUMED_FIRST_DATE = dt.date(1980, 1, 1)
ASSUMED_FIRST_INTRADAY = dt.date(2020, 1, 1)


@dataclass(frozen=True)
class Estimate:
    """An upper bound; updates that share requests need fewer of them, not fewer credits."""

    series: int  # that need at least one request
    requests: int
    credits: int
    credits_per_minute: int
    assumed: int  # series whose first bar is not known yet

    @property
    def minutes(self) -> int:
        """Whole minutes that the credits last."""
        return -(-self.credits // self.credits_per_minute) if self.credits else 0


def estimate(
    workspace: RunWorkspace, instruments: Sequence[Instrument], batches: Batches
) -> Estimate:
    """The cost of what ``batches`` is about to fetch.

    Raises:
        ConfigError: the source cannot be made from the settings.
        BarsError: the stored bars of a series are damaged.
    """
    request, days = batches.request, workspace.settings.reread_days()
    needs: list[int] = []
    assumed = requests = credit_sum = 0
    per_minute = 1
    for instrument in (instrument for instrument in instruments if instrument.is_polled):
        source = workspace.sources[instrument.source]
        if not isinstance(source, WindowSource):
            continue
        a_minute = source.credits_per_minute()
        per_minute = max(per_minute, a_minute)
        for timeframe in batches.wanted(instrument):
            paths = batches.paths(instrument)  # the fetch goes on from what is read here
            known = proven_coverage(paths, instrument, timeframe, workspace.present(request.now))
            since = request.since if request.is_backfill else known.since
            known = known.model_copy(update={"since": since, "log": ""})
            # without stored bars the cost is the same for every symbol of a class
            symbol = instrument.symbol if known.windows else ""
            series = TrackedSeries(symbol, timeframe, instrument.market, days)
            asked = (source.most_rows, request.now, request.is_backfill)
            needs.append(_needs(series, known, *asked))
            assumed += known.earliest is None
            asks = needs[-1] + (known.earliest is None)  # for the first bar, too
            requests += asks
            credit_sum += asks if a_minute else 0
    return Estimate(sum(need > 0 for need in needs), requests, credit_sum, per_minute, assumed)


@lru_cache(maxsize=1024)
def _needs(
    series: TrackedSeries, known: Coverage, most_rows: int, now: dt.datetime, is_backfill: bool
) -> int:
    if known.earliest is None:
        is_short = is_intraday(series.timeframe)
        first = ASSUMED_FIRST_INTRADAY if is_short else ASSUMED_FIRST_DATE
        known = known.model_copy(update={"earliest": first})
    following = partial(next_need, series, now=now, most_rows=most_rows, is_backfill=is_backfill)
    count, tail_is_asked = 0, False
    while need := following(known, tail_is_asked=tail_is_asked):
        count += 1
        tail_is_asked |= need.is_final
        known = after_answer(series, known, need, series.opens(need.start, need.end), now)
    return count

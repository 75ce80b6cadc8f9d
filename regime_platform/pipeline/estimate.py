"""What a fetch will cost before it is begun: the plan itself, answered by the calendar.

Nothing is asked of the source. Where its first bar is not known yet, an early one is assumed, so
that the estimate errs on the high side; the estimate says for how many series that is so.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from regime_platform.bars.acquisition import proven_coverage
from regime_platform.model.coverage import Coverage
from regime_platform.model.fetch_plan import Followed, after_answer, next_need
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.pipeline.batches import Batches
from regime_platform.pipeline.platform import Platform
from regime_platform.sources.protocol import WindowSource

#: Before these dates the vendor has hardly anything.
ASSUMED_FIRST_DATE = dt.date(1980, 1, 1)
ASSUMED_FIRST_INTRADAY = dt.date(2020, 1, 1)


@dataclass(frozen=True)
class Estimate:
    """At most so much; updates that share round trips need fewer requests, not fewer credits."""

    series: int  # that need at least one request
    requests: int
    credits: int
    credits_per_minute: int
    assumed: int  # series whose first bar is not known yet

    @property
    def minutes(self) -> int:
        """Whole minutes that the credits last."""
        return -(-self.credits // self.credits_per_minute) if self.credits else 0


def estimate(platform: Platform, instruments: Sequence[Instrument], batches: Batches) -> Estimate:
    """The cost of what ``batches`` is about to fetch.

    Raises:
        ConfigError: the source cannot be made from the settings.
        BarsError: what is held of a series is damaged.
    """
    needs: list[int] = []
    assumed, per_minute = 0, 1
    unknown: dict[tuple[str, str, int], int] = {}  # what nothing is known of costs the same
    for instrument in instruments:
        source = platform.sources[instrument.source]
        if not isinstance(source, WindowSource):
            continue
        per_minute = source.credits_per_minute()
        for timeframe in batches.wanted(instrument):
            paths = platform.root.symbol(instrument.symbol)
            known = proven_coverage(paths, instrument, timeframe)
            series = Followed(
                instrument.symbol, timeframe, instrument.asset_class, platform.reread_days
            )
            if known != Coverage(log=known.log):
                needs.append(_needs(series, _planned(known, batches), source.most_rows, batches))
            else:
                key = (instrument.asset_class, timeframe, source.most_rows)
                if key not in unknown:
                    unknown[key] = _needs(
                        series, _planned(known, batches), source.most_rows, batches
                    )
                needs.append(unknown[key])
            assumed += known.earliest is None
    requests = sum(needs) + assumed  # each of those asks for its first bar, too
    return Estimate(sum(one > 0 for one in needs), requests, requests, per_minute, assumed)


def _planned(known: Coverage, batches: Batches) -> Coverage:
    since = batches.order.since if batches.order.is_backfill else known.since
    return replace(known, since=since)


def _needs(series: Followed, known: Coverage, most_rows: int, batches: Batches) -> int:
    now = batches.order.now
    if known.earliest is None:
        is_short = is_intraday(series.timeframe)
        known = replace(known, earliest=ASSUMED_FIRST_INTRADAY if is_short else ASSUMED_FIRST_DATE)
    asked, tail_is_asked = 0, False
    while True:
        need = next_need(series, known, now, most_rows, tail_is_asked=tail_is_asked)
        if need is None:
            return asked
        asked += 1
        tail_is_asked |= need.is_final
        known = after_answer(series, known, need, series.opens(need.start, need.end), now)

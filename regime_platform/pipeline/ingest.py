"""From the source into the raw log: fetch what is missing, keep what is news.

The one door for the command line, the schedules and the assets. Each page is stored as soon as it
is there, so an interrupted fetch goes on where it stopped. A page without news writes nothing.
"""

import datetime as dt
from dataclasses import replace

from regime_platform.bars import raw_log
from regime_platform.bars.locks import writing
from regime_platform.bars.raw_log import Merge
from regime_platform.errors import RegimeError, RunEndingError
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.batches import Batches
from regime_platform.pipeline.fetched_ahead import set_ahead_aside
from regime_platform.pipeline.identity import require_same_instrument
from regime_platform.pipeline.order import fetch_facts
from regime_platform.pipeline.outcomes import IngestOutcome, SeriesIngest, Status
from regime_platform.pipeline.platform import Platform
from regime_platform.sources.protocol import BarSource, Held, NotOfferedError, Page, WindowSource


def ingest(platform: Platform, instrument: Instrument, batches: Batches) -> IngestOutcome:
    """Fetches what ``instrument`` lacks.

    One timeframe's failure leaves the others fetched, and the symbol failed.

    Args:
        platform: where to and from where.
        instrument: whose bars.
        batches: made once for all the symbols that are fetched one after another, so that their
            updates share round trips; tells instant and timeframes.

    Raises:
        RunEndingError: the source refuses everybody.
        OtherInstrumentError: the stored bars are of another instrument.
    """
    require_same_instrument(platform.root, instrument)
    wanted = batches.wanted(instrument)
    source = platform.sources[instrument.source]
    if isinstance(source, WindowSource):
        series = tuple(_catch_up(batches, instrument, one) for one in wanted)
    else:
        now = batches.order.now
        series = tuple(_take_whole(platform, source, instrument, one, now) for one in wanted)
    return _outcome(instrument, series)


def _outcome(instrument: Instrument, series: tuple[SeriesIngest, ...]) -> IngestOutcome:
    failed = [one.reason for one in series if one.has_failed]
    if failed:
        return IngestOutcome(instrument.symbol, Status.FAILED, series, " | ".join(failed))
    if all(one.status == "not_offered" for one in series):
        reason = f"{instrument.symbol}: source {instrument.source} offers none of its timeframes"
        why = series[0].reason if series else "no timeframe was asked for"
        return IngestOutcome(instrument.symbol, Status.FAILED, series, f"{reason} ({why})")
    outcome = IngestOutcome(instrument.symbol, Status.UNCHANGED, series)
    return replace(outcome, status=Status.DONE) if outcome.rows_inserted else outcome


def _catch_up(batches: Batches, instrument: Instrument, timeframe: str) -> SeriesIngest:
    try:
        return batches.fetch_of(instrument, timeframe).run()
    except RunEndingError:
        raise
    except RegimeError as error:
        return SeriesIngest(timeframe, status="failed", reason=f"{timeframe}: {error}")


def _take_whole(
    platform: Platform,
    source: BarSource,
    instrument: Instrument,
    timeframe: str,
    now: dt.datetime,
) -> SeriesIngest:
    counts = SeriesIngest(timeframe)
    extent = raw_log.held(platform.root.symbol(instrument.symbol).raw(timeframe))
    held = None if extent is None else Held(extent.first, extent.last, extent.rows)
    try:
        for page in source.pages(instrument, timeframe, held, now):
            counts = _added(counts, _store(platform, instrument, timeframe, page, now))
    except NotOfferedError as error:
        return replace(counts, status="not_offered", reason=str(error))
    except RegimeError as error:
        return replace(counts, status="failed", reason=f"{timeframe}: {error}")
    return counts


def _store(
    platform: Platform, instrument: Instrument, timeframe: str, page: Page, now: dt.datetime
) -> Merge:
    paths = platform.root.symbol(instrument.symbol)
    facts = fetch_facts(instrument, timeframe, page, now)
    set_ahead_aside(paths, timeframe, page, platform.present(now))
    looked = raw_log.compare(paths.raw(timeframe), page.bars, facts)
    if looked.stored == 0:
        return looked
    with writing(paths):
        return raw_log.append(paths.raw(timeframe), page.bars, facts, compared=looked)


def _added(counts: SeriesIngest, merge: Merge) -> SeriesIngest:
    return replace(
        counts,
        new=counts.new + merge.new,
        revised=counts.revised + merge.revised,
        same=counts.same + merge.same,
        provisional=counts.provisional + merge.provisional,
        requests=counts.requests + 1,
    )

"""From the source into the raw log: fetch what is missing, keep what is news.

Each page is stored as soon as it is there, so an interrupted fetch goes on where it stopped. A page
without news takes no lock and writes nothing.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import replace

from regime_platform.bars import raw_log
from regime_platform.bars.locks import writing
from regime_platform.bars.raw_log import FetchFacts, Merge
from regime_platform.errors import CredentialsError, QuotaError, RegimeError
from regime_platform.model.digests import facts_digest
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.outcomes import IngestOutcome, SeriesIngest, Status
from regime_platform.pipeline.platform import Platform
from regime_platform.sources.protocol import Held, NotOfferedError, Page


def ingest(
    platform: Platform,
    instrument: Instrument,
    now: dt.datetime,
    timeframes: Collection[str] | None = None,
) -> IngestOutcome:
    """Fetches what ``instrument`` lacks, on ``timeframes`` or on all of its tier.

    One timeframe's failure leaves the others fetched, and the symbol failed.

    Raises:
        CredentialsError, QuotaError: the source refuses everybody.
    """
    wanted = [one for one in instrument.timeframes if timeframes is None or one in timeframes]
    series = tuple(_ingest_series(platform, instrument, one, now) for one in wanted)
    failed = [one.reason for one in series if one.status == "failed"]
    if failed:
        return IngestOutcome(instrument.symbol, Status.FAILED, series, " | ".join(failed))
    if all(one.status == "not_offered" for one in series):
        reason = f"{instrument.symbol}: source {instrument.source} offers none of its timeframes"
        why = series[0].reason if series else "no timeframe was asked for"
        return IngestOutcome(instrument.symbol, Status.FAILED, series, f"{reason} ({why})")
    outcome = IngestOutcome(instrument.symbol, Status.UNCHANGED, series)
    return replace(outcome, status=Status.DONE) if outcome.rows_inserted else outcome


def _ingest_series(
    platform: Platform, instrument: Instrument, timeframe: str, now: dt.datetime
) -> SeriesIngest:
    counts = SeriesIngest(timeframe)
    folder = platform.root.symbol(instrument.symbol).raw(timeframe)
    extent = raw_log.held(folder)
    held = None if extent is None else Held(extent.first, extent.last, extent.rows)
    try:
        for page in platform.sources[instrument.source].pages(instrument, timeframe, held, now):
            merge = _store(platform, instrument, timeframe, page, now)
            counts = _added(counts, merge, page.requests)
    except NotOfferedError as error:
        return replace(counts, status="not_offered", reason=str(error))
    except (CredentialsError, QuotaError):
        raise
    except RegimeError as error:
        return replace(counts, status="failed", reason=f"{timeframe}: {error}")
    return counts


def _store(
    platform: Platform, instrument: Instrument, timeframe: str, page: Page, now: dt.datetime
) -> Merge:
    paths = platform.root.symbol(instrument.symbol)
    named = {"symbol": instrument.symbol, "source": instrument.source, **instrument.identity}
    facts = FetchFacts(
        fetched_at=now,
        source=instrument.source,
        timeframe=timeframe,
        asset_class=instrument.asset_class,
        price_basis=page.price_basis,
        instrument_digest=facts_digest(named),
        window=page.window,
    )
    looked = raw_log.compare(paths.raw(timeframe), page.bars, facts)
    if looked.stored == 0:
        return looked
    with writing(paths):
        return raw_log.append(paths.raw(timeframe), page.bars, facts, compared=looked)


def _added(counts: SeriesIngest, merge: Merge, requests: int) -> SeriesIngest:
    return replace(
        counts,
        new=counts.new + merge.new,
        revised=counts.revised + merge.revised,
        same=counts.same + merge.same,
        provisional=counts.provisional + merge.provisional,
        requests=counts.requests + requests,
    )

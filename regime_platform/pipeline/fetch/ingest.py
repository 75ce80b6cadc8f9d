"""From the source into the raw log: fetch what is missing, keep what is news.

The one door for the command line, the schedules and the assets. Each page is stored as soon as it
is there, so an interrupted fetch goes on where it stopped. A page without news writes nothing.
"""

import datetime as dt
from dataclasses import replace

from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.raw_log import LogUpdate
from regime_platform.errors import RegimeError, RunEndingError
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.fetch.batches import Batches
from regime_platform.pipeline.fetch.fetched_ahead import set_ahead_aside
from regime_platform.pipeline.fetch.request import fetch_facts
from regime_platform.pipeline.identity import require_same_instrument
from regime_platform.pipeline.outcomes import IngestOutcome, SeriesIngest, Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.sources.protocol import BarPage, NotOfferedError, WholeSource, WindowSource


def ingest(workspace: RunWorkspace, instrument: Instrument, batches: Batches) -> IngestOutcome:
    """Fetches what ``instrument`` lacks.

    One timeframe's failure leaves the others fetched, and the symbol failed.

    Args:
        workspace: where to and from where.
        instrument: whose bars.
        batches: made once for all the symbols that are fetched one after another, so that their
            updates share round trips; tells instant and timeframes.

    Raises:
        RunEndingError: the source refuses everybody.
        OtherInstrumentError: the stored bars are of another instrument.
    """
    require_same_instrument(workspace.root, instrument)
    wanted = batches.wanted(instrument)
    source = workspace.sources[instrument.source]
    if isinstance(source, WindowSource):
        series = tuple(_catch_up(batches, instrument, one) for one in wanted)
    else:
        now = batches.order.now
        series = tuple(_take_whole(workspace, source, instrument, one, now) for one in wanted)
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
    workspace: RunWorkspace,
    source: WholeSource,
    instrument: Instrument,
    timeframe: str,
    now: dt.datetime,
) -> SeriesIngest:
    counts = SeriesIngest(timeframe)
    try:
        page = source.series(instrument, timeframe)
        counts = _added(counts, _store(workspace, instrument, timeframe, page, now))
    except NotOfferedError as error:
        return replace(counts, status="not_offered", reason=str(error))
    except RegimeError as error:
        return replace(counts, status="failed", reason=f"{timeframe}: {error}")
    return counts


def _store(
    workspace: RunWorkspace, instrument: Instrument, timeframe: str, page: BarPage, now: dt.datetime
) -> LogUpdate:
    paths = workspace.root.symbol(instrument.symbol)
    facts = fetch_facts(instrument, timeframe, page, now)
    set_ahead_aside(paths, timeframe, page, workspace.present(now))
    compared = raw_log.compare(paths.raw(timeframe), page.bars, facts)
    if compared.diff.is_empty:
        return compared
    with writing(paths):
        return raw_log.append(paths.raw(timeframe), page.bars, facts, compared=compared)


def _added(counts: SeriesIngest, update: LogUpdate) -> SeriesIngest:
    return replace(
        counts,
        new=counts.new + update.diff.new,
        revised=counts.revised + update.diff.revised,
        same=counts.same + update.diff.same,
        provisional=counts.provisional + update.diff.provisional,
        requests=counts.requests + 1,
    )

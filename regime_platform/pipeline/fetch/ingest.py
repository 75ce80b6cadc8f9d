"""Stage 1: fetches what is missing and appends new rows to the raw log.

The one entry point for the command line, the schedules and the assets. Each page is stored as it
arrives, so an interrupted fetch continues where it stopped. A page without new rows writes nothing.
"""

from collections.abc import Callable
from dataclasses import replace

from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.raw_log import LogUpdate
from regime_platform.bar_store.session import raw_listing
from regime_platform.errors import RegimeError, RunEndingError
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.fetch.batches import Batches
from regime_platform.pipeline.fetch.pages import append_page, fetch_origin, set_ahead_aside
from regime_platform.pipeline.identity import require_same_instrument
from regime_platform.pipeline.outcomes import IngestOutcome, SeriesIngest, Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.sources.protocol import BarPage, NotOfferedError, WholeSource, WindowSource


def ingest(workspace: RunWorkspace, instrument: Instrument, batches: Batches) -> IngestOutcome:
    """Fetches the bars that ``instrument`` lacks.

    One timeframe's failure leaves the others fetched, and the symbol failed.

    Args:
        workspace: the data root and the sources.
        instrument: the symbol.
        batches: made once for all symbols of the fetch, so that their updates share requests; has
            the time and the timeframes.

    Raises:
        RunEndingError: the source refuses every request.
        OtherInstrumentError: the stored bars are of another instrument.
    """
    if not instrument.is_polled:
        reason = f"delisted since {instrument.delisted}: source {instrument.source} is not asked"
        return IngestOutcome(instrument.symbol, Status.UNCHANGED, (), reason)
    paths = batches.paths(instrument)
    require_same_instrument(paths, instrument)
    wanted = batches.wanted(instrument)
    source = workspace.sources[instrument.source]
    if isinstance(source, WindowSource):
        series = tuple(_catch_up(batches, instrument, timeframe) for timeframe in wanted)
    else:
        now, present = batches.request.now, workspace.present(batches.request.now)

        def store(timeframe: str, page: BarPage) -> LogUpdate:
            facts = fetch_origin(instrument, timeframe, page, now)
            set_ahead_aside(paths, timeframe, page, present)
            compared = raw_log.compare(raw_listing(paths, timeframe), page.bars, facts)
            if compared.diff.is_empty:
                return compared
            with writing(paths):
                return append_page(paths, timeframe, page, facts, compared)

        series = tuple(_take_whole(source, instrument, timeframe, store) for timeframe in wanted)
    return _outcome(instrument, series)


def _outcome(instrument: Instrument, series: tuple[SeriesIngest, ...]) -> IngestOutcome:
    failed = [each.reason for each in series if each.has_failed]
    if failed:
        return IngestOutcome(instrument.symbol, Status.FAILED, series, " | ".join(failed))
    if all(each.status == "not_offered" for each in series):
        reason = f"{instrument.symbol}: source {instrument.source} offers none of its timeframes"
        why = series[0].reason if series else "no timeframe was requested"
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
    source: WholeSource,
    instrument: Instrument,
    timeframe: str,
    store: Callable[[str, BarPage], LogUpdate],
) -> SeriesIngest:
    counts = SeriesIngest(timeframe)
    try:
        page = source.series(instrument, timeframe)
        counts = _added(counts, store(timeframe, page))
    except NotOfferedError as error:
        return replace(counts, status="not_offered", reason=str(error))
    except RegimeError as error:
        return replace(counts, status="failed", reason=f"{timeframe}: {error}")
    return counts


def _added(counts: SeriesIngest, update: LogUpdate) -> SeriesIngest:
    return replace(
        counts,
        new=counts.new + update.diff.new,
        revised=counts.revised + update.diff.revised,
        same=counts.same + update.diff.same,
        provisional=counts.provisional + update.diff.provisional,
        requests=counts.requests + 1,
    )

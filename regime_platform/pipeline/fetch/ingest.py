"""Stage 1: fetches what is missing and appends new rows to the raw log, page by page.

The newest bars of many symbols are fetched with one request, at the first symbol of a stretch. What
a batch leaves open (histories, contradictions) is requested by each series alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from regime_platform.bar_store.basis_files import note_basis, settle_basis
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.session import SymbolSession
from regime_platform.errors import RegimeError, RunEndingError
from regime_platform.model.bar_schema import empty_bars
from regime_platform.model.coverage import Coverage
from regime_platform.model.fetch_plan import TAIL, Need
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.fetch.catch_up import FetchRequest, SeriesFetch
from regime_platform.pipeline.fetch.declared import record_splits
from regime_platform.pipeline.fetch.pages import (
    append_page,
    compare_again,
    compare_page,
    counted,
    fetch_origin,
    marks_of_file,
)
from regime_platform.pipeline.fetch.rewrites import basis_note, shown_by
from regime_platform.pipeline.identity import other_instrument, require_same_instrument
from regime_platform.pipeline.outcomes import IngestOutcome, SeriesIngest, Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.sources import protocol

_STRETCH = 120  # symbols whose newest bars are requested together


class Batches:
    """The fetches of ``instruments`` in their order, begun a stretch at a time."""

    def __init__(
        self,
        workspace: RunWorkspace,
        instruments: Sequence[Instrument],
        request: FetchRequest,
        timeframes: Collection[str] | None = None,
    ) -> None:
        self.request = request.begun(workspace.clock)
        self._workspace, self._timeframes = workspace, timeframes
        stretches = (
            tuple(instruments[start : start + _STRETCH])
            for start in range(0, len(instruments), _STRETCH)
        )
        self._stretches = {
            instrument.symbol: stretch for stretch in stretches for instrument in stretch
        }
        self._sessions: dict[str, SymbolSession] = {}
        self._begun: dict[tuple[str, str], SeriesFetch] = {}  # by symbol and timeframe
        self._end: RunEndingError | None = None

    def wanted(self, instrument: Instrument) -> tuple[str, ...]:
        """The timeframes of ``instrument`` that are requested."""
        frames = instrument.timeframes if self._timeframes is None else self._timeframes
        return tuple(timeframe for timeframe in instrument.timeframes if timeframe in frames)

    def paths(self, instrument: Instrument) -> SymbolSession:
        """The folder of ``instrument``, with what the fetch has read of it."""
        symbol = instrument.symbol
        if symbol not in self._sessions:
            self._sessions[symbol] = SymbolSession(self._workspace.root.symbol(symbol).folder)
        return self._sessions[symbol]

    @contextmanager
    def session(self, instrument: Instrument) -> Iterator[SymbolSession]:
        """The same, forgotten when the symbol is done."""
        try:
            yield self.paths(instrument)
        finally:
            self._sessions.pop(instrument.symbol, None)

    def fetch(self, instrument: Instrument, timeframe: str) -> SeriesIngest:
        """Fetches what a series lacks after its batch; `RunEndingError` where all is refused."""
        stretch = self._stretches.pop(instrument.symbol, ())
        if len(stretch) > 1:
            for member in stretch:
                self._stretches.pop(member.symbol, None)
            self._fetch_together(stretch)
        try:
            begun = self._begun.pop((instrument.symbol, timeframe), None)
            fetch = begun or self._series_fetch(instrument, timeframe)
            if self._end is not None and _requests_more(fetch):
                raise self._end
            return fetch.run()
        except RunEndingError:
            raise
        except RegimeError as error:
            return SeriesIngest(timeframe, status="failed", reason=f"{timeframe}: {error}")

    def _series_fetch(self, instrument: Instrument, timeframe: str) -> SeriesFetch:
        paths = self.paths(instrument)
        return SeriesFetch(self._workspace, instrument, timeframe, self.request, paths)

    def _fetch_together(self, stretch: Sequence[Instrument]) -> None:
        groups: dict[tuple[object, ...], list[tuple[SeriesFetch, Need]]] = defaultdict(list)
        for fetch, need in self._due(stretch):
            identity = fetch.source.batch_key(fetch.ask(need))
            key = (fetch.source.name, fetch.timeframe, need.start, need.end, identity)
            groups[key].append((fetch, need))
        for members in groups.values():
            left, source = members, members[0][0].source
            while left and self._end is None:
                size = source.batch_size()
                batch, left = left[:size], left[size:]
                if len(batch) > 1:  # a single one is requested when its turn comes
                    self._request_batch(source, batch)

    def _due(self, stretch: Sequence[Instrument]) -> Iterator[tuple[SeriesFetch, Need]]:
        """The series whose newest bars can be requested now; errors are reported by their turn."""
        for instrument in stretch:
            if not instrument.is_polled or other_instrument(self.paths(instrument), instrument):
                continue
            for timeframe in self.wanted(instrument):
                try:
                    source = self._workspace.sources[instrument.source]
                    if not isinstance(source, protocol.WindowSource):
                        break
                    fetch = self._series_fetch(instrument, timeframe)
                except RegimeError:
                    continue
                self._begun[instrument.symbol, timeframe] = fetch
                # else something must be known before the newest bars can be requested
                is_known = fetch.coverage.windows and fetch.coverage.earliest is not None
                need = fetch.next_need() if is_known else None
                if need and need.kind == TAIL and fetch.standing_refusal() is None:
                    yield fetch, need

    def _request_batch(
        self, source: protocol.WindowSource, batch: Sequence[tuple[SeriesFetch, Need]]
    ) -> None:
        try:
            answers = source.batch([fetch.ask(need) for fetch, need in batch], self.request.now)
        except RunEndingError as error:
            self._end = error
            return
        except RegimeError:
            return  # each is requested alone and reports its own error
        for fetch, need in batch:
            answer = answers.get(fetch.symbol)
            if isinstance(answer, protocol.BarPage):
                self.request.paid(answer.cost)
                try:
                    fetch.keep(need, answer)
                except (RegimeError, OSError):
                    # begun again when its turn comes, where the error is reported for the symbol
                    self._begun.pop((fetch.symbol, fetch.timeframe), None)
            elif isinstance(answer, protocol.NotServedError):
                fetch.refuse(answer.status, str(answer))


def _requests_more(fetch: SeriesFetch) -> bool:
    if fetch.counts.status != "ok" or fetch.standing_refusal() is not None:
        return False
    return fetch.coverage.earliest is None or fetch.next_need() is not None


def ingest(workspace: RunWorkspace, instrument: Instrument, batches: Batches) -> IngestOutcome:
    """Fetches the bars that ``instrument`` lacks; a timeframe that fails leaves the others fetched.

    ``batches`` is made once for all symbols of a fetch; it has the time and the timeframes.

    Raises:
        RunEndingError: the source refuses every request.
        OtherInstrumentError: the stored bars are of another instrument.
    """
    symbol, name = instrument.symbol, instrument.source
    if not instrument.is_polled:
        reason = f"delisted since {instrument.delisted}: source {name} is not asked"
        return IngestOutcome(symbol, Status.UNCHANGED, (), reason=reason)
    require_same_instrument(batches.paths(instrument), instrument)
    source = workspace.sources[name]
    declared = record_splits(batches.paths(instrument), source, instrument, batches.request.stamp())
    if isinstance(source, protocol.WindowSource):
        fetch = partial(batches.fetch, instrument)
    else:
        fetch = partial(_take_whole, workspace, source, instrument, batches)
    series = tuple(map(fetch, batches.wanted(instrument)))
    failed = [each.reason for each in series if each.has_failed]
    if failed:
        return IngestOutcome(symbol, Status.FAILED, series, reason=" | ".join(failed))
    if all(each.status == "not_offered" for each in series):
        why = series[0].reason if series else "no timeframe was requested"
        reason = f"{symbol}: source {name} offers none of its timeframes ({why})"
        return IngestOutcome(symbol, Status.FAILED, series, reason=reason)
    is_changed = bool(declared) or any(each.changed for each in series)
    status = Status.DONE if is_changed else Status.UNCHANGED
    return IngestOutcome(symbol, status, series, reason=declared)


def _take_whole(
    workspace: RunWorkspace,
    source: protocol.WholeSource,
    instrument: Instrument,
    batches: Batches,
    timeframe: str,
) -> SeriesIngest:
    paths = batches.paths(instrument)
    status, reason = "ok", ""
    try:
        try:
            page = source.series(instrument, timeframe)
        except protocol.NotOfferedError as error:  # its file may be gone: all its bars are lost
            status, reason = "not_offered", str(error)
            page = protocol.BarPage(empty_bars(), "as_served", None)
        now = batches.request.stamp()
        origin = fetch_origin(instrument, timeframe, page, now)
        update = compare_page(paths, page, origin, workspace.present(now))
        shown = shown_by(paths, timeframe, page, update)
        if shown is not None:
            update = compare_again(page, origin, update)
        marks = partial(marks_of_file, page, timeframe, instrument.market)
        if not (update.diff.is_empty and marks(update).is_empty()):
            with writing(paths):
                if shown is not None:
                    note_basis(paths, shown.record(paths, origin))
                update = append_page(paths, page, origin, update, marks)
                if update.again:  # it is all that the source has
                    settle_basis(paths, timeframe, origin.fetched_at)
    except RegimeError as error:
        return SeriesIngest(timeframe, status="failed", reason=f"{timeframe}: {error}")
    counts = replace(counted(timeframe, update, page), status=status, reason=reason)
    return counts.noted(basis_note(paths, timeframe, now, Coverage()))

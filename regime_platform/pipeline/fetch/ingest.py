"""Stage 1: fetches what is missing and appends new rows to the raw log, page by page.

The newest bars of many symbols are fetched with one request, at the first symbol of a stretch. What
a batch leaves open (histories, contradictions) is requested by each series alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from regime_platform.bar_store.raw.fetch_failures import EMPTY, read_failures, record_fetch
from regime_platform.bar_store.session import SymbolSession, raw_listing, stored_finer
from regime_platform.errors import RegimeError, RunEndingError
from regime_platform.model.fetch_plan import AGAIN, TAIL, Need
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import FINER
from regime_platform.pipeline.fetch.catch_up import FetchRequest, SeriesFetch
from regime_platform.pipeline.fetch.claims import PATIENCE, Claims
from regime_platform.pipeline.fetch.declared import record_splits
from regime_platform.pipeline.fetch.whole import take_whole
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
        self._claims = Claims()
        self._complete: set[str] = set()  # symbols of which nothing is to be requested
        self._begun: dict[tuple[str, str], SeriesFetch] = {}  # by symbol and timeframe
        self._ends: dict[tuple[str, str], RunEndingError] = {}  # by source and venue

    def end(self, instrument: Instrument) -> RunEndingError | None:
        """Why its source, or its exchange there, refuses all that follows."""
        return self._ends.get((instrument.source, instrument.venue))

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
            self._claims.release(instrument.symbol)

    def raise_end(self) -> None:
        """Raises the `RunEndingError` from which on a source refused all, if there was one."""
        for error in self._ends.values():
            raise error

    def begin(self, instrument: Instrument, *, patience: float = 0.0) -> bool:
        """Begins the fetch of a symbol, with those of its stretch; False: ask again at the end.

        Then another process fetches the symbol and the patience, in seconds, is nothing; what it
        has fetched is not requested again. Errors are raised or reported by ``fetch``.

        Raises:
            BarsError: another process still fetches it after that time.
        """
        stretch = self._stretches.pop(instrument.symbol, ())
        if len(stretch) > 1:
            for member in stretch:
                self._stretches.pop(member.symbol, None)
            self._fetch_together(stretch)
        return self._is_claimed(instrument, patience)

    @contextmanager
    def alone(self, instrument: Instrument) -> Iterator[None]:
        """Within the block no other process fetches the symbol; waits for one that does."""
        self.begin(instrument, patience=PATIENCE)
        try:
            yield
        finally:
            self._claims.release(instrument.symbol)

    def _is_claimed(self, instrument: Instrument, patience: float = 0.0) -> bool:
        """False where another process fetches what the symbol lacks."""
        symbol = instrument.symbol
        if symbol in self._complete or self._claims.has(symbol):
            return True
        fetches = self._begin_series(instrument)
        if not any(fetch.wants_requests for fetch in fetches):
            self._complete.add(symbol)
            return True
        if self.end(instrument) is not None:
            return True
        if not self._claims.take(self.paths(instrument), patience):
            return False
        for fetch in fetches:
            try:
                fetch.refresh()
            except RegimeError:  # begun again when its turn comes, which reports it
                self._begun.pop((symbol, fetch.timeframe), None)
        return True

    def _begin_series(self, instrument: Instrument) -> list[SeriesFetch]:
        """The series of a symbol of a vendor, as far as they can be read."""
        keys = [(instrument.symbol, timeframe) for timeframe in self.wanted(instrument)]
        if not all(key in self._begun for key in keys):
            self._begin_missing(instrument)
        return [self._begun[key] for key in keys if key in self._begun]

    def _begin_missing(self, instrument: Instrument) -> None:
        symbol = instrument.symbol
        if not instrument.is_polled or other_instrument(self.paths(instrument), instrument):
            return
        for timeframe in self.wanted(instrument):
            with suppress(RegimeError):  # reported when its turn comes
                if not isinstance(
                    self._workspace.sources[instrument.source], protocol.WindowSource
                ):
                    break
                if (symbol, timeframe) not in self._begun:
                    self._begun[symbol, timeframe] = self._series_fetch(instrument, timeframe)

    def fetch(self, instrument: Instrument, timeframe: str) -> SeriesIngest:
        """Fetches what a series lacks after its batch; not_reached once the source refuses all."""
        try:
            begun = self._begun.pop((instrument.symbol, timeframe), None)
            fetch = begun or self._series_fetch(instrument, timeframe)
            if self._claims.has(instrument.symbol):  # days may have shown that weeks are to be read
                fetch.refresh()
            if self.end(instrument) is None or not fetch.wants_requests:
                return fetch.run()
        except RunEndingError as error:
            self._ends[instrument.source, instrument.venue] = error
        except RegimeError as error:
            return SeriesIngest(timeframe, status="failed", reason=f"{timeframe}: {error}")
        return fetch.end(Status.NOT_REACHED, f"{timeframe}: {self.end(instrument)}")

    def _series_fetch(self, instrument: Instrument, timeframe: str) -> SeriesFetch:
        paths = self.paths(instrument)
        return SeriesFetch(self._workspace, instrument, timeframe, self.request, paths)

    def _fetch_together(self, stretch: Sequence[Instrument]) -> None:
        fetches = tuple(self._ready(stretch))
        self._request_alike(fetches, TAIL)
        self._request_alike([fetch for fetch in fetches if fetch.coverage.doubt], AGAIN)
        for member in stretch:  # its turn may be hours away
            self._claims.release(member.symbol)

    def _request_alike(self, fetches: Sequence[SeriesFetch], kind: str) -> None:
        """Requests with one another the windows that several series need next."""
        groups: dict[tuple[object, ...], list[tuple[SeriesFetch, Need]]] = defaultdict(list)
        for fetch in fetches:
            need = fetch.next_need()
            if need is None or need.kind != kind:
                continue
            identity = fetch.source.batch_key(fetch.ask(need))
            key = (fetch.source.name, fetch.timeframe, need.start, need.end, identity)
            groups[key].append((fetch, need))
        for members in groups.values():
            left, source = members, members[0][0].source
            while left and self.end(members[0][0].instrument) is None:
                size = source.batch_size()
                batch, left = left[:size], left[size:]
                if len(batch) > 1:  # a single one is requested when its turn comes
                    self._request_batch(source, batch)

    def _ready(self, stretch: Sequence[Instrument]) -> Iterator[SeriesFetch]:
        """The series whose newest bars can be requested now; errors are reported by their turn."""
        for instrument in stretch:
            is_ready = self._is_claimed(instrument) and instrument.symbol not in self._complete
            for fetch in self._begin_series(instrument) if is_ready else ():
                # else something must be known before the newest bars can be requested
                is_known = fetch.coverage.windows and fetch.coverage.earliest is not None
                if is_known and fetch.standing_refusal() is None:
                    yield fetch

    def _request_batch(
        self, source: protocol.WindowSource, batch: Sequence[tuple[SeriesFetch, Need]]
    ) -> None:
        before = source.charge
        answers: Mapping[str, protocol.BarPage | protocol.NotServedError] = {}
        try:
            answers = source.batch([fetch.ask(need) for fetch, need in batch], self.request.now)
        except RunEndingError as error:
            first = batch[0][0].instrument
            self._ends[first.source, first.venue] = error
        except RegimeError:
            pass  # each is requested alone and reports its own error
        shares = source.charge.since(before).shared(len(batch))
        for (fetch, need), share in zip(batch, shares, strict=True):
            fetch.charge(share)
            answer = answers.get(fetch.symbol)
            if isinstance(answer, protocol.BarPage):
                try:
                    fetch.keep(need, answer)
                except (RegimeError, OSError):
                    # begun again when its turn comes, where the error is reported for the symbol
                    self._begun.pop((fetch.symbol, fetch.timeframe), None)
            elif isinstance(answer, protocol.NotServedError):
                fetch.refuse(answer.status, str(answer))


def ingest(workspace: RunWorkspace, instrument: Instrument, batches: Batches) -> IngestOutcome:
    """Fetches the bars that ``instrument`` lacks; a timeframe that fails leaves the others fetched.

    ``batches`` is made once for all symbols of a fetch; it has the time and the timeframes.

    Raises:
        OtherInstrumentError: the stored bars are of another instrument.
    """
    symbol, name = instrument.symbol, instrument.source
    if not instrument.is_polled:
        reason = f"delisted since {instrument.delisted}: source {name} is not asked"
        return IngestOutcome(symbol, Status.UNCHANGED, (), reason=reason)
    require_same_instrument(batches.paths(instrument), instrument)
    source = workspace.sources[name]
    declared = record_splits(batches.paths(instrument), source, instrument, batches.request.stamp())
    wanted = batches.wanted(instrument)
    if isinstance(source, protocol.WindowSource):
        fetch = partial(batches.fetch, instrument)
    else:
        paths = batches.paths(instrument)
        fetch = partial(take_whole, workspace, source, instrument, paths, batches.request)
        if wanted and isinstance(source, protocol.FinerSource):
            wanted = *_finer(source, instrument, paths), *wanted
    with batches.alone(instrument):
        series = tuple(map(fetch, wanted))
    for each in series:
        _record_end(batches, instrument, each)
    failed = [each.reason for each in series if each.has_failed and each.is_reached]
    if failed:
        return IngestOutcome(symbol, Status.FAILED, series, reason=" | ".join(failed))
    if not all(each.is_reached for each in series):
        reason = str(batches.end(instrument))
        return IngestOutcome(symbol, Status.NOT_REACHED, series, reason=reason)
    if all(each.status == "not_offered" for each in series):
        why = series[0].reason if series else "no timeframe was requested"
        reason = f"{symbol}: source {name} offers none of its timeframes ({why})"
        return IngestOutcome(symbol, Status.FAILED, series, reason=reason)
    is_changed = bool(declared) or any(each.changed for each in series)
    status = Status.DONE if is_changed else Status.UNCHANGED
    return IngestOutcome(symbol, status, series, reason=declared)


def _finer(
    source: protocol.FinerSource, instrument: Instrument, paths: SymbolSession
) -> Iterator[str]:
    """The finer series that the source carries, and those that it did."""
    known = {*stored_finer(paths)}
    with suppress(RegimeError):  # its series report it
        known |= {*source.finer(instrument)}
    yield from (name for name in FINER if name in known)


def _record_end(batches: Batches, instrument: Instrument, series: SeriesIngest) -> None:
    """Records why a series was not served, or that it is."""
    paths, timeframe = batches.paths(instrument), series.timeframe
    status, reason = series.status, series.reason.removeprefix(f"{timeframe}: ")
    if not series.is_reached:
        return  # of it the source said nothing
    if series.is_standing and timeframe in read_failures(paths).series:
        return  # recorded when it was refused
    if status == "ok":
        status = "" if raw_listing(paths, timeframe).files else EMPTY
        reason = f"source {instrument.source} has no bar on {timeframe} so far"
    with suppress(RegimeError):  # locked for a minute: the outcome has the reason
        record_fetch(paths, timeframe, status, reason, batches.request.now.date())

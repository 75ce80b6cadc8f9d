"""Updates many symbols with one request, and stores the answers as they arrive.

Symbols are processed one after another; at the first of a stretch, the newest bars that the whole
stretch lacks are fetched together. What a batch leaves open (histories, contradictions) is
requested by each series alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from regime_platform.bar_store.session import SymbolSession
from regime_platform.errors import RegimeError, RunEndingError
from regime_platform.model.coverage import Coverage
from regime_platform.model.fetch_plan import TAIL, Need
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.fetch.catch_up import SeriesFetch
from regime_platform.pipeline.fetch.request import FetchRequest
from regime_platform.pipeline.identity import other_instrument
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.sources.protocol import BarPage, NotServedError, WindowSource

_STRETCH = 120  # symbols whose newest bars are requested together

_Key = tuple[str, str]  # symbol, timeframe


class Batches:
    """The fetches of ``instruments`` in their order, begun a stretch at a time."""

    def __init__(
        self,
        workspace: RunWorkspace,
        instruments: Sequence[Instrument],
        request: FetchRequest,
        timeframes: Collection[str] | None = None,
    ) -> None:
        self._workspace = workspace
        self.request = request
        self._timeframes = timeframes
        self._stretches = {
            instrument.symbol: tuple(instruments[start : start + _STRETCH])
            for start in range(0, len(instruments), _STRETCH)
            for instrument in instruments[start : start + _STRETCH]
        }
        self._sessions: dict[str, SymbolSession] = {}
        self._begun: dict[_Key, SeriesFetch] = {}
        self._end: RunEndingError | None = None

    def wanted(self, instrument: Instrument) -> tuple[str, ...]:
        """The timeframes of ``instrument`` that are requested."""
        frames = self._timeframes
        return tuple(
            timeframe
            for timeframe in instrument.timeframes
            if frames is None or timeframe in frames
        )

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

    def fetch_of(self, instrument: Instrument, timeframe: str) -> SeriesFetch:
        """The fetch of one series, with the answers of a batch stored already.

        Raises:
            RunEndingError: a batch met it, and every further request would.
            RegimeError: the record of the series is damaged.
        """
        stretch = self._stretches.pop(instrument.symbol, ())
        if len(stretch) > 1:
            for member in stretch:
                self._stretches.pop(member.symbol, None)
            self._fetch_together(stretch)
        begun = self._begun.pop((instrument.symbol, timeframe), None)
        fetch = begun or SeriesFetch(
            self._workspace, instrument, timeframe, self.request, self.paths(instrument)
        )
        if self._end is not None and self._asks_more(fetch):
            raise self._end
        return fetch

    def _asks_more(self, fetch: SeriesFetch) -> bool:
        if fetch.counts.status != "ok" or fetch.standing_refusal() is not None:
            return False
        return fetch.coverage.earliest is None or fetch.next_need() is not None

    def _fetch_together(self, stretch: Sequence[Instrument]) -> None:
        groups: dict[tuple[object, ...], list[tuple[SeriesFetch, Need]]] = defaultdict(list)
        for fetch, need, key in self._due(stretch):
            groups[key].append((fetch, need))
        for (name, *_), members in groups.items():
            source = self._workspace.sources[str(name)]
            assert isinstance(source, WindowSource)
            left = members
            while left and self._end is None:
                size = source.batch_size()
                batch, left = left[:size], left[size:]
                if len(batch) > 1:  # a single one is requested when its turn comes
                    self._keep_batch(source, batch)

    def _due(
        self, stretch: Sequence[Instrument]
    ) -> Iterator[tuple[SeriesFetch, Need, tuple[object, ...]]]:
        for instrument in stretch:
            if not instrument.is_polled or other_instrument(self.paths(instrument), instrument):
                continue
            try:
                source = self._workspace.sources[instrument.source]
            except RegimeError:
                continue  # reported when the symbol itself is fetched
            if not isinstance(source, WindowSource):
                continue
            for timeframe in self.wanted(instrument):
                try:
                    fetch = SeriesFetch(
                        self._workspace, instrument, timeframe, self.request, self.paths(instrument)
                    )
                except RegimeError:
                    continue
                self._begun[instrument.symbol, timeframe] = fetch
                need = None if _is_alone(fetch.coverage) else fetch.next_need()
                if need is None or need.kind != TAIL or fetch.standing_refusal() is not None:
                    continue
                ask = fetch.ask(need)
                identity = source.batch_key(ask)
                yield fetch, need, (source.name, timeframe, need.start, need.end, identity)

    def _keep_batch(self, source: WindowSource, batch: Sequence[tuple[SeriesFetch, Need]]) -> None:
        asks = [fetch.ask(need) for fetch, need in batch]
        try:
            answers = source.batch(asks, self.request.now)
        except RunEndingError as error:
            self._end = error
            return
        except RegimeError:
            return  # each is requested alone and reports its own error
        self._keep(batch, answers)

    def _keep(
        self, batch: Sequence[tuple[SeriesFetch, Need]], answers: Mapping[str, object]
    ) -> None:
        for fetch, need in batch:
            answer = answers.get(fetch.symbol)
            if isinstance(answer, BarPage):
                self.request.paid(answer.cost)
                self._keep_page(fetch, need, answer)
            elif isinstance(answer, NotServedError):
                fetch.refuse(answer.status, str(answer))

    def _keep_page(self, fetch: SeriesFetch, need: Need, page: BarPage) -> None:
        try:
            fetch.keep(need, page)
        except (RegimeError, OSError):
            # begun again when its turn comes, where the error is reported for the symbol
            self._begun.pop((fetch.symbol, fetch.timeframe), None)


def _is_alone(coverage: Coverage) -> bool:
    """True where something else must be known before the newest bars can be requested."""
    return not coverage.windows or coverage.earliest is None

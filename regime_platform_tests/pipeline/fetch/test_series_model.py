"""Any sequence of fetches, corrections, withdrawals and changes of source, against a model."""

import datetime as dt
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.bar_store.raw.compaction import compact
from regime_platform.bar_store.raw.gate_input import GateInput, gate_input
from regime_platform.errors import UsageError
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.calendar.due import last_finished
from regime_platform.model.instruments import Instrument
from regime_platform.operations.overrides import Span, Statement, undo, withdraw
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.ingest import Batches, ingest
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.sources import protocol
from regime_platform_tests.builders import make_opens
from regime_platform_tests.pipeline.fetch.series_model import HOUR, Bars, SeriesModel
from regime_platform_tests.scenario import street

DAYS: list[dt.datetime] = make_opens(60, start=dt.datetime(2026, 1, 5, tzinfo=dt.UTC)).to_list()
BEGINNING = DAYS[29] + 26 * HOUR
PLACES = st.integers(0, 29)
TICK = dt.timedelta(minutes=7)


def _frame(bars: Bars) -> pl.DataFrame:
    opens, closes = sorted(bars), [bars[ts] for ts in sorted(bars)]
    columns = {"ts": opens, "volume": [1.0] * len(bars)}
    columns |= dict.fromkeys(("open", "high", "low", "close"), closes)
    return pl.DataFrame(columns, schema_overrides=BAR_SCHEMA).select(list(BAR_SCHEMA))


class File:
    """A source that serves all that it has, read in some way."""

    name = "files"

    def __init__(self) -> None:
        self.bars: dict[dt.datetime, float] | None = dict.fromkeys(DAYS[:30], 100.0)
        self.reading, self.is_rolling = "a", False

    def series(self, _instrument: Instrument, timeframe: str) -> protocol.BarPage:
        if self.bars is None:
            raise protocol.NotOfferedError(f"no {timeframe}")
        page = protocol.BarPage(_frame(self.bars), "as_served", None)
        return replace(page, reading=self.reading, is_rolling=self.is_rolling)


class Vendor:
    """A source that is requested by windows, and remembers its answers."""

    name, most_rows, charge = "twelvedata", 5000, protocol.Charge()

    def __init__(self) -> None:
        self.bars = dict.fromkeys(DAYS, 100.0)
        self.answers: list[tuple[tuple[dt.datetime, dt.datetime], Bars]] = []

    def earliest(self, _instrument: Instrument, _timeframe: str, _now: dt.datetime) -> dt.date:
        return min(self.bars).date()

    def page(self, request: protocol.WindowRequest, now: dt.datetime) -> protocol.BarPage:
        bound = last_finished(now, request.timeframe, request.instrument.market)
        window = (request.start, request.end)
        served = {
            ts: close
            for ts, close in sorted(self.bars.items())
            if request.start <= ts < min(request.end, bound)
        }
        self.answers.append((window, served))
        return protocol.BarPage(_frame(served), "split_adjusted", window)

    def batch(
        self, requests: Sequence[protocol.WindowRequest], now: dt.datetime
    ) -> Mapping[str, protocol.BarPage | protocol.NotServedError]:
        return {request.instrument.symbol: self.page(request, now) for request in requests}

    def batch_key(self, _request: protocol.WindowRequest) -> tuple[str, ...]:
        return ()

    def batch_size(self) -> int:
        return 1

    def credits_per_minute(self) -> int:
        return 10_000


class SeriesMachine(RuleBasedStateMachine):
    """One series of one symbol, on disk and in the model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.model, self.file, self.vendor = SeriesModel(), File(), Vendor()
        self.now, self.source, self.has_split = BEGINNING, "files", False
        self.moments: list[dt.datetime] = []

    def teardown(self) -> None:
        self.folder.cleanup()

    @initialize(source=st.sampled_from(["files", "twelvedata"]))
    def begin(self, source: str) -> None:
        settings = street(Path(self.folder.name), ["AAA"])
        workspace = RunWorkspace.open(settings.model_copy(update={"reread_share": 1.0}))
        sources: dict[str, protocol.Source] = {"files": self.file, "twelvedata": self.vendor}
        self.workspace = replace(workspace, sources=sources, clock=self.clock)
        self.paths = workspace.root.symbol("AAA")
        self.source = source
        self.fetch(1)

    def clock(self) -> float:
        return self.now.timestamp()

    @property
    def instrument(self) -> Instrument:
        entry = self.workspace.universe.instrument("AAA")
        return entry.model_copy(update={"source": self.source, "provider_symbol": "AAA"})

    def _later(self, hours: float = 0) -> dt.datetime:
        self.now += TICK + hours * HOUR
        self.moments.append(self.now)
        return self.now

    @rule(hours=st.sampled_from([0, 1, 2, 24]))
    def fetch(self, hours: int) -> None:
        now = self._later(hours)
        request = FetchRequest(now, is_backfill=False)
        batches = Batches(self.workspace, [self.instrument], request, ["1day"])
        outcome = ingest(self.workspace, self.instrument, batches)
        assert not any(series.has_failed for series in outcome.series), outcome.reason
        if self.source == "files":
            file = self.file
            self.model.whole(now, file.bars or {}, file.reading, is_rolling=file.is_rolling)
        for window, served in self.vendor.answers:
            self.model.answer(now, window, served)
        self.vendor.answers.clear()

    @rule(places=st.sets(PLACES, max_size=3), shift=st.integers(0, 3))
    def revise(self, places: set[int], shift: int) -> None:
        bars = self.vendor.bars if self.source == "twelvedata" else self.file.bars or {}
        for place in places:
            if DAYS[place] in bars:
                # by no common factor, which would be a change of the price basis
                bars[DAYS[place]] *= 1 + ((place * 7 + shift * 3) % 11 - 5) * 1e-6

    @rule(places=st.sets(PLACES, max_size=4))
    def take_back(self, places: set[int]) -> None:
        bars = self.vendor.bars if self.source == "twelvedata" else self.file.bars or {}
        for place in places:
            bars.pop(DAYS[place], None)

    @rule(places=st.sets(st.integers(0, 28), max_size=4))  # all of them over by now
    def bring(self, places: set[int]) -> None:
        """True bars that were taken back, and phantoms on Saturdays."""
        bars = self.vendor.bars if self.source == "twelvedata" else self.file.bars or {}
        for place in places:
            ts = DAYS[place] + (place % 5 == 4) * dt.timedelta(days=1)
            bars.setdefault(ts, 100.7)

    @rule(first=st.integers(0, 5), last=st.integers(24, 30))
    def cut(self, first: int, last: int) -> None:
        kept = set(DAYS[first:last])
        self.file.bars = {ts: close for ts, close in (self.file.bars or {}).items() if ts in kept}
        self.fetch(1)

    @rule(is_there=st.booleans())
    def replace_file(self, is_there: bool) -> None:
        self.file.bars = dict.fromkeys(DAYS[:30], 100.0) if is_there else None
        self.fetch(1)

    @rule(reading=st.sampled_from(["a", "b"]), is_rolling=st.booleans())
    def map_file(self, reading: str, is_rolling: bool) -> None:
        self.file.reading, self.file.is_rolling = reading, is_rolling

    @rule()
    def split(self) -> None:
        self.vendor.bars = {ts: close / 2 for ts, close in self.vendor.bars.items()}
        self.has_split = True

    @rule()
    def repoint(self) -> None:
        self.source = "files" if self.source == "twelvedata" else "twelvedata"

    @rule()
    def compact(self) -> None:
        with writing(self.paths):
            compact(self.paths.raw("1day"))

    @rule(first=PLACES, length=st.integers(0, 5))
    def withdraw(self, first: int, length: int) -> None:
        now, last = self._later(), DAYS[first + length]
        span = Span("1day", DAYS[first], last)
        before = self.model.bars(now)
        try:
            made = withdraw(
                self.workspace.root, self.instrument, span, Statement("not true", "ann", now)
            )
        except UsageError:
            assert not any(DAYS[first] <= ts <= last for ts in before)
        else:
            self.model.withdraw(made.id, now, DAYS[first], last)

    @precondition(lambda self: self.model.withdrawn and not self.model.absent)
    @rule(place=st.integers(0, 9))
    def undo(self, place: int) -> None:
        numbers = sorted(set(self.model.withdrawn) - set(self.model.undone))
        if numbers:
            now, number = self._later(), numbers[place % len(numbers)]
            undo(self.workspace.root, self.instrument, number, Statement("true", "ann", now))
            self.model.undone[number] = now

    @rule(place=st.integers(0, 99))
    def look_back(self, place: int) -> None:
        moment = self.moments[place % len(self.moments)]
        self._require_equal(moment)

    @precondition(lambda self: self.source == "twelvedata")
    @rule()
    def settle(self) -> None:
        """In the end the series has exactly what its vendor has, between its first and last."""
        for hours in (1, 2, 120, 25, 25):
            self.fetch(hours)
        bound = last_finished(self.now, "1day", self.instrument.market)
        true = {ts for ts in self.vendor.bars if ts < bound}
        bars = self.model.in_force(self.now)
        own = {ts for ts, row in bars.items() if row.source == "twelvedata"}
        inside = {ts for ts in own if true and min(true) <= ts <= max(true)}
        assert inside <= true <= set(bars)

    @invariant()
    def agrees(self) -> None:
        if self.moments:
            known = self._require_equal(self.now)
            lost = self.model.lost & set(self.model.bars(self.now))
            assert set(known.lost.to_list()) & set(known.rows["ts"].to_list()) == lost

    def _require_equal(self, moment: dt.datetime) -> GateInput:
        known = gate_input(self.paths, "1day", self.instrument.market, moment)
        stored = dict(known.rows.select("ts", "close").iter_rows())
        expected = self.model.bars(moment)
        assert stored.keys() == expected.keys()
        assert self.has_split or stored == expected
        assert len(read_overrides(self.paths)) == len(self.model.withdrawn) + len(self.model.undone)
        return known


TestSeriesMachine = SeriesMachine.TestCase
TestSeriesMachine.settings = profile(
    max_examples=5,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=True,
    print_blob=True,
)

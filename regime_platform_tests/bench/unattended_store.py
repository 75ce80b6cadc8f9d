"""A synthetic universe with histories of real length that end one bar before the last.

Core symbols trade around the clock, so that on any day and at any hour every timeframe has a bar
that is over and not stored; daily ones are US stocks. Bars are stored without a network;
the vendor, in a process of its own, has it and what follows.
"""

import datetime as dt
import logging
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl
from pytest_httpserver import HTTPServer

from regime_platform.model.calendar.due import bar_end, last_finished
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import MARKETS
from regime_platform.model.timeframes import DURATION, TIMEFRAMES
from regime_platform.model.universe.universe import Universe, parse_universe
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.ingest import Batches, ingest
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform.sources.protocol import BarPage, Charge, NotServedError, WindowRequest
from regime_platform_tests.bench.scale_universe import scale_universe
from regime_platform_tests.builders import make_bars
from regime_platform_tests.vendor import KEY, LoopbackVendor

#: Bars a symbol starts with, by tier and timeframe.
LENGTHS: Mapping[tuple[str, str], int] = MappingProxyType(
    {
        ("core", "15min"): 75_000,
        ("core", "1h"): 30_000,
        ("core", "4h"): 12_000,
        ("core", "1day"): 8_000,
        ("core", "1week"): 1_700,
        ("daily", "1day"): 5_000,
        ("daily", "1week"): 1_000,
    }
)
SPAWN = multiprocessing.get_context("spawn")
_FIRST = dt.datetime(2009, 2, 2, tzinfo=dt.UTC)  # no bar of crypto is older
_TIER = {"CRYPTO": "core", "US_EQUITY": "daily"}


@dataclass(frozen=True)
class Size:
    """How many symbols, and what part of their real histories."""

    core: int
    daily: int
    share: float = 1.0
    days_ahead: int = 2  # for which the vendor has bars

    def bars(self, tier: str, timeframe: str) -> int:
        """How many bars a series starts with."""
        return max(400, int(LENGTHS[tier, timeframe] * self.share))


@dataclass(frozen=True)
class VendorFaults:
    """What the vendor does to some symbols.

    Attributes:
        refused: symbol -> HTTP status of its error.
        crossed: symbols whose last bar has its low above its high.
    """

    refused: Mapping[str, int] = field(default_factory=dict)
    crossed: frozenset[str] = frozenset()


_NO_FAULTS = VendorFaults()


def universe_text(size: Size) -> str:
    """The universe of the bench; its core symbols all trade around the clock."""
    entries = parse_universe(scale_universe(size.core, size.daily), "universe").instruments
    core = [
        {
            "symbol": entry.symbol,
            "name": entry.name,
            "asset_class": "CRYPTO",
            "tier": "core",
            "source": entry.source,
            "provider_symbol": f"{entry.symbol}/USD",
            "type": "Digital Currency",
        }
        for entry in entries
        if entry.tier == "core"
    ]
    rows = [*core, *(entry.model_dump(mode="json") for entry in entries if entry.tier == "daily")]
    lines = (", ".join(f"{name}: {value}" for name, value in row.items()) for row in rows)
    return "instruments:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


@cache
def bars_of(size: Size, asset_class: str, timeframe: str, now: dt.datetime) -> pl.DataFrame:
    """The bars of every instrument of a class, which all have the same."""
    wanted = size.bars(_TIER[asset_class], timeframe)
    first = max(_FIRST, now - DURATION[timeframe] * wanted * 2)
    until = now + dt.timedelta(size.days_ahead)
    opens = expected_opens(MARKETS[asset_class], timeframe, first, until)
    finished = opens.filter(opens < last_finished(now, timeframe, MARKETS[asset_class])).len()
    opens = opens.slice(max(0, finished - 1 - wanted))
    return make_bars(opens.len()).with_columns(ts=opens)


def fill(settings: Settings, size: Size, now: dt.datetime) -> int:
    """Fetches from memory when the newest bar was not over yet; returns how many bars."""
    workspace = RunWorkspace.open(settings)
    source = _Memory(size, now)
    # of a clock that stands, else what is stored after a second counts as over
    still, sources = float, dict.fromkeys(workspace.sources, source)
    workspace = replace(workspace, sources=sources, clock=still)
    stored = 0
    for timeframe in TIMEFRAMES:
        for asset_class in _TIER:
            some = [
                instrument
                for instrument in workspace.universe.instruments
                if instrument.asset_class == asset_class and timeframe in instrument.timeframes
            ]
            if some:
                order = FetchRequest(_before_the_last(asset_class, timeframe, now))
                batches = Batches(workspace, some, order, (timeframe,))
                stored += sum(
                    ingest(workspace, instrument, batches).rows_inserted for instrument in some
                )
    return stored


def _before_the_last(asset_class: str, timeframe: str, now: dt.datetime) -> dt.datetime:
    bound = last_finished(now, timeframe, MARKETS[asset_class])
    last = expected_opens(MARKETS[asset_class], timeframe, bound - dt.timedelta(days=21), bound)[-1]
    return bar_end(last, timeframe, MARKETS[asset_class]) - dt.timedelta(seconds=1)


def environment_of(root: Path, url: str) -> dict[str, str]:
    """What processes on ``root`` are started with."""
    return {
        "REGIME_DATA_ROOT": str(root),
        "REGIME_TWELVEDATA_URL": url,
        "TWELVEDATA_API_KEY": KEY,
        "REGIME_CREDITS_FOLDER": str(root.parent / f"credits-{root.name}"),
        "REGIME_CREDITS_PER_MINUTE": "1000000",
        "REGIME_REREAD_SHARE": "0",
    }


def settings_of(root: Path, url: str) -> Settings:
    """Settings on ``root`` and nothing of the environment."""
    named: Mapping[str, Any] = environment_of(root, url)
    return Settings(_env_file=None, **named)


@contextmanager
def vendor_process(
    size: Size,
    now: dt.datetime,
    clock: "Synchronized[float] | None" = None,
    faults: VendorFaults = _NO_FAULTS,
) -> Iterator[str]:
    """A vendor that has everything up to the clock, of Unix time: its address."""
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=_serve, args=(size, now, there, clock, faults), daemon=True)
    process.start()
    there.close()  # so that a vendor that ends is an error, not a wait
    try:
        yield str(here.recv())
    finally:
        process.terminate()
        process.join(10)


def _serve(
    size: Size,
    now: dt.datetime,
    pipe: "multiprocessing.connection.Connection",
    clock: "Synchronized[float] | None",
    faults: VendorFaults,
) -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)

    def present() -> dt.datetime:
        return dt.datetime.fromtimestamp(clock.value if clock else time.time(), dt.UTC)

    with HTTPServer() as server:
        vendor = LoopbackVendor(
            server,
            most_rows=5000,
            now=present,
            asset_class="CRYPTO",
            is_dated=clock is not None,
        )
        universe = parse_universe(universe_text(size), "universe")
        _list(vendor, universe, size, now, faults)
        pipe.send(vendor.url)
        while True:
            pipe.recv()


def _list(
    vendor: LoopbackVendor, universe: Universe, size: Size, now: dt.datetime, faults: VendorFaults
) -> None:
    for instrument in universe.instruments:
        named = dict(instrument.identity)
        symbol = named.pop("provider_symbol")
        for timeframe in instrument.timeframes:
            bars = bars_of(size, instrument.asset_class, timeframe, now)
            if instrument.tier == "daily":  # its clock is not the vendor's
                bound = last_finished(now, timeframe, instrument.market)
                bars = bars.filter(pl.col("ts") < bound)
            if instrument.symbol in faults.crossed:
                last = pl.int_range(pl.len()) >= pl.len() - 3
                bars = bars.with_columns(
                    low=pl.when(last).then(pl.col("high") * 1.1).otherwise("low")
                )
            vendor.list_series(symbol, timeframe, bars, **named)
        if instrument.symbol in faults.refused:
            vendor.errors[symbol] = faults.refused[instrument.symbol]


class _Memory:
    """The vendor without the network."""

    name = "twelvedata"
    most_rows = 10_000
    charge = Charge()

    def __init__(self, size: Size, now: dt.datetime) -> None:
        self._size, self._now = size, now

    def earliest(self, instrument: Instrument, timeframe: str, now: dt.datetime) -> dt.date:
        del now
        first: dt.datetime = self._bars(instrument, timeframe)["ts"][0]
        return first.date()

    def page(self, ask: WindowRequest, now: dt.datetime) -> BarPage:
        bars = self._bars(ask.instrument, ask.timeframe)
        opened = pl.col("ts").is_between(ask.start, ask.end, closed="left") & (pl.col("ts") <= now)
        basis = "split_adjusted" if ask.timeframe in ("1day", "1week") else "unadjusted"
        return BarPage(bars.filter(opened), basis, (ask.start, ask.end))

    def batch(
        self, asks: Sequence[WindowRequest], now: dt.datetime
    ) -> Mapping[str, BarPage | NotServedError]:
        return {ask.instrument.symbol: self.page(ask, now) for ask in asks}

    def batch_key(self, ask: WindowRequest) -> tuple[str, ...]:
        del ask
        return ()

    def batch_size(self) -> int:
        return 120

    def credits_per_minute(self) -> int:
        return 1_000_000

    def _bars(self, instrument: Instrument, timeframe: str) -> pl.DataFrame:
        return bars_of(self._size, instrument.asset_class, timeframe, self._now)

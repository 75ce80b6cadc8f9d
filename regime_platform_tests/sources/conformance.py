"""What every source has to pass: `Supply` is what a source's own tests provide for it.

`test_conformance` runs the same tests over the supplies of all sources.
"""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import yaml

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.errors import RunEndingError
from regime_platform.model.bar_schema import empty_bars
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.pipeline.outcomes import Stage, SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform.sources.protocol import Source, WindowRequest, WindowSource
from regime_platform_tests.builders import make_bars

SYMBOLS = ("AAA", "BBB")
DAY = dt.timedelta(days=1)
#: A Thursday, half an hour into the UTC date: the bars of Wednesday are final everywhere.
NOW = dt.datetime(2026, 11, 19, 0, 30, tzinfo=dt.UTC)
_START = dt.datetime(2026, 2, 2, tzinfo=dt.UTC)
FETCH = (Stage.RAW_BARS, Stage.VALIDATED_BARS)


class Supply(ABC):
    """A source with two symbols, and what it has of them as a test arranges it.

    Args:
        folder: for the data root and whatever the source reads.
    """

    source: ClassVar[str]  # as an entry names it
    asset_class: ClassVar[str] = "US_EQUITY"
    lacking: ClassVar[str] = "1h"  # a timeframe of which the source has nothing

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, NOW
        self.bars: dict[str, pl.DataFrame] = {}
        self.data_root.mkdir(parents=True, exist_ok=True)
        entries = [
            {
                "symbol": symbol,
                "name": f"Test symbol {symbol}",
                "asset_class": self.asset_class,
                "tier": "daily",
                "timeframes": ["1day"],
                "source": self.source,
                **self.fields(symbol),
            }
            for symbol in SYMBOLS
        ]
        (self.data_root / "universe.yaml").write_text(yaml.safe_dump({"instruments": entries}))

    @property
    def data_root(self) -> Path:
        """The data root of the workspace."""
        return self.folder / "data"

    def fields(self, symbol: str) -> Mapping[str, str]:
        """The fields of an entry by which the source identifies a symbol."""
        del symbol
        return {}

    def settings(self) -> Mapping[str, Any]:
        """The settings that the source needs."""
        return {}

    def made(self) -> Source | None:
        """The source, where the settings alone do not make the one under test."""
        return None

    @abstractmethod
    def serve(self, symbol: str, bars: pl.DataFrame) -> None:
        """Makes ``bars`` the daily bars that the source has; those after ``now`` are hidden by a
        source that serves live.
        """

    @abstractmethod
    def spoil(self, symbol: str) -> None:
        """Makes the source fail for a symbol, until it is served again."""

    def go_down(self) -> None:
        """Makes the source fail for all symbols."""
        for symbol in SYMBOLS:
            self.spoil(symbol)

    def come_back(self) -> None:
        """Ends what ``go_down`` began."""
        for symbol, bars in self.bars.items():
            self.serve(symbol, bars)

    def offer(self, symbol: str, bars: pl.DataFrame) -> None:
        """As ``serve``, and what ``come_back`` serves again."""
        self.bars[symbol] = bars
        self.serve(symbol, bars)

    def days(self, until: dt.datetime, seed: int = 0) -> pl.DataFrame:
        """A bar for each session up to the date of ``until``, that one included."""
        end = until.replace(hour=0, minute=0) + DAY
        opens = expected_opens(MARKETS[self.asset_class], "1day", _START, end)
        return make_bars(opens.len(), seed=seed).with_columns(ts=opens)

    def open(self, now: dt.datetime) -> RunWorkspace:
        """The workspace at a moment, by its own clock and that of the source."""
        self.now = now
        settings = Settings(
            _env_file=None,
            **{
                "REGIME_DATA_ROOT": self.data_root,
                "REGIME_REREAD_SHARE": 0,
                "REGIME_CREDITS_FOLDER": self.folder / "credits",
                **self.settings(),
            },
        )
        workspace = RunWorkspace.open(settings, clock=now.timestamp)
        made = self.made()
        return workspace if made is None else replace(workspace, sources={self.source: made})

    def run(
        self, now: dt.datetime, *symbols: str, stages: Collection[Stage] = FETCH
    ) -> dict[str, SymbolOutcome]:
        """The outcomes of a run of some symbols, or all, by a process of its own as far as memory
        goes.
        """
        workspace, outcomes = self.open(now), {}
        instruments = workspace.universe.select(symbols or SYMBOLS)
        with suppress(RunEndingError):  # raised after the outcomes of all symbols
            for outcome in run_symbols(workspace, instruments, now, stages=stages):
                outcomes[outcome.symbol] = outcome
        return outcomes

    def in_force(self, symbol: str = "AAA") -> pl.DataFrame:
        """The canonical bars of a symbol."""
        stored = read_in_force(DataRoot(self.data_root).symbol(symbol), "1day")
        return empty_bars() if stored is None else stored[1]

    def raw(self, symbol: str = "AAA") -> pl.DataFrame:
        """All rows of its raw log."""
        return read_raw(DataRoot(self.data_root).symbol(symbol).raw("1day"))


def served(workspace: RunWorkspace, symbol: str, timeframe: str, now: dt.datetime) -> pl.DataFrame:
    """All bars of a series, from a source of either kind."""
    instrument = workspace.universe.instrument(symbol)
    source = workspace.sources[instrument.source]
    if not isinstance(source, WindowSource):
        return source.series(instrument, timeframe).bars
    first = dt.datetime.combine(source.earliest(instrument, timeframe, now), dt.time(), dt.UTC)
    end = now.replace(hour=0, minute=0) + DAY
    return source.page(WindowRequest(instrument, timeframe, first, end), now).bars

"""What the results of a symbol are made from, and the results themselves before they are stored."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import polars as pl

from regime_platform.bar_store.canonical import read_hashed
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import Era
from regime_platform.compute.incremental import Past, extend_series
from regime_platform.compute.params import Params
from regime_platform.compute.results import ESCALATION, STATE, SeriesResult, latest_state
from regime_platform.manifests.lineage import SeriesLineage
from regime_platform.model.digests import BLOCK_ROWS, Blocks
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import PromotedBars
from regime_platform.model.result_schema import TABLES

_AT_ONCE = 32 * BLOCK_ROWS  # rows: as many as are hashed together


@dataclass(frozen=True)
class Inputs:
    """The bars in force of one symbol, with the eras and parameters for its results."""

    instrument: Instrument
    paths: SymbolPaths
    promoted: Mapping[str, PromotedBars]
    eras: tuple[Era, ...]
    params: Params

    def bars(self, timeframe: str) -> tuple[pl.DataFrame, Blocks]:
        """The bars in force, every byte verified, and their block digests.

        Raises:
            BarsError: they are missing or damaged.
        """
        return read_hashed(self.paths.bars(timeframe), self.promoted[timeframe])

    def computed(self, timeframe: str, bars: pl.DataFrame) -> SeriesResult:
        """All rows of one timeframe."""
        return compute_series(
            bars,
            symbol=self.instrument.symbol,
            timeframe=timeframe,
            eras=self.eras,
            params=self.params,
        )

    def extended(self, timeframe: str, bars: pl.DataFrame, past: Past) -> SeriesResult | None:
        """The rows that bars after those of ``past`` add; None where they change earlier rows."""
        return extend_series(
            bars,
            past,
            symbol=self.instrument.symbol,
            timeframe=timeframe,
            eras=self.eras,
            params=self.params,
        )

    def lineage(self, timeframe: str, result: SeriesResult | None) -> SeriesLineage:
        """What the lineage states of one timeframe."""
        if result is None:
            return SeriesLineage(
                bars=0,
                bars_digest="",
                escalation_rows=0,
                max_ts=None,
                min_ts=None,
                reason="no canonical bars on this timeframe",
                state_rows=0,
                status="no_bars",
                timeframe=timeframe,
            )
        promoted = self.promoted[timeframe]
        return SeriesLineage(
            bars=result.bars_used,
            bars_digest=promoted.digest,
            escalation_rows=result.rows_in(ESCALATION),
            max_ts=promoted.max_ts,
            min_ts=promoted.min_ts,
            reason=result.reason,
            state_rows=result.rows_in(STATE),
            status=result.status,
            timeframe=timeframe,
        )


@dataclass(frozen=True)
class Tables(Mapping[str, Iterable[pl.DataFrame]]):
    """Every table of a compute.db in pieces, made when read: together they fill the memory."""

    results: Mapping[str, SeriesResult]  # by timeframe, in their order

    def __getitem__(self, name: str) -> Iterable[pl.DataFrame]:
        if name == "latest_state":
            return [latest_state(self.results)]
        return chain.from_iterable(
            result.pieces(name, _AT_ONCE) for result in self.results.values()
        )

    def whole(self, name: str) -> pl.DataFrame:
        """All rows of one table."""
        return pl.concat([TABLES[name].to_frame(), *self[name]])

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)

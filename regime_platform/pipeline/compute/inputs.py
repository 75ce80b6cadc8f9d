"""What the results of a symbol are made from, and the results themselves before they are stored."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import polars as pl

from regime_platform.bar_store.canonical import read_hashed
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import Era
from regime_platform.compute.incremental import Past, extend_series
from regime_platform.compute.params import Params
from regime_platform.compute.results import ESCALATION, STATE, SeriesResult, latest_state
from regime_platform.model.digests import BLOCK_ROWS, Blocks
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import Promoted
from regime_platform.model.result_schema import TABLES

_AT_ONCE = 32 * BLOCK_ROWS  # rows: as many as are hashed together


@dataclass(frozen=True)
class Inputs:
    """The bars in force of one symbol, and the terms on which its results are computed."""

    instrument: Instrument
    paths: SymbolPaths
    promoted: Mapping[str, Promoted]
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
        """The rows that bars beyond those of ``past`` add; None where they change earlier ones."""
        return extend_series(
            bars,
            past,
            symbol=self.instrument.symbol,
            timeframe=timeframe,
            eras=self.eras,
            params=self.params,
        )

    def facts(self, timeframe: str, result: SeriesResult | None) -> dict[str, Any]:
        """What the lineage says of one timeframe."""
        if result is None:
            return {
                "timeframe": timeframe,
                "status": "no_bars",
                "reason": "no canonical bars on this timeframe",
                "bars": 0,
                "bars_digest": "",
                "min_ts": None,
                "max_ts": None,
                "escalation_rows": 0,
                "state_rows": 0,
            }
        promoted = self.promoted[timeframe]
        return {
            "timeframe": timeframe,
            "status": result.status,
            "reason": result.reason,
            "bars": result.bars_used,
            "bars_digest": promoted.digest,
            "min_ts": promoted.min_ts,
            "max_ts": promoted.max_ts,
            "escalation_rows": result.rows_in(ESCALATION),
            "state_rows": result.rows_in(STATE),
        }


@dataclass(frozen=True)
class Tables(Mapping[str, Iterable[pl.DataFrame]]):
    """Every table of a compute.db in pieces, made when asked for: together they fill the memory."""

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

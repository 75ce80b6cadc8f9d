"""The heat map: the regime of every symbol on each of its timeframes, by asset class."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polars as pl

from regime_platform.compute.maturity import marked
from regime_platform.model.timeframes import is_intraday
from regime_platform.model.universe.universe import Universe
from regime_platform.report.palette import REGIME_COLOURS, readable

#: A class with more symbols is closed until it is opened: it would fill several screens.
_MOST_OPEN = 120


@dataclass(frozen=True)
class Cell:
    """The latest state of a series."""

    timeframe: str
    regime: str | None  # None where it has no state
    bucket: str | None
    words: str  # everything about it, for a tap, a pointer or a screen reader


@dataclass(frozen=True)
class Line:
    """A symbol."""

    symbol: str
    link: str  # its page; empty where there is none
    cells: Sequence[Cell]  # shortest timeframe first


@dataclass(frozen=True)
class ClassMap:
    """The symbols of an asset class, in partition order."""

    asset_class: str
    timeframes: Sequence[str]  # of any of them
    lines: Sequence[Line]
    shares: Sequence[tuple[str, int]]  # regime, and how many symbols have it on their daily bars

    @property
    def is_open(self) -> bool:
        """Whether its symbols are shown at first."""
        return len(self.lines) <= _MOST_OPEN


def heat_map(board: pl.DataFrame, universe: Universe, pages: Collection[str]) -> Sequence[ClassMap]:
    """The classes in the order of their first symbol.

    Args:
        board: a row per symbol and timeframe, as ``query.board.latest_rows`` has them.
        universe: of the symbols on it.
        pages: the symbols that have a page.
    """
    columns = (
        *("symbol", "timeframe", "status", "regime_label", "regime_since", "regime_bars"),
        *("esc_pctl", "escalation_bucket", "is_rank_immature"),
    )
    rows = board.select(columns).with_columns(pl.col("timeframe").cast(pl.String)).to_dicts()
    cells = {
        symbol: [_cell(row) for row in own]
        for symbol, own in groupby(rows, key=lambda row: str(row["symbol"]))
    }
    by_class: dict[str, list[Line]] = {}
    for instrument in universe.instruments:
        symbol = instrument.symbol
        link = f"{symbol}.html" if symbol in pages else ""
        line = Line(symbol, link, cells.get(symbol, ()))
        by_class.setdefault(instrument.asset_class, []).append(line)
    return [_class_map(name, lines) for name, lines in by_class.items()]


def _class_map(name: str, lines: Sequence[Line]) -> ClassMap:
    timeframes = dict.fromkeys(cell.timeframe for line in lines for cell in line.cells)
    daily = [cell.regime for line in lines for cell in line.cells if cell.timeframe == "1day"]
    counts = [(regime, daily.count(regime)) for regime in reversed(list(REGIME_COLOURS))]
    return ClassMap(name, list(timeframes), lines, [each for each in counts if each[1]])


def _cell(row: Mapping[str, Any]) -> Cell:
    words = f"{row['symbol']} {row['timeframe']}: {', '.join(_words(row))}"
    return Cell(row["timeframe"], row["regime_label"], row["escalation_bucket"], words)


def _words(row: Mapping[str, Any]) -> Iterator[str]:
    if row["regime_label"] is None:
        yield readable(row["status"])
        return
    form = "%Y-%m-%d %H:%M" if is_intraday(row["timeframe"]) else "%Y-%m-%d"
    bars = "1 bar" if row["regime_bars"] == 1 else f"{row['regime_bars']:,} bars"
    yield f"{readable(row['regime_label'])} since {row['regime_since']:{form}} ({bars})"
    if row["esc_pctl"] is not None:
        bucket = marked(row["escalation_bucket"], is_immature=row["is_rank_immature"])
        yield f"escalation {row['esc_pctl']:.3f} {bucket}"

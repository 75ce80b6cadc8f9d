"""Compares the board with the files that its rows were made from; changes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from regime_platform.bar_store.layout import DataRoot
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.board_rows import blocked_by, board_rows, files_of
from regime_platform.pipeline.outcomes import Status


@dataclass(frozen=True)
class BoardEntry:
    """What all rows of a symbol have in common."""

    made_from: str | None  # None on a board of an earlier release
    held_back: str | None


def shown_rows(board: pl.DataFrame) -> Mapping[str, BoardEntry]:
    """Symbol -> what its rows have in common."""
    rows = board.select("symbol", "made_from", "held_back").unique("symbol")
    return {symbol: BoardEntry(*rest) for symbol, *rest in rows.iter_rows()}


def is_outdated(root: DataRoot, instrument: Instrument, shown: BoardEntry | None) -> bool:
    """True where the files of a symbol are not those that its rows were made from; opens none."""
    paths = root.symbol(instrument.symbol)
    if shown is None:
        return paths.compute_db.exists() or paths.verdict.exists()
    try:
        return shown.made_from != files_of(paths, instrument)
    except OSError:  # making the rows reports it
        return True


def differing(root: DataRoot, instruments: Iterable[Instrument], board: pl.DataFrame) -> list[str]:
    """Symbols whose rows a run would change; opens only those with other files."""
    known = shown_rows(board)
    return [
        instrument.symbol
        for instrument in instruments
        if is_outdated(root, instrument, known.get(instrument.symbol))
        and not is_as_made(root, instrument, board)
    ]


def is_as_made(root: DataRoot, instrument: Instrument, board: pl.DataFrame) -> bool:
    """True where the rows of a symbol, made again, are those of the board.

    That the last run failed on the symbol follows from no file, so it is not compared.
    """
    shown = board.filter(pl.col("symbol") == instrument.symbol)
    paths = root.symbol(instrument.symbol)
    if shown.is_empty():
        return not (paths.compute_db.exists() or paths.verdict.exists())
    rows = board_rows(root, instrument, blocked_by(paths))
    if rows is None:  # being written
        return True
    left_out = ["made_from"]
    if shown["held_back"].str.starts_with(f"{Status.FAILED}:").any():
        left_out.append("held_back")
    if shown["made_from"].is_null().all():
        left_out.append("results_digest")
    order = pl.col("timeframe").to_physical()
    return rows.drop(left_out).sort(order).equals(shown.drop(left_out).sort(order))

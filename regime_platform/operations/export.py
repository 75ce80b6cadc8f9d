"""Exports results: one SQLite file as the legacy engine wrote it, or Parquet or CSV files.

Everything of one symbol is read from one state of its compute.db; files are replaced atomically.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import polars as pl

from regime_platform.bar_store.parquet import encode
from regime_platform.compute_db.rank_basis import RANK_BASIS, rank_bases
from regime_platform.compute_db.reader import ResultsReader
from regime_platform.errors import UsageError, failure_reason
from regime_platform.files import write_atomically, write_bytes
from regime_platform.legacy.conversion import PREVIOUS, reading_any
from regime_platform.legacy.export import fill
from regime_platform.model.digests import document_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import RESULT_SCHEMA_VERSION, TABLES
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace


class ExportFormat(StrEnum):
    """The format of an export."""

    SQLITE = "sqlite"  # of the legacy engine: one file for all symbols
    PARQUET = "parquet"  # a folder per symbol, a file per table
    CSV = "csv"


@dataclass(frozen=True)
class ExportOutcome:
    """What was written of one symbol."""

    symbol: str
    status: Status
    rows: int = 0
    reason: str = ""  # why it failed, or that the results are of an older version


class _NothingToWriteError(Exception):
    """No symbol could be read, so that no file is written."""


def export(  # noqa: PLR0913 - what of whom, in what form, and where to
    workspace: RunWorkspace,
    instruments: Sequence[Instrument],
    how: ExportFormat,
    output: Path,
    now: dt.datetime,
    *,
    replace: bool = False,
) -> list[ExportOutcome]:
    """Writes the results of ``instruments`` to a file (SQLite) or a folder.

    Symbols without results are left out, with the reason. ``now`` is the time of update in the
    tables of the legacy engine. UsageError where there is something and not ``replace``.
    """
    if output.exists() and not replace:
        raise UsageError(
            f"--output {output} exists; give another name, or --replace to overwrite",
            code="output-exists",
        )
    if how is ExportFormat.SQLITE:
        return _to_sqlite(workspace, instruments, output, now)
    return [_to_folder(workspace, instrument, how, output) for instrument in instruments]


def _to_sqlite(
    workspace: RunWorkspace, instruments: Sequence[Instrument], output: Path, now: dt.datetime
) -> list[ExportOutcome]:
    reasons: dict[str, str] = {}
    sound: list[tuple[Instrument, Path]] = []
    for instrument in instruments:
        path = workspace.root.symbol(instrument.symbol).compute_db
        try:
            with reading_any(path, instrument) as reader:
                reasons[instrument.symbol] = reader.read_as
            sound.append((instrument, path))
        except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
            reasons[instrument.symbol] = failure_reason(error, instrument.symbol)
    rows: dict[str, int] = {}

    def write(temporary: Path) -> None:
        written, failed = fill(temporary, sound, now)
        reasons.update(failed)
        if not written:
            raise _NothingToWriteError
        rows.update(written)

    with suppress(_NothingToWriteError):
        write_atomically(output, write)
    return [
        ExportOutcome(
            instrument.symbol,
            Status.DONE if instrument.symbol in rows else Status.FAILED,
            rows.get(instrument.symbol, 0),
            reasons[instrument.symbol],
        )
        for instrument in instruments
    ]


def _to_folder(
    workspace: RunWorkspace, instrument: Instrument, how: ExportFormat, output: Path
) -> ExportOutcome:
    symbol, rows = instrument.symbol, 0
    try:
        with reading_any(workspace.root.symbol(symbol).compute_db, instrument) as reader:
            for name, table, metadata in _tables(reader, symbol):
                target = output / symbol / f"{name}.{how.value}"
                rows += table.height if name in TABLES else 0
                if how is ExportFormat.PARQUET:
                    write_bytes(target, encode(table, metadata))
                else:
                    write_atomically(target, _as_text(table).write_csv)
            return ExportOutcome(symbol, Status.DONE, rows, reader.read_as)
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
        return ExportOutcome(symbol, Status.FAILED, reason=failure_reason(error, symbol))


def _tables(
    reader: ResultsReader, symbol: str
) -> Iterator[tuple[str, pl.DataFrame, dict[str, str]]]:
    """Every table and `rank_basis` with words as text, and the metadata of its file."""
    digests = reader.table_digests()
    # a file of the previous version does not state how its rows were made
    if reader.read_as:
        origin = {"read_from_version": str(PREVIOUS)}
    else:
        origin = {"recipe_digest": reader.lineage().recipe.digest}
    facts = {
        "symbol": symbol,
        "result_schema_version": str(RESULT_SCHEMA_VERSION),
        "content_digest": document_digest(digests),
        **origin,
    }
    for name in TABLES:
        about = {"table": name, "table_digest": digests[name]}
        yield name, _words(reader.table(name)), {**about, **facts}
    bases = pl.concat(rank_bases(reader, timeframe) for timeframe in TIMEFRAMES)
    yield RANK_BASIS, _words(bases), {"table": RANK_BASIS, **facts}


def _words(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.selectors.enum().cast(pl.String))


def _as_text(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"))

"""Bars from files that a user supplies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from regime_platform.errors import BarsError, SourceError
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.digests import document_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import FINER, canonical_timeframe, known_bar_length
from regime_platform.sources.files.finding import find_files, listed, timeframes_of_files
from regime_platform.sources.files.mapping import FileMapping, read_mapping
from regime_platform.sources.files.series import table_series
from regime_platform.sources.files.table import FileTable, read_table
from regime_platform.sources.protocol import BarPage, SourceInputs

_VALUES = [name for name in BAR_COLUMNS if name != "ts"]


@dataclass(frozen=True)
class FileBars:
    """The bars of one file, or of several that are one series."""

    path: Path
    bars: pl.DataFrame  # in BAR_SCHEMA, in the order of the file
    reading: str  # digest of how it was read
    place: Callable[[int], str]  # of a bar in its file, by its index
    note: str = ""  # how labels were read that are no opens
    is_rolling: bool = False  # the start of the file moves


def source_of(inputs: SourceInputs) -> "FilesSource":
    """The source of the files below the folder of the settings."""
    root = inputs.settings.files_root
    return FilesSource(None if root is None else root.expanduser())


class FilesSource:
    """Serves the files that an entry names, else those of ``{root}/{SYMBOL}``, always whole.

    A ``mapping.yaml`` beside the files or in the folder above states what is unclear of them.
    ``root`` is None where it is not set; entries may name absolute paths.
    """

    name = "files"

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._last: tuple[object, FileTable] | None = None

    def series(self, instrument: Instrument, timeframe: str) -> BarPage:
        """One page with everything in the files, so that a change anywhere in them shows.

        Raises:
            NotOfferedError: there is no file of this timeframe.
            SourceError, BarsError, ConfigError: names the folder, file or mapping at fault.
        """
        wanted = known_bar_length(timeframe) or canonical_timeframe(timeframe)
        paths = find_files(self._root, instrument, wanted)
        whole = joined([self._read(path, instrument, wanted) for path in paths])
        return BarPage(
            whole.bars,
            "as_served",
            window=None,
            note=whole.note,
            reading=whole.reading,
            is_rolling=whole.is_rolling,
        )

    def finer(self, instrument: Instrument) -> Sequence[str]:
        """The lengths of bars that it has files of and that nothing is computed from."""
        return [name for name in timeframes_of_files(self._root, instrument) if name in FINER]

    def _read(self, path: Path, instrument: Instrument, timeframe: str) -> FileBars:
        stated = read_mapping(path.parent)
        names = (instrument.symbol, *reversed(instrument.formerly))
        symbol = next((name for name in names if name in stated.symbols), instrument.symbol)
        mapping = stated.for_series(timeframe, symbol)
        table = _own_rows(self._table(path, mapping), instrument, mapping)
        series = table_series(table, timeframe, instrument.market, mapping)
        reading = mapping.reading(mapping.labels.get(timeframe, series.opens.meaning))
        note, place = series.opens.note, series.table.place
        return FileBars(path, series.bars, reading, place, note, mapping.is_rolling)

    def _table(self, path: Path, mapping: FileMapping) -> FileTable:
        """The rows of a file; of one with several symbols those read last, if it is unchanged."""
        key = (path, mapping, _signature(path))
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        table = read_table(path, mapping)
        self._last = (key, table) if len(table.symbol_texts) > 1 else None
        return table


def _own_rows(table: FileTable, instrument: Instrument, mapping: FileMapping) -> FileTable:
    """The rows of an instrument in a file of several."""
    texts = table.symbol_texts
    if len(texts) < 2 and not mapping.symbol_column:
        return table
    own = {instrument.symbol, instrument.spelling, *instrument.formerly}
    names = {instrument.provider_symbol.upper()} if instrument.provider_symbol else own
    matches = [text for text in texts if text.upper() in names]
    if len(matches) != 1:
        has = f"{' and '.join(matches)}, which differ in case" if matches else listed(texts)
        raise SourceError(
            f"{table.path}: column {mapping.symbol_column} has {has}, and rows of "
            f"{' or '.join(sorted(names))} are wanted; state the one as provider_symbol of "
            f"{instrument.symbol}",
            code="no-symbol-rows",
        )
    return table.of_symbol(matches[0])


def _signature(path: Path) -> tuple[int, ...]:
    """What differs after a file was written again; empty where there is none."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_size


def joined(files: Sequence[FileBars]) -> FileBars:
    """The bars of all files, in the order of the first bar of each.

    ``BarsError`` names bar, files and remedy where two files have different values of one bar.
    """
    if len(files) == 1:
        return files[0]
    ordered = sorted(
        (file for file in files if not file.bars.is_empty()),
        key=lambda file: (file.bars["ts"].min(), str(file.path)),
    )
    numbered = [
        file.bars.with_row_index("row").with_columns(file=pl.lit(n))
        for n, file in enumerate(ordered or files[:1])
    ]
    bars = pl.concat(numbered)
    shared = bars.filter(pl.col("file").n_unique().over("ts") > 1)
    _refuse_contradictions(shared, ordered)
    readings = sorted({file.reading for file in ordered})
    return FileBars(
        files[0].path,
        bars.filter(pl.col("file") == pl.col("file").min().over("ts")).drop("file", "row"),
        readings[0] if len(readings) == 1 else document_digest({"readings": readings}),
        files[0].place,
        "; ".join(dict.fromkeys(file.note for file in ordered if file.note)),
        is_rolling=any(file.is_rolling for file in ordered),
    )


def _refuse_contradictions(shared: pl.DataFrame, files: Sequence[FileBars]) -> None:
    differing = shared.filter(pl.struct(_VALUES).n_unique().over("ts") > 1).sort("ts", "file")
    if differing.is_empty():
        return
    moment = differing["ts"][0]
    rows = differing.filter(pl.col("ts") == moment).unique(_VALUES, maintain_order=True)
    (first, other), count = rows.rows(named=True)[:2], differing["ts"].n_unique()
    column = next(name for name in _VALUES if first[name] != other[name])
    places = [
        f"{files[row['file']].path} {files[row['file']].place(row['row'])}"
        for row in (first, other)
    ]
    raise BarsError(
        f"{' and '.join(places)} are different bars of "
        f"{moment:%Y-%m-%d %H:%M} (UTC): {column} {first[column]} and {other[column]}, and "
        f"{count - 1} more; keep the true ones, or name only one of the files in the entry",
        code="files-differ",
    )

"""The bars that ship with the package: no key, no network, always the same, never any newer.

What they are and how they were made is described in ``make_sample`` and ``data/metadata.json``.
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from regime_platform.errors import BarsError, SourceError
from regime_platform.files import file_sha256
from regime_platform.json_text import load_json
from regime_platform.model.actions import DeclaredSplit
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.instruments import Instrument
from regime_platform.model.ratios import parse_ratio
from regime_platform.model.timeframes import TIMEFRAMES, canonical_timeframe
from regime_platform.sources.protocol import BarPage, NotOfferedError, SourceInputs

SAMPLE_DATA = Path(__file__).parent / "data"


def source_of(_inputs: SourceInputs) -> "SampleSource":
    """The source of the packaged series."""
    return SampleSource()


class SampleSource:
    """Serves the packaged series of ``folder``."""

    name = "sample"

    def __init__(self, folder: Path = SAMPLE_DATA) -> None:
        self._folder = folder

    def series(self, instrument: Instrument, timeframe: str) -> BarPage:
        """The whole series; ``BarsError`` where the file differs from the one that was shipped."""
        wanted = canonical_timeframe(timeframe)
        files = sample_files(self._folder)
        file = f"{instrument.symbol}/{wanted}.parquet"
        if file not in files:
            raise _absence(instrument.symbol, wanted, files)
        bars = _read(self._folder / file, files[file]["sha256"])
        return BarPage(bars, files[file]["price_basis"], window=None)

    def splits(self, instrument: Instrument) -> tuple[DeclaredSplit, ...]:
        """The splits of a stock, whose bars are as traded."""
        return tuple(
            DeclaredSplit(
                dt.date.fromisoformat(split["date"]), parse_ratio(split["ratio"]), split["source"]
            )
            for split in _metadata(self._folder)["splits"].get(instrument.symbol, ())
        )


def sample_files(folder: Path = SAMPLE_DATA) -> Mapping[str, Mapping[str, Any]]:
    """The entries of metadata.json by file: origin, licence, derivation, rows, range, sha256."""
    files: Mapping[str, Mapping[str, Any]] = _metadata(folder)["files"]
    return files


def _metadata(folder: Path) -> Mapping[str, Any]:
    document: Mapping[str, Any] = load_json((folder / "metadata.json").read_text(encoding="utf-8"))
    return document


def _absence(symbol: str, timeframe: str, files: Mapping[str, Mapping[str, Any]]) -> Exception:
    offered = {entry["timeframe"] for entry in files.values() if entry["symbol"] == symbol}
    if not offered:
        symbols = sorted({str(entry["symbol"]) for entry in files.values()})
        return SourceError(
            f"{symbol}: not among the sample symbols ({', '.join(symbols)}); "
            "give it another source in universe.yaml",
            code="unknown-sample-symbol",
        )
    listed = ", ".join(name for name in TIMEFRAMES if name in offered)
    return NotOfferedError(f"the sample has no {timeframe} bars of {symbol}, only {listed}")


def _read(path: Path, sha256: str) -> pl.DataFrame:
    if not path.is_file() or file_sha256(path) != sha256:
        raise BarsError(
            f"{path} is not the file that was shipped (its sha256 differs from metadata.json); "
            "restore it from the package or with git checkout",
            code="sample-altered",
        )
    frame = pl.from_arrow(pq.read_table(path, page_checksum_verification=True))
    assert isinstance(frame, pl.DataFrame)
    return frame.cast(BAR_SCHEMA)

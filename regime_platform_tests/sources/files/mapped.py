"""Bars that the folder of files serves under a mapping."""

import datetime as dt
from pathlib import Path

import polars as pl

from regime_platform.model.instruments import Instrument
from regime_platform.sources.files.source import FilesSource

MINE = Instrument(
    symbol="MINE", name="My own", asset_class="US_EQUITY", tier="core", source="files"
)

OURS = "ts,open,high,low,close,volume\n"


def served(
    root: Path, timeframe: str, text: str, mapping: str, place: str = "MINE"
) -> pl.DataFrame:
    (root / "MINE").mkdir(exist_ok=True)
    (root / "MINE" / f"{timeframe}.csv").write_text(text, encoding="utf-8")
    (root / place / "mapping.yaml").write_text(mapping, encoding="utf-8")
    page = FilesSource(root).series(MINE, timeframe)
    return page.bars


def utc(*numbers: int) -> dt.datetime:
    return dt.datetime(*numbers, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]

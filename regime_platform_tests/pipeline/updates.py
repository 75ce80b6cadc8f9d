"""A compute.db brought up to date with given bars."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from regime_platform.bar_store.canonical import write_parts
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.compute.eras.eras import FIXED_ERAS
from regime_platform.compute.params import DEFAULT_PARAMS
from regime_platform.compute_db.reader import read_lineage, read_table, reading
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import TABLES
from regime_platform.pipeline.results import Inputs, make_results
from regime_platform_tests.builders import make_bars
from regime_platform_tests.compute_db.result_frames import made_from

AAA = Instrument(symbol="AAA", name="Test", asset_class="US_EQUITY", tier="daily", source="files")

#: Enough that a day more is far from a quarter of all, and that blocks of 1,024 rows are full.
DAYS, WEEKS = 2100, 460

Bars = Mapping[str, pl.DataFrame]


def made(folder: Path, bars: Bars, *, recipe: str = "one", force: bool = False) -> tuple[Any, str]:
    """Brings the compute.db in ``folder`` up to date with ``bars``."""
    inputs = inputs_of(folder, bars)
    digests = {timeframe: series.digest for timeframe, series in inputs.promoted.items()}
    stored = make_results(inputs, made_from(digests, recipe), force=force)
    return stored.lineage, stored.how


def inputs_of(folder: Path, bars: Bars) -> Inputs:
    paths = paths_of(folder)
    promoted = {
        timeframe: write_parts(paths.bars(timeframe), timeframe, bar, AAA.symbol)
        for timeframe, bar in bars.items()
    }
    return Inputs(AAA, paths, promoted, FIXED_ERAS, DEFAULT_PARAMS)


def paths_of(folder: Path) -> SymbolPaths:
    return DataRoot(folder).symbol(AAA.symbol)


def assert_as_if_made_at_once(folder: Path, bars: Bars) -> None:
    """Every row, every digest and the lineage are those of a full run in an empty folder."""
    fresh = folder.with_name(f"{folder.name}-fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    made(fresh, bars)
    ours, theirs = paths_of(folder).compute_db, paths_of(fresh).compute_db
    for name in TABLES:
        assert_frame_equal(read_table(ours, name), read_table(theirs, name), check_exact=True)
    assert read_lineage(ours) == read_lineage(theirs)
    with reading(ours) as mine, reading(theirs) as other:
        assert mine.blocks() == other.blocks()


def long_bars() -> dict[str, pl.DataFrame]:
    return {"1day": make_bars(DAYS), "1week": make_bars(WEEKS, "1week")}

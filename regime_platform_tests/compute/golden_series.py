"""The engine over the golden bars, and over any other bars."""

from functools import cache

import polars as pl

from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import FIXED_ERAS, Era, legacy_eras
from regime_platform.compute.results import SeriesResult
from regime_platform_tests.reference.golden_inputs import GOLDEN

COMPLETE = (
    "msft_1day",
    "spy_erafile_1day",
    "aapl_1week",
    "quirks_1day",
    "synth_15min",
    "eurusd_1h",
)
SERIES = (*COMPLETE, "ibm320_1day", "fb196_1day")


def in_utc(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("ts").dt.replace_time_zone("UTC"))


def _eras(series: str) -> tuple[Era, ...]:
    if "erafile" not in series:
        return FIXED_ERAS
    return legacy_eras((GOLDEN / "erafile.csv").read_text(), "EQUITIES_US")


@cache
def golden_result(series: str) -> SeriesResult:
    bars = in_utc(pl.read_parquet(GOLDEN / f"{series}.bars.parquet"))
    return run_series(bars, series.rpartition("_")[2], _eras(series))


def run_series(
    bars: pl.DataFrame, timeframe: str = "1day", eras: tuple[Era, ...] = FIXED_ERAS
) -> SeriesResult:
    return compute_series(bars, symbol="XYZ", timeframe=timeframe, eras=eras)

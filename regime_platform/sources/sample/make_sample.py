"""Makes the Parquet files and metadata.json of this folder.

The two packages that carry the real bars are needed only here, so they go to a folder of their own;
everything else comes from the project's locked environment, and the same versions give the same
bytes:

    uv pip install --no-deps --target EXTRA bokeh-sampledata==2026.1 gym-anytrading==2.0.0
    PYTHONPATH=EXTRA python -m regime_platform.sources.sample.make_sample --output DIR
"""

import argparse
import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import distribution
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from regime_platform.errors import ConfigError
from regime_platform.files import file_sha256, write_atomically, write_json
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.instants import iso
from regime_platform.sources.sample.aggregation import (
    clock_bars,
    fx_days,
    session_bars,
    session_days,
    weeks,
)
from regime_platform.sources.sample.synthetic import SEED, synthetic_bars

STOCKS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
_WEEKLY = (
    "from 1day; one bar per ISO week, labelled by its Monday even where that was a holiday; "
    "the first week holds the days the source has of it"
)


@dataclass(frozen=True)
class _Origin:
    source: str
    version: str
    file: str  # inside the installed package
    licence: str
    description: str


_STOCK_ORIGIN = _Origin(
    "bokeh-sampledata",
    "2026.1",
    "bokeh_sampledata/_data/stocks.csv.gz",
    "public domain",
    "daily bars of a US stock as traded, not adjusted for splits or dividends, from the archived "
    "WIKI collection; GOOG is the share class that has been called GOOGL since 2014",
)
_EURUSD_ORIGIN = _Origin(
    "gym-anytrading",
    "2.0.0",
    "gym_anytrading/datasets/data/FOREX_EURUSD_1H_ASK.csv",
    "MIT",
    "hourly ask quotes of one FX feed, 2017; volume is the size that feed quoted on the ask side, "
    "fractional and no market turnover; 25 December 2017 is short in the source as well",
)
_SYNTHETIC_ORIGIN = _Origin(
    "regime_platform.sources.sample.synthetic",
    f"seed {SEED}",
    "",
    "as this project",
    "SYNTHETIC: a seeded random walk with calm and stressed stretches; not a market",
)


@dataclass(frozen=True)
class _Series:
    symbol: str
    timeframe: str
    bars: pl.DataFrame
    origin: _Origin
    derived: str

    @property
    def file(self) -> str:
        return f"{self.symbol}/{self.timeframe}.parquet"


def make_sample(output: Path) -> None:
    """Writes every file and then the metadata.

    Raises:
        ConfigError: a package is missing or has another version than the one pinned.
    """
    entries: dict[str, Mapping[str, object]] = {}
    for series in [*_stocks(), *_eurusd(), *synthetic_series()]:
        target = output / series.file
        write_atomically(target, partial(_write, series.bars))
        entries[series.file] = _entry(series, file_sha256(target))
    write_json(output / "metadata.json", {"files": dict(sorted(entries.items()))})


def synthetic_series() -> list[_Series]:
    """SYNTH on all five timeframes; needs neither of the packages."""
    base = synthetic_bars()
    days = session_days(base)
    rule = "from 15min; anchored at 09:30 New York, the last bar of a session is shorter"
    made = {
        "15min": (base, "generated; sessions of 26 bars from 09:30 New York, every weekday"),
        "1h": (session_bars(base, 60), rule),
        "4h": (session_bars(base, 240), rule),
        "1day": (days, "from 15min; one bar per New York date"),
        "1week": (weeks(days), _WEEKLY),
    }
    return _all_series("SYNTH", _SYNTHETIC_ORIGIN, made)


def _stocks() -> list[_Series]:
    table = pl.read_csv(io.BytesIO(gzip.decompress(_packaged(_STOCK_ORIGIN))))
    made = []
    for symbol in STOCKS:
        rows = table.filter(pl.col("Ticker") == symbol)
        days = _as_bars(rows, pl.col("Date").str.to_datetime("%Y-%m-%d", time_unit="us"))
        made.append(_Series(symbol, "1day", days, _STOCK_ORIGIN, "as the package has it"))
        made.append(_Series(symbol, "1week", weeks(days), _STOCK_ORIGIN, _WEEKLY))
    return made


def _eurusd() -> list[_Series]:
    table = pl.read_csv(io.BytesIO(_packaged(_EURUSD_ORIGIN)))
    # day first: 02.01.2017 is the second of January
    opens = pl.col("Time").str.to_datetime("%d.%m.%Y %H:%M:%S%.f", time_unit="us")
    hours = _as_bars(table, opens)
    days = fx_days(hours)
    made = {
        "1h": (hours, "as the package has it, times read as UTC"),
        "4h": (clock_bars(hours, "4h"), "from 1h; anchored on the UTC clock at 00, 04, .. 20"),
        "1day": (days, "from 1h; 17:00 to 17:00 New York, labelled by the date on which it ends"),
        "1week": (weeks(days), _WEEKLY),
    }
    return _all_series("EURUSD", _EURUSD_ORIGIN, made)


def _all_series(
    symbol: str, origin: _Origin, made: Mapping[str, tuple[pl.DataFrame, str]]
) -> list[_Series]:
    return [_Series(symbol, name, bars, origin, rule) for name, (bars, rule) in made.items()]


def _packaged(origin: _Origin) -> bytes:
    installed = distribution(origin.source)
    if installed.version != origin.version:
        raise ConfigError(
            f"{origin.source} {installed.version} is installed, expected {origin.version}; "
            "install the versions named in this module's docstring",
            code="sample-source-version",
        )
    return Path(str(installed.locate_file(origin.file))).read_bytes()


def _as_bars(table: pl.DataFrame, opens: pl.Expr) -> pl.DataFrame:
    columns = [pl.col(name.capitalize()).alias(name) for name in BAR_SCHEMA if name != "ts"]
    bars = table.select(opens.dt.replace_time_zone("UTC").alias("ts"), *columns)
    return bars.cast(BAR_SCHEMA).sort("ts")


def _write(bars: pl.DataFrame, path: Path) -> None:
    pq.write_table(
        bars.to_arrow(),
        path,
        compression="zstd",
        compression_level=19,
        write_page_checksum=True,
    )


def _entry(series: _Series, sha256: str) -> Mapping[str, object]:
    opens = series.bars["ts"]
    return {
        "symbol": series.symbol,
        "timeframe": series.timeframe,
        "source": series.origin.source,
        "version": series.origin.version,
        "licence": series.origin.licence,
        "description": series.origin.description,
        "derived": series.derived,
        "rows": series.bars.height,
        "first": iso(opens[0]),
        "last": iso(opens[-1]),
        "sha256": sha256,
    }


def main() -> None:
    """The command in the module's docstring."""
    parser = argparse.ArgumentParser(description="Make the sample bars that ship with the package.")
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    make_sample(parser.parse_args().output)


if __name__ == "__main__":
    main()

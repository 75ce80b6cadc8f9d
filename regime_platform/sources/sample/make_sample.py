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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import distribution
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from regime_platform.errors import ConfigError
from regime_platform.files import file_sha256, write_atomically, write_json
from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.exchanges import NEW_YORK
from regime_platform.model.instants import iso
from regime_platform.sources.sample.synthetic import SEED, synthetic_bars

STOCKS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
_SESSION_OPEN_MINUTE = 9 * 60 + 30
_WEEKLY = (
    "from 1day; one bar per ISO week, labelled by its Monday even where that was a holiday; "
    "the first week holds the days the source has of it"
)
_STOCK_WEEKLY = (
    f"{_WEEKLY}; a week in which a split falls has days of before and after it, as they traded"
)
#: Those within the bars, with where they are published; IBM, GOOG and FB had none.
SPLITS = {
    "AAPL": (
        {"date": "2000-06-21", "ratio": "2:1", "source": "Apple Investor Relations, stock splits"},
        {"date": "2005-02-28", "ratio": "2:1", "source": "Apple Investor Relations, stock splits"},
    ),
    "MSFT": (
        {"date": "2003-02-18", "ratio": "2:1", "source": "Microsoft Investor Relations, splits"},
    ),
}
_STOCK_ORIGIN = {
    "source": "bokeh-sampledata",
    "version": "2026.1",
    "licence": "public domain",
    "description": (
        "daily bars of a US stock as traded, not adjusted for splits or dividends, from the "
        "archived WIKI collection; GOOG is the share class that has been called GOOGL since 2014"
    ),
}
_EURUSD_ORIGIN = {
    "source": "gym-anytrading",
    "version": "2.0.0",
    "licence": "MIT",
    "description": (
        "hourly ask quotes of one FX feed, 2017; volume is the size that feed quoted on the ask "
        "side, fractional and no market turnover; 25 December 2017 is short in the source as well"
    ),
}
_SYNTHETIC_ORIGIN = {
    "source": "regime_platform.sources.sample.synthetic",
    "version": f"seed {SEED}",
    "licence": "as this project",
    "description": "SYNTHETIC: a seeded random walk with calm and stressed stretches; not a market",
}


@dataclass(frozen=True)
class _Series:
    symbol: str
    timeframe: str
    bars: pl.DataFrame
    origin: Mapping[str, str]
    derived: str
    price_basis: str = "as_served"


def make_sample(output: Path) -> None:
    """Writes every file and then the metadata.

    Raises:
        ConfigError: a package is missing or has another version than the one pinned.
    """
    entries: dict[str, Mapping[str, object]] = {}
    for series in [*_stocks(), *_eurusd(), *synthetic_series()]:
        file, opens = f"{series.symbol}/{series.timeframe}.parquet", series.bars["ts"]
        write_atomically(output / file, partial(_write, series.bars))
        entries[file] = {
            "symbol": series.symbol,
            "timeframe": series.timeframe,
            **series.origin,
            "derived": series.derived,
            "price_basis": series.price_basis,
            "rows": series.bars.height,
            "first": iso(opens[0]),
            "last": iso(opens[-1]),
            "sha256": file_sha256(output / file),
        }
    document = {"files": dict(sorted(entries.items())), "splits": SPLITS}
    write_json(output / "metadata.json", document)


def synthetic_series() -> Iterator[_Series]:
    """SYNTH on all five timeframes; needs neither of the packages."""
    base = synthetic_bars()
    days = _grouped(base, _midnight(pl.col("ts").dt.convert_time_zone(NEW_YORK).dt.date()))
    rule = "from 15min; anchored at 09:30 New York, the last bar of a session is shorter"
    for timeframe, bars, derived in (
        ("15min", base, "generated; sessions of 26 bars from 09:30 New York, every weekday"),
        ("1h", _session_bars(base, 60), rule),
        ("4h", _session_bars(base, 240), rule),
        ("1day", days, "from 15min; one bar per New York date"),
        ("1week", _weeks(days), _WEEKLY),
    ):
        yield _Series("SYNTH", timeframe, bars, _SYNTHETIC_ORIGIN, derived)


def _stocks() -> Iterator[_Series]:
    packed = _packaged(_STOCK_ORIGIN, "bokeh_sampledata/_data/stocks.csv.gz")
    table = pl.read_csv(io.BytesIO(gzip.decompress(packed)))
    for symbol in STOCKS:
        rows = table.filter(pl.col("Ticker") == symbol)
        days = _as_bars(rows, pl.col("Date").str.to_datetime("%Y-%m-%d", time_unit="us"))
        for timeframe, bars, derived in (
            ("1day", days, "as the package has it"),
            ("1week", _weeks(days), _STOCK_WEEKLY),
        ):
            yield _Series(symbol, timeframe, bars, _STOCK_ORIGIN, derived, "unadjusted")


def _eurusd() -> Iterator[_Series]:
    file = "gym_anytrading/datasets/data/FOREX_EURUSD_1H_ASK.csv"
    table = pl.read_csv(io.BytesIO(_packaged(_EURUSD_ORIGIN, file)))
    # day first: 02.01.2017 is the second of January
    opens = pl.col("Time").str.to_datetime("%d.%m.%Y %H:%M:%S%.f", time_unit="us")
    hours = _as_bars(table, opens)
    # from 17:00 to 17:00 New York, so that Sunday evening belongs to Monday
    local = pl.col("ts").dt.convert_time_zone(NEW_YORK).dt.replace_time_zone(None)
    days = _grouped(hours, _midnight(local.dt.offset_by("7h").dt.date()))
    four = _grouped(hours, pl.col("ts").dt.truncate("4h"))
    ends = "labelled by the date on which it ends"
    for timeframe, bars, derived in (
        ("1h", hours, "as the package has it, times read as UTC"),
        ("4h", four, "from 1h; anchored on the UTC clock at 00, 04, .. 20"),
        ("1day", days, f"from 1h; 17:00 to 17:00 New York, {ends}"),
        ("1week", _weeks(days), _WEEKLY),
    ):
        yield _Series("EURUSD", timeframe, bars, _EURUSD_ORIGIN, derived)


def _packaged(origin: Mapping[str, str], file: str) -> bytes:
    installed = distribution(origin["source"])
    if installed.version != origin["version"]:
        raise ConfigError(
            f"{origin['source']} {installed.version} is installed, expected {origin['version']}; "
            "install the versions named in this module's docstring",
            code="sample-source-version",
        )
    return Path(str(installed.locate_file(file))).read_bytes()


def _as_bars(table: pl.DataFrame, opens: pl.Expr) -> pl.DataFrame:
    columns = [pl.col(name.capitalize()).alias(name) for name in BAR_SCHEMA if name != "ts"]
    bars = table.select(opens.dt.replace_time_zone("UTC").alias("ts"), *columns)
    return bars.cast(BAR_SCHEMA).sort("ts")


def _session_bars(bars: pl.DataFrame, minutes: int) -> pl.DataFrame:
    """Bars anchored at 09:30 New York; the last of a session is as short as the session leaves."""
    local = pl.col("ts").dt.convert_time_zone(NEW_YORK).dt
    minute = local.hour().cast(pl.Int32) * 60 + local.minute()
    into_the_bar = (minute - _SESSION_OPEN_MINUTE) % minutes
    return _grouped(bars, pl.col("ts") - pl.duration(minutes=into_the_bar))


def _weeks(days: pl.DataFrame) -> pl.DataFrame:
    """One bar per ISO week of daily bars, labelled by its Monday even where that was a holiday."""
    return _grouped(days, pl.col("ts").dt.truncate("1w"))


def _midnight(date: pl.Expr) -> pl.Expr:
    return date.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _grouped(bars: pl.DataFrame, label: pl.Expr) -> pl.DataFrame:
    """Coarser bars; a label without any finer bar makes none."""
    return (
        bars.group_by(label.alias("ts"), maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in BAR_SCHEMA.items())
    )


def _write(bars: pl.DataFrame, path: Path) -> None:
    pq.write_table(
        bars.to_arrow(),
        path,
        compression="zstd",
        compression_level=19,
        write_page_checksum=True,
    )


def main() -> None:
    """The command in the module's docstring."""
    parser = argparse.ArgumentParser(description="Make the sample bars that ship with the package.")
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    make_sample(parser.parse_args().output)


if __name__ == "__main__":
    main()

"""Reading files of users: ten million rows of CSV, and folders of daily files.

``python -m regime_platform_tests.bench.files [ROWS]`` writes made-up files, reads each kind in a
process of its own, and prints wall clock, processor time of all threads and peak memory.
"""

import argparse
import datetime as dt
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.sources.files.mapping import AS_NAMED
from regime_platform.sources.files.series import file_series
from regime_platform_tests.bench.figures import cost_of

_START = dt.datetime(2004, 1, 1, tzinfo=dt.UTC)
_DAYS = 5_000
_FILES = 1_500
_CHANGED = AS_NAMED.stating({"zone": "UTC", "label": "open"}, "mapping.yaml")


def bars(opens: pl.Series) -> pl.DataFrame:
    """A random walk with prices of four decimals."""
    draw = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(draw.normal(0, 1e-4, opens.len())))
    before = np.concatenate([[100.0], close[:-1]])
    prices = {
        "open": before,
        "high": np.maximum(before, close) * 1.0001,
        "low": np.minimum(before, close) * 0.9999,
        "close": close,
    }
    rounded = {name: values.round(4) for name, values in prices.items()}
    volume = draw.integers(1, 10_000, opens.len())
    return pl.DataFrame({"ts": opens, **rounded, "volume": volume})


def write_minutes(folder: Path, rows: int) -> None:
    """Minutes in three layouts: our own, and two as spreadsheets of Europe have them."""
    end = _START + dt.timedelta(minutes=rows - 1)
    minutes = bars(pl.datetime_range(_START, end, "1m", time_zone="UTC", eager=True))
    times = pl.col("ts").dt.strftime("%Y-%m-%d %H:%M")
    minutes.with_columns(times).write_csv(folder / "own.csv")
    minutes.with_columns(times).write_csv(folder / "quoted.csv", quote_style="always")
    names = {"ts": "Datum", "open": "Eröffnung", "high": "Hoch", "low": "Tief", "close": "Schluss"}
    foreign = minutes.with_columns(
        pl.col("ts").dt.strftime("%d.%m.%Y %H:%M"),
        pl.col("open", "high", "low", "close").cast(pl.String).str.replace(".", ",", literal=True),
    )
    foreign.rename(names).write_csv(folder / "foreign.csv", separator=";")


def write_days(folder: Path) -> None:
    """Daily files of stocks, all with the same bars."""
    end = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    opens = expected_opens(MARKETS["US_EQUITY"], "1day", end - dt.timedelta(days=9_000), end)
    days = bars(opens.tail(_DAYS)).with_columns(pl.col("ts").dt.strftime("%Y-%m-%d"))
    text = days.rename({"ts": "Date"}).write_csv()
    for number in range(_FILES):
        (folder / f"S{number:04d}.csv").write_text(text)


def read_minutes(path: Path) -> int:
    """The rows of a file of minutes."""
    return file_series(path, "1min", MARKETS["CRYPTO"], _CHANGED).bars.height


def read_days(folder: Path) -> int:
    """The rows of all daily files of a folder."""
    market = MARKETS["US_EQUITY"]
    files = sorted(folder.glob("*.csv"))
    return sum(file_series(path, "1day", market, AS_NAMED).bars.height for path in files)


_READERS: Mapping[str, Callable[[Path], int]] = {"minutes": read_minutes, "days": read_days}


def main() -> None:
    """Writes the files and measures each reading in a fresh process, or measures one of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="?", type=int, default=10_000_000)
    parser.add_argument("--read", nargs=2, metavar=("KIND", "PATH"))
    choice = parser.parse_args()
    if choice.read:
        kind, path = choice.read
        counts: list[int] = []
        cost = cost_of(lambda: counts.append(_READERS[kind](Path(path))))
        status = Path("/proc/self/status").read_text()  # not that of the process before exec
        peak = float(status.split("VmHWM:")[1].split()[0]) / 1024
        print(
            f"{Path(path).name:12} {counts[0]:>11,} rows {cost.wall:6.1f} s wall "
            f"{cost.cpu:6.1f} s CPU {peak:7,.0f} MB"
        )
        return
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "days").mkdir()
        write_minutes(root, choice.rows)
        write_days(root / "days")
        for path in ("own.csv", "quoted.csv", "foreign.csv", "days"):
            kind = "days" if path == "days" else "minutes"
            words = ["-m", "regime_platform_tests.bench.files", "--read", kind, str(root / path)]
            subprocess.run([sys.executable, *words], check=True)


if __name__ == "__main__":
    main()

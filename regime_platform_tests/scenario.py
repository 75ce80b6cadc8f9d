"""A small street of symbols whose bars the test itself writes, served by the ``files`` source."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from regime_platform.model.timeframes import FINER, TIMEFRAMES
from regime_platform.model.yaml_text import load_yaml
from regime_platform.settings import Settings

_Dumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_LIST = re.compile(r":\n((?: +- .*\n)+)")  # below an entry; commands edit lists in one line


def street(
    folder: Path,
    symbols: Sequence[str],
    *,
    tier: str = "daily",
    asset_class: str = "US_EQUITY",
    timeframes: Sequence[str] = ("1day",),
) -> Settings:
    """Settings for a data root in ``folder`` whose universe has ``symbols`` from files.

    Those of the tier daily are tracked on ``timeframes``, and on others that are served: else every
    week would be built from its days and computed.
    """
    root, files = folder / "data", folder / "files"
    root.mkdir(parents=True, exist_ok=True)
    files.mkdir(exist_ok=True)
    entries = [
        {
            "symbol": symbol,
            "name": f"Test symbol {symbol}",
            "asset_class": asset_class,
            "tier": tier,
            "source": "files",
            **({"timeframes": _tracked(files / symbol, timeframes)} if tier == "daily" else {}),
        }
        for symbol in symbols
    ]
    _write_universe(root / "universe.yaml", entries)
    return Settings(_env_file=None, REGIME_DATA_ROOT=root, REGIME_FILES_ROOT=files)


def serve(settings: Settings, symbol: str, timeframe: str, bars: pl.DataFrame) -> None:
    """Makes ``bars`` what the source has of a series."""
    assert settings.files_root is not None
    target = settings.files_root / symbol / f"{timeframe}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    bars.write_parquet(target)
    universe = settings.data_root / "universe.yaml"
    text = universe.read_text() if universe.exists() else ""
    entries = load_yaml(text)["instruments"] if f"symbol: {symbol}\n" in text else []
    for entry in entries:
        tracked = entry.get("timeframes", [timeframe])
        if entry["symbol"] == symbol and timeframe not in (*tracked, *FINER):
            entry["timeframes"] = [*tracked, timeframe]
            _write_universe(universe, entries)


def _tracked(folder: Path, timeframes: Sequence[str]) -> list[str]:
    served = {path.stem for path in folder.glob("*.parquet")}
    return [name for name in TIMEFRAMES if name in {*timeframes, *served}]


def _write_universe(target: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    text = yaml.dump({"instruments": entries}, Dumper=_Dumper)
    target.write_text(_LIST.sub(lambda match: f": [{', '.join(match[1].split()[1::2])}]\n", text))


def with_value(bars: pl.DataFrame, row: int, **values: float) -> pl.DataFrame:
    """``bars`` with other values in one row."""
    here = pl.int_range(pl.len()) == row
    return bars.with_columns(
        pl.when(here).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


def fingerprint(
    folder: Path, *, without: Sequence[str] = ("dagster", "proven", "sql")
) -> Mapping[str, str]:
    """Every file below ``folder`` with its time of writing and the hash of its bytes."""
    return {
        str(
            path.relative_to(folder)
        ): f"{path.stat().st_mtime_ns} {sha256(path.read_bytes()).hexdigest()}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in without
    }


def contents(folder: Path) -> Mapping[str, str]:
    """Every file below ``folder`` with the hash of its bytes."""
    return {name: text.split()[1] for name, text in fingerprint(folder).items()}


def later(now: dt.datetime, hours: float = 1.0) -> dt.datetime:
    """A while after ``now``."""
    return now + dt.timedelta(hours=hours)

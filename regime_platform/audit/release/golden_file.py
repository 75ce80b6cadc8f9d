"""Reads a release table that was exported earlier, as CSV or JSON."""

from pathlib import Path

import polars as pl

from regime_platform.audit.release.table import RELEASE_SCHEMA
from regime_platform.errors import UsageError
from regime_platform.json_text import load_json

_SUFFIXES = (".csv", ".json")
_KEY = ("symbol", "timeframe")


def is_golden_file(name: str) -> bool:
    """True where the name is that of a file rather than of a snapshot."""
    return name.endswith(_SUFFIXES)


def read_golden(path: Path) -> pl.DataFrame:
    """The table (``RELEASE_SCHEMA``) of a file of ``regime snapshot export --csv``.

    Raises:
        UsageError: there is no such file, or it is no such table.
    """
    try:
        table = _read_json(path) if path.suffix == ".json" else _read_csv(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}); name a snapshot, or a file of "
            "`regime snapshot export NAME --csv`",
            code="unreadable-file",
        ) from error
    except (pl.exceptions.PolarsError, ValueError, TypeError, KeyError) as error:
        raise _no_table(path, str(error).partition("\n")[0]) from error
    missing = [name for name in RELEASE_SCHEMA if name not in table.columns]
    if missing:
        raise _no_table(path, f"it lacks the columns {', '.join(missing)}")
    table = table.select(RELEASE_SCHEMA.names()).with_columns(pl.col("timeframe").fill_null(""))
    if table["symbol"].has_nulls() or table.select(_KEY).is_duplicated().any():
        raise _no_table(path, "a symbol is missing, or a series is there twice")
    return table


def _read_csv(path: Path) -> pl.DataFrame:
    return pl.read_csv(path.read_bytes(), schema_overrides=RELEASE_SCHEMA, try_parse_dates=False)


def _read_json(path: Path) -> pl.DataFrame:
    return pl.DataFrame(load_json(path.read_text(encoding="utf-8"))["rows"], RELEASE_SCHEMA)


def _no_table(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is no release table ({why}); `regime snapshot export NAME --csv` writes one",
        code="no-release-table",
    )

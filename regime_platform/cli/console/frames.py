"""Prints a frame as a table or JSON rows, or writes it as CSV or Parquet."""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.cli.console.numbers import NONE, numbers
from regime_platform.cli.console.screen import messages, print_table, results
from regime_platform.errors import UsageError
from regime_platform.files import write_atomically, write_text
from regime_platform.model.instants import iso
from regime_platform.spreadsheet import without_formulas

_ISO = pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def print_frame(frame: pl.DataFrame) -> None:
    """All rows as a table; instants in UTC, without the time where all are at midnight."""
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
    columns = [_texts(frame[name]) for name in frame.columns]
    print_table(frame.columns, list(zip(*columns, strict=True)), numbers=numbers)


def frame_document(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """One mapping per row with plain values; NaN and infinity become None, as JSON has neither."""
    numbers = pl.selectors.float()
    plain = frame.with_columns(pl.when(numbers.is_finite()).then(numbers))
    return [
        {
            name: iso(value) if isinstance(value, dt.datetime) else value
            for name, value in row.items()
        }
        for row in plain.iter_rows(named=True)
    ]


def write_frame(frame: pl.DataFrame, output: Path) -> None:
    """Writes every column to a file; instants in CSV are ISO 8601 in UTC.

    Raises:
        UsageError: the name ends in neither .csv nor .parquet, or CSV cannot have a column.
    """
    if output.suffix == ".parquet":
        write_atomically(output, frame.write_parquet)
    elif output.suffix == ".csv":
        write_text(output, _csv(frame))
    else:
        raise UsageError(
            f"--output {output}: expected a name ending in .csv or .parquet", code="unknown-format"
        )


def print_csv(frame: pl.DataFrame) -> None:
    """Every column as CSV on stdout; instants are ISO 8601 in UTC. Raises as `write_frame`."""
    results().out(_csv(frame), end="")


def write_page(target: Path, html: str) -> None:
    """Writes the page of ``--html``."""
    write_text(target, html)
    messages().print(f"page in {target}", soft_wrap=True)


def _csv(frame: pl.DataFrame) -> str:
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    if nested:
        raise UsageError(
            f"CSV has no form for {', '.join(nested)}, which is no single value; leave it out, or "
            "write .parquet",
            code="nested-column",
        )
    return without_formulas(frame.with_columns(_ISO)).write_csv()


def _texts(column: pl.Series) -> list[str]:
    if isinstance(column.dtype, pl.Datetime):
        at_midnight = (column.dt.truncate("1d") == column).all()
        form = "%Y-%m-%d" if at_midnight else "%Y-%m-%d %H:%M"
        return column.dt.strftime(form).fill_null(NONE).to_list()
    if column.dtype.is_float():
        return numbers(column)
    return [NONE if value is None else str(value) for value in column]

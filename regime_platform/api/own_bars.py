"""Bars of a caller: a file as the sources read it, or a frame in memory."""

from pathlib import Path

import polars as pl

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA

#: A frame of bars, or the path of a file of them.
OwnBars = pl.DataFrame | pl.LazyFrame | Path | str


def bars_of_frame(rows: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """The rows in ``BAR_SCHEMA``; other columns are left out, and without a volume it is null.

    ``ts`` is the open of the bar: dates, or times (UTC where they have no zone).

    Raises:
        BarsError: a column is missing or of another type.
    """
    frame = rows.lazy().collect()
    if "volume" not in frame.columns:
        frame = frame.with_columns(volume=pl.lit(None, pl.Float64))
    unusable = [name for name in BAR_COLUMNS if not _is_usable(name, frame.schema)]
    if unusable:
        columns = ", ".join(f"{name} ({kind})" for name, kind in frame.schema.items())
        raise BarsError(
            f"the frame has no usable {', '.join(unusable)}, but {columns}; give ts (dates or "
            "times), open, high, low, close and volume (numbers)",
            code="bar-columns",
        )
    return frame.select(BAR_COLUMNS).cast(BAR_SCHEMA)


def _is_usable(name: str, schema: pl.Schema) -> bool:
    kind = schema.get(name)
    if name == "ts":
        return isinstance(kind, pl.Date | pl.Datetime)
    return kind is not None and (kind.is_numeric() or kind == pl.Null)

"""Rows of a table in their order: by timeframe and ts, each once."""

import polars as pl

from regime_platform.errors import ResultsError

#: Within a symbol.
KEY = ("timeframe", "ts")


def sound(name: str, frame: pl.DataFrame | None, schema: pl.Schema) -> pl.DataFrame:
    """``frame``, unless it would make a table another one than it says it is.

    Raises:
        ResultsError: the frame is missing, has another schema, or repeats or misplaces a key.
    """
    if frame is None or frame.schema != schema:
        found = "nothing" if frame is None else str(frame.schema)
        raise ResultsError(f"table {name}: expected {schema}, was given {found}")
    if any(frame[key].null_count() for key in ("symbol", "timeframe", "ts")):
        raise ResultsError(f"table {name}: a row has no symbol, timeframe or ts")
    if not is_ordered(frame):
        raise ResultsError(f"table {name}: rows are not ordered by timeframe and ts, each once")
    return frame


def ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` by timeframe and ts; they mostly lie so, and to see that is quicker than to sort."""
    return rows if is_ordered(rows) else rows.sort(KEY)


def is_ordered(frame: pl.DataFrame) -> bool:
    """True where every row follows the one before it by timeframe and ts."""
    if frame.height < 2:
        return True
    timeframe, opens = (frame[key].to_physical().to_numpy() for key in KEY)
    longer, same = timeframe[1:] > timeframe[:-1], timeframe[1:] == timeframe[:-1]
    return bool((longer | (same & (opens[1:] > opens[:-1]))).all())

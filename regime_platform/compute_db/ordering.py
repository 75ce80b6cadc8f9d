"""The order of the rows of a result table: by timeframe and ts, each pair once."""

import polars as pl

from regime_platform.errors import ResultsError

#: The key of a row within a symbol.
KEY = ("timeframe", "ts")


def checked_rows(name: str, frame: pl.DataFrame | None, schema: pl.Schema) -> pl.DataFrame:
    """``frame``, which is complete and can be stored as the table ``name``.

    Raises:
        ResultsError: the frame is missing, has another schema, or repeats or misplaces a key.
    """
    if frame is None or frame.schema != schema:
        given = "nothing" if frame is None else str(frame.schema)
        raise ResultsError(
            f"table {name}: expected {schema}, was given {given}", code="table-schema"
        )
    if any(frame[key].null_count() for key in ("symbol", "timeframe", "ts")):
        raise ResultsError(f"table {name}: a row has no symbol, timeframe or ts", code="row-key")
    if not is_ordered(frame):
        raise ResultsError(
            f"table {name}: rows are not ordered by timeframe and ts, each once", code="row-order"
        )
    return frame


def ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` by timeframe and ts; mostly they are so already, and the check beats sorting."""
    return rows if is_ordered(rows) else rows.sort(KEY)


def is_ordered(frame: pl.DataFrame) -> bool:
    """True where every row follows the one before it by timeframe and ts."""
    if frame.height < 2:
        return True
    timeframe, opens = (frame[key].to_physical().to_numpy() for key in KEY)
    longer, same = timeframe[1:] > timeframe[:-1], timeframe[1:] == timeframe[:-1]
    return bool((longer | (same & (opens[1:] > opens[:-1]))).all())

"""What differs between two release tables: by symbol, timeframe and column, with the size."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from regime_platform.audit.release.table import RELEASE_SCHEMA, STATE_COLUMNS, UNKNOWN
from regime_platform.model.document import Document

ROW = "row"  # in the place of a column: the whole row is only in one of the tables
_KEY = ("symbol", "timeframe")
#: With a tolerance they are not compared: the last bit of one number changes them.
_DIGESTS = ("bars_digest", "results_digest")
#: How the numbers were made, and remarks.
_NOT_COMPARED = (*_KEY, "recipe_digest", "reason")
_NUMBERS = tuple(name for name, dtype in RELEASE_SCHEMA.items() if dtype.is_numeric())
_INEXACT = tuple(name for name, dtype in RELEASE_SCHEMA.items() if dtype.is_float())

Value = str | int | float | None


class ValueChange(Document):
    """A value that differs."""

    symbol: str
    timeframe: str
    column: str  # of the table, or ``row``
    before: Value
    after: Value
    size: float | None = None  # of two numbers: after - before


class ReleaseDifference(Document):
    """What differs between two release tables."""

    changes: tuple[ValueChange, ...]  # in the order of the tables
    unknown: tuple[ValueChange, ...]  # rows with states that one of them no longer has


def compare(before: pl.DataFrame, after: pl.DataFrame, tolerance: float = 0.0) -> ReleaseDifference:
    """Compares two tables in ``RELEASE_SCHEMA``.

    ``tolerance`` is the largest absolute difference of two prices, confidences or escalations that
    is none; above 0 the digests are not compared.
    """
    old, new = _by_series(before), _by_series(after)
    left_out = (*_NOT_COMPARED, *(_DIGESTS if tolerance > 0 else ()))
    columns = [name for name in RELEASE_SCHEMA if name not in left_out]
    changes: list[ValueChange] = []
    unknown: list[ValueChange] = []
    for key in {**old, **new}:
        was, now = old.get(key), new.get(key)
        if was is None or now is None:
            status = [None if row is None else row["status"] for row in (was, now)]
            changes.append(_change(key, ROW, *status))
            continue
        compared: Sequence[str] = columns
        if UNKNOWN in {was["status"], now["status"]}:
            reason = [row["reason"] if row["status"] == UNKNOWN else None for row in (was, now)]
            unknown.append(_change(key, "status", *reason))
            compared = [name for name in columns if name not in {"status", *STATE_COLUMNS}]
        changes += _changes(key, was, now, compared, tolerance)
    return ReleaseDifference(changes=tuple(changes), unknown=tuple(unknown))


def _changes(
    key: tuple[str, str],
    was: dict[str, Any],
    now: dict[str, Any],
    columns: Sequence[str],
    tolerance: float,
) -> Iterator[ValueChange]:
    for name in columns:
        before, after = was[name], now[name]
        if before == after:
            continue
        change = _change(key, name, before, after)
        is_close = name in _INEXACT and change.size is not None and abs(change.size) <= tolerance
        if not is_close:
            yield change


def _change(key: tuple[str, str], column: str, before: Value, after: Value) -> ValueChange:
    size = None
    if column in _NUMBERS and before is not None and after is not None:
        size = float(after) - float(before)
    symbol, timeframe = key
    return ValueChange(
        symbol=symbol, timeframe=timeframe, column=column, before=before, after=after, size=size
    )


def _by_series(table: pl.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    # CSV has no other form of a text that is missing
    rows = table.with_columns(pl.selectors.string().replace("", None))
    return {(row["symbol"], row["timeframe"] or ""): row for row in rows.iter_rows(named=True)}

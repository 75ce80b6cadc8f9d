"""Rules on several bars or on the frame as a whole, with the functions that apply them."""

from dataclasses import replace
from functools import reduce
from operator import and_

import numpy as np
import polars as pl
from numpy.typing import NDArray

from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA
from regime_platform.model.calendar.trading_hours import MIDNIGHT
from regime_platform.model.exchanges import FX
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import is_intraday
from regime_platform.validation.findings import (
    Rule,
    Severity,
    ValidationFinding,
    finding_of,
    mask_of,
    worded,
)
from regime_platform.validation.rules.bar import LAST_BITS

#: The input of the gate: bars with the time and the raw file of their fetch.
GATE_SCHEMA = pl.Schema(
    {**BAR_SCHEMA, "fetched_at": pl.Datetime("us", "UTC"), "batch": pl.String()}
)
#: The bits of a null: a NaN that ``_bits`` gives no other value.
_NULL = np.uint64(0xFFFFFFFFFFFFFFFF)
VALUE_COLUMNS = tuple(name for name in BAR_COLUMNS if name != "ts")

#: Bars that compute needs for a state (canonical compute: state gate).
MINIMUM_BARS = 200

_VALUES = pl.concat_str([worded(f"{name} {{}}", name) for name in VALUE_COLUMNS], separator=" ")

SCHEMA = Rule(
    "schema",
    Severity.ERROR,
    "convert the input to the columns and types of BAR_SCHEMA with fetched_at and batch",
    pl.lit("the frame has not the schema of bars"),
)
CONTRADICTION = Rule(
    "contradicting_duplicate",
    Severity.ERROR,
    "find out which of the rows is true and correct the source",
    pl.concat_str(pl.lit("another row of the same batch differs from "), _VALUES),
)
NOT_INCREASING = Rule(
    "ts_order",
    Severity.ERROR,
    "sort the bars by ts before they are validated",
    pl.lit("stands after a later bar"),
)
UNFINISHED = Rule(
    "unfinished_bar",
    Severity.SET_ASIDE,
    "none needed: it is validated again once its period is over",
    worded("was still forming at {}", pl.col("fetched_at").dt.strftime("%F %T")),
)
#: The same of days that end at midnight, which the calendar of the entry does not state.
UNFINISHED_DAY = replace(
    UNFINISHED,
    remedy="none needed: it is validated again with the fetch of the next day, or soon after "
    "midnight with `calendar: FX_UTC` in its entry of universe.yaml",
)
REPETITION = Rule(
    "repeated_bar",
    Severity.SET_ASIDE,
    "none needed: one of the equal rows is kept",
    pl.lit("repeats an equal row"),
)
EXCLUDED = Rule(
    "excluded_bar",
    Severity.SET_ASIDE,
    "none needed: an override excludes it; `regime bars undo` withdraws that",
    pl.col("override"),
)
TOO_SHORT = Rule(
    "minimum_count",
    Severity.STATUS,
    "fetch more history, or wait until there is enough",
    pl.lit("too short"),
    unit="series",
)


def length_finding(valid: int) -> ValidationFinding:
    """Whether a series of so many valid bars is long enough."""
    if valid >= MINIMUM_BARS:
        return finding_of(TOO_SHORT, valid, 0)
    return finding_of(TOO_SHORT, valid, 1, (f"{valid} of at least {MINIMUM_BARS} bars",))


def unfinished(timeframe: str, market: Market, day_end: str) -> Rule:
    """The rule on forming bars, with the remedy where days end at midnight unannounced."""
    is_unannounced = day_end == MIDNIGHT and market.calendar == FX and not is_intraday(timeframe)
    return UNFINISHED_DAY if is_unannounced else UNFINISHED


def value_bits(rows: pl.DataFrame) -> list[bytes]:
    """The values of every bar as bytes that are equal when the bars are, bit for bit.

    Null equals null and NaN equals NaN.
    """
    columns = np.column_stack([_bits(rows[name]) for name in VALUE_COLUMNS])
    data, width = columns.tobytes(), 8 * len(VALUE_COLUMNS)
    return [data[start : start + width] for start in range(0, len(data), width)]


def have_equal_values(rows: pl.DataFrame, others: pl.DataFrame) -> NDArray[np.bool_]:
    """True for the rows that have the ``value_bits`` of those in the same place."""
    pairs = (_bits(rows[name]) == _bits(others[name]) for name in VALUE_COLUMNS)
    return reduce(and_, pairs)


def schema_faults(rows: pl.DataFrame) -> tuple[str, ...]:
    """How the schema of ``rows`` differs from ``GATE_SCHEMA``; empty where it does not."""
    faults = [
        f"{name} is {rows.schema[name]}, expected {dtype}"
        if name in rows.schema
        else f"{name} is missing, expected {dtype}"
        for name, dtype in GATE_SCHEMA.items()
        if rows.schema.get(name) != dtype
    ]
    faults += [f"{name} is no column of a bar" for name in rows.columns if name not in GATE_SCHEMA]
    if not faults and rows["fetched_at"].null_count():
        faults.append("fetched_at is null")
    return tuple(faults)


def duplicates(rows: pl.DataFrame, examined: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Masks over ``rows``: those that contradict another of the same ts, those that repeat one.

    Of rows that are equal but for the last bits the first is kept; where the rows of a ts differ,
    all of them contradict.
    """
    twice = examined & rows["ts"].is_not_null() & rows["ts"].is_duplicated()
    places = twice.arg_true()
    bars = rows[places]
    agree = reduce(and_, map(_is_that_of_the_first, VALUE_COLUMNS)).all().over("ts")
    contradicts = bars.select(~agree).to_series()
    repeats = ~contradicts & ~bars["ts"].is_first_distinct()
    return mask_of(rows.height, places.filter(contradicts)), mask_of(
        rows.height, places.filter(repeats)
    )


def _is_that_of_the_first(name: str) -> pl.Expr:
    value, first = pl.col(name), pl.col(name).first().over("ts")
    is_near = first.is_finite() & ((value - first).abs() <= LAST_BITS * first.abs())
    return value.eq_missing(first) | is_near.fill_null(value=False)


def not_increasing(rows: pl.DataFrame, examined: pl.Series) -> pl.Series:
    """Rows after a row with a later or equal ts, among those ``examined``."""
    opens = rows["ts"].to_physical()
    highest = opens.set(~examined, None).cum_max().shift(1).forward_fill()
    return (examined & (opens <= highest)).fill_null(value=False)


def is_strictly_increasing(opens: pl.Series) -> bool:
    """True where no open is missing, repeated or earlier than the one before it."""
    steps = np.diff(opens.to_numpy().view(np.int64))
    return opens.null_count() == 0 and bool((steps > 0).all())


def distinct(opens: pl.Series) -> pl.Series:
    """Each open once, in its order, without nulls."""
    if is_strictly_increasing(opens):
        return opens
    return opens.drop_nulls().unique(maintain_order=True)


def _bits(values: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    floats = values.to_numpy().astype("<f8", copy=True)
    floats[np.isnan(floats)] = np.nan  # one NaN, whatever its payload
    bits = floats.view("<u8")
    if values.null_count():
        bits[values.is_null().to_numpy()] = _NULL
    return bits

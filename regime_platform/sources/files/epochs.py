"""Times that are numbers since 1970, by the unit that is stated or that their size shows."""

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.sources.files.facts import STATED, Fact

#: Unit -> microseconds, and the range of its numbers from 1973 to 2100; no ranges overlap.
_UNITS = {
    "s": (1_000_000, 100_000_000, 4_200_000_000),
    "ms": (1_000, 100_000_000_000, 4_200_000_000_000),
    "us": (1, 100_000_000_000_000, 4_200_000_000_000_000),
    "ns": (0, 100_000_000_000_000_000, 4_200_000_000_000_000_000),
}
_NUMBER = r"^-?\d+(\.\d*)?$"
_LONGEST = 253_402_300_800_000_000  # microseconds until the year 10,000
#: Digits of a date and a time, which are no numbers where all rows have them.
_DATED = r"^(\d{2}|(19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d$"


def has_epochs(values: pl.Series) -> bool:
    """Whether texts or integers (without null) are numbers since 1970, by the first one."""
    first = values.head(1).cast(pl.String)
    if not first.str.contains(_NUMBER)[0]:
        return False
    if first.str.contains(_DATED)[0] and values.cast(pl.String).str.contains(_DATED).all():
        return False
    number = abs(int(first[0].partition(".")[0]))
    return any(least <= number < most for _, least, most in _UNITS.values())


def epoch_times(column: pl.Series, unit: str) -> tuple[pl.Series, Fact]:
    """The instants of numbers, or of texts of such; null where one is no number.

    Without a ``unit`` the size of each number shows its own.
    """
    numbers = column
    if column.dtype == pl.Float64:
        numbers = column.set(column != column.floor(), None)
    exact = numbers.cast(pl.Int64, strict=False)
    fractions = exact.cast(pl.Float64)
    if exact.null_count():
        fractions = _fractions(column)
    used = [unit] if unit else [each for each in _UNITS if _are_in(fractions, each).any()]
    if len(used) == 1:
        instants = _microseconds(exact, fractions, used[0])
        if not unit:
            instants = instants.set(~_are_in(fractions, used[0]), None)
    else:
        instants = pl.Series(column.name, [None], pl.Int64).new_from_index(0, column.len())
        for each in used:
            chosen = _microseconds(exact, fractions, each)
            instants = instants.zip_with(~_are_in(fractions, each), chosen)
    instants = instants.set(instants.abs() >= _LONGEST, None)
    evidence = STATED if unit else "the size of the numbers"
    return instants.cast(BAR_SCHEMA["ts"]), Fact("epoch", " and ".join(used), evidence)


def _fractions(column: pl.Series) -> pl.Series:
    text = column.dtype == pl.String
    is_number = column.str.contains(_NUMBER) if text else column.is_finite()
    return column.set(~is_number.fill_null(value=False), None).cast(pl.Float64)


def _are_in(fractions: pl.Series, unit: str) -> pl.Series:
    _, least, most = _UNITS[unit]
    return fractions.is_between(least, most).fill_null(value=False)


def _microseconds(exact: pl.Series, fractions: pl.Series, unit: str) -> pl.Series:
    factor = _UNITS[unit][0]
    if unit == "ns":
        return exact // 1_000
    limit = _LONGEST // factor
    whole = exact.set(exact.abs() >= limit, None) * factor
    if not exact.null_count():
        return whole
    parts = (fractions.set(fractions.abs() >= limit, None) * factor).round()
    return whole.zip_with(exact.is_not_null(), parts.cast(pl.Int64))

"""Collects the rows of a file chunk by chunk: their times, numbers and symbols.

Rows without any price are left out and counted, and so are those that the mapping leaves out.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_COLUMNS, PRICE_COLUMNS
from regime_platform.model.yaml_text import flow_text
from regime_platform.sources.files.facts import Fact
from regime_platform.sources.files.layout.columns import Columns
from regime_platform.sources.files.layout.two_times import are_different
from regime_platform.sources.files.layout.written_numbers import Marks
from regime_platform.sources.files.mapping import FileMapping

_NUMBERS = BAR_COLUMNS[1:]
_MOST_NAMED = 8
_MOST_COMPARED = 1000  # rows, with a second column of times
_MANY = 100_000  # rows whose times are parsed at once if all have a form of ISO 8601
_SCALES = {"Databento": "1000000000", "LEAN": "10000"}
_OF_DATABENTO = frozenset(("rtype", "publisher_id", "instrument_id"))
_OF_LEAN = r"^\d{8} \d\d:\d\d$"
_NINES = str.maketrans("012345678", "9" * 9)
_ISO_FORMS = {
    f"{mark}{digits}{offset}": f"%Y-%m-%d{mark}{clock}{offset}"
    for mark in " T"
    for digits, clock in (("99:99", "%H:%M"), ("99:99:99", "%H:%M:%S"))
    for offset in ("", "Z")
}


class TableRows:
    """The rows of one file."""

    def __init__(
        self,
        path: Path,
        columns: Columns,
        marks: Marks,
        mapping: FileMapping,
        place: Callable[[int], str],
    ) -> None:
        self._path, self._columns, self._marks, self._mapping = path, columns, marks, mapping
        self._place = place
        self._count = 0
        self._dropped: list[pl.Series] = []  # indices of the rows that are left out
        self._times: list[pl.Series] = []
        self._numbers: list[pl.DataFrame] = []
        self._symbols: list[pl.Series] = []
        self._dates = pl.Series(dtype=pl.String)  # beside the first times
        self._form = ""  # of the times, where they are parsed to take less memory
        self._values: dict[str, set[str]] = {name: set() for name in columns.others}
        self._differing: set[str] = set()  # prices that are not those beside them, adjusted
        self.skipped = 0  # rows without any price

    def add(self, chunk: pl.DataFrame) -> None:
        """Adds rows; ``BarsError`` names the place of a value that is no number."""
        wanted = self._wanted(chunk)
        numbers = pl.DataFrame({name: self._number(chunk, name, wanted) for name in _NUMBERS})
        has_price = numbers.select(
            pl.any_horizontal(pl.col(name).is_not_nan() for name in PRICE_COLUMNS).fill_null(
                value=False
            )
        ).to_series()
        kept = has_price if wanted is None else has_price & wanted
        without = ~has_price if wanted is None else wanted & ~has_price
        self.skipped += int(without.sum())
        self._compare(chunk, numbers, kept)
        numbers = self._adjusted_by_close(chunk, numbers, wanted)
        if not kept.all():
            self._dropped.append((~kept).arg_true().cast(pl.Int64) + self._count)
            chunk, numbers = chunk.filter(kept), numbers.filter(kept)
        self._count += kept.len()
        if self._columns.dates and self._dates.is_empty():
            self._dates = _joined(chunk.head(_MOST_COMPARED), self._columns.dates)
        self._add_times(chunk)
        self._numbers.append(numbers)
        for name, place in self._columns.others.items():
            self._values[name].update(chunk[str(place)].cast(pl.String).unique().drop_nulls())
        if self._columns.symbol is not None:
            self._symbols.append(_text(chunk[str(self._columns.symbol)]))

    @property
    def times(self) -> pl.Series:
        """The labels, named as their column is."""
        name = " ".join(self._columns.time_names)
        parts = self._times or [pl.Series(dtype=pl.String)]
        return pl.concat(parts).alias(name)

    @property
    def numbers(self) -> pl.DataFrame:
        """Prices as they are meant, and volumes."""
        numbers = pl.concat(
            self._numbers or [pl.DataFrame(schema=dict.fromkeys(_NUMBERS, pl.Float64))]
        )
        if self._mapping.scale:
            scale = pl.Series([self._mapping.scale]).new_from_index(0, numbers.height)
            numbers = numbers.with_columns(_ratio(numbers[name], scale) for name in PRICE_COLUMNS)
        if self._mapping.multiplier != 1:
            numbers = numbers.with_columns(pl.col("volume") * self._mapping.multiplier)
        return numbers

    @property
    def symbols(self) -> pl.Series | None:
        """The text of the symbol column."""
        return pl.concat(self._symbols) if self._symbols else None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What only all rows show."""
        facts = []
        if self._differing:
            facts.append(self._adjusted())
        if self._dates.len() and not self._mapping.names_times:
            times = self.times.head(self._dates.len())
            if are_different(times, self._dates):
                facts.append(self._two_times())
        for name, values in self._values.items():
            if len(values) > 1:
                stated = {of: list(texts) for of, texts in self._mapping.where.items()}
                choices = tuple(flow_text({**stated, name: value}) for value in sorted(values))
                facts.append(Fact("where", choices[0], f"column {name} has several", choices))
        symbols = [] if not self._symbols else self._distinct_symbols()
        if (program := self._program_of_form()) and self._are_whole():
            evidence = f"whole prices in the form of {program}, which may be in smaller units"
            facts.append(Fact("scale", "", evidence, (_SCALES[program], "1")))
        if len(symbols) > 1 and not self._mapping.symbol_column:
            name = self._columns.header[self._columns.symbol or 0]
            listed = ", ".join(symbols[:_MOST_NAMED]) + (
                ", ..." if len(symbols) > _MOST_NAMED else ""
            )
            evidence = f"column {name} has {len(symbols)} symbols: {listed}"
            facts.append(Fact("symbol_column", name, evidence, (name,)))
        return tuple(facts)

    def place(self, row: int) -> str:
        """The place in the file of a row that is kept."""
        if not self._dropped:
            return self._place(row)
        dropped = pl.concat(self._dropped).to_numpy()
        before = dropped - np.arange(dropped.size)  # how many rows are kept before each
        return self._place(row + int(np.searchsorted(before, row, side="right")))

    def _distinct_symbols(self) -> list[str]:
        return sorted(pl.concat(self._symbols).unique().drop_nulls())

    def _two_times(self) -> Fact:
        columns = self._columns
        choices = tuple(columns.pairs({"ts": of}) for of in (columns.places["ts"], columns.dates))
        other = " ".join(columns.header[place] for place in columns.dates)
        names = f"{' '.join(columns.time_names)} and {other}"
        return Fact("columns", choices[0], f"{names} are different times", choices)

    def _adjusted(self) -> Fact:
        adjusted = {name: (place,) for name, place in self._columns.adjusted.items()}
        usual = {name: self._columns.places[name] for name in adjusted}
        choices = self._columns.pairs(usual), self._columns.pairs(adjusted)
        evidence = "prices and adjusted prices differ"
        if list(adjusted) == ["close"]:
            evidence += "; with the adjusted close the other prices are multiplied by its ratio"
        return Fact("columns", choices[0], evidence, choices)

    def _program_of_form(self) -> str:
        """The program whose scale prices may have, where nothing states it; empty: none."""
        if self._mapping.scale or self._mapping.names_all_columns or not self._times:
            return ""
        if self._columns.has_names:
            return "Databento" if _OF_DATABENTO.issubset(self._columns.header) else ""
        first = self._times[0]
        is_lean = first.dtype == pl.String and first.str.contains(_OF_LEAN).all()
        return "LEAN" if is_lean else ""

    def _are_whole(self) -> bool:
        prices = pl.concat(self._numbers).select(PRICE_COLUMNS)
        return prices.height > 0 and all((prices[name] % 1 == 0).all() for name in PRICE_COLUMNS)

    def _adjusted_by_close(
        self, chunk: pl.DataFrame, numbers: pl.DataFrame, wanted: pl.Series | None
    ) -> pl.DataFrame:
        """Prices of the range of a close that is adjusted, in their order to it."""
        place = self._columns.unadjusted
        if place is None:
            return numbers
        close = self._values_at(chunk, place, "close", wanted)
        # in this order of operations a high that is the close stays it
        others = ("open", "high", "low")
        scaled = [_ratio(numbers[name], close) * numbers["close"] for name in others]
        return numbers.with_columns(scaled)

    def _wanted(self, chunk: pl.DataFrame) -> pl.Series | None:
        wanted = None
        for name, values in self._mapping.where.items():
            place = str(self._columns.header.index(name))
            matches = _text(chunk[place]).is_in(list(values)).fill_null(value=False)
            wanted = matches if wanted is None else wanted & matches
        return wanted

    def _number(self, chunk: pl.DataFrame, name: str, wanted: pl.Series | None) -> pl.Series:
        if name not in self._columns.places:
            return pl.Series(name, [None], pl.Float64).new_from_index(0, chunk.height)
        return self._values_at(chunk, self._columns.places[name][0], name, wanted)

    def _values_at(
        self, chunk: pl.DataFrame, place: int, name: str, wanted: pl.Series | None
    ) -> pl.Series:
        column = chunk[str(place)]
        if column.dtype == pl.String:
            values = self._marks.values(column, is_volume=name == "volume")
            if values.null_count() > column.null_count():
                faults = self._marks.faults(column, values)
                self._refuse(column, faults if wanted is None else faults & wanted, name)
            return values.alias(name)
        if column.dtype.is_numeric() or column.dtype == pl.Null:
            return column.cast(pl.Float64).alias(name)
        named = self._columns.header[place]
        message = f"{self._path}: column {named} has the type {column.dtype}; expected numbers"
        raise BarsError(message, code="column-type")

    def _refuse(self, column: pl.Series, faults: pl.Series, name: str) -> None:
        if not faults.any():
            return
        row = int(faults.arg_true()[0])
        more = f" (and {faults.sum() - 1} more)" if faults.sum() > 1 else ""
        raise BarsError(
            f"{self._path} {self._place(self._count + row)}{more}: {name} is {column[row]!r}; "
            f"expected a number such as 101{self._marks.decimal}25, or nothing where it is not "
            "known; where it has a meaning, mapping.yaml states decimal, thousands, strip or "
            f"nulls{self._marks.note}",
            code="bad-value",
        )

    def _compare(self, chunk: pl.DataFrame, numbers: pl.DataFrame, kept: pl.Series) -> None:
        for name, place in self._columns.adjusted.items():
            column = chunk[str(place)]
            is_text = column.dtype == pl.String
            values = (
                self._marks.values(column) if is_text else column.cast(pl.Float64, strict=False)
            )
            if ((values != numbers[name]) & kept).any():
                self._differing.add(name)

    def _add_times(self, chunk: pl.DataFrame) -> None:
        times = self._time(chunk)
        is_large = bool(self._form) or (not self._times and times.len() > _MANY)
        if is_large and times.dtype == pl.String and not self._mapping.names_times:
            form = self._form or _ISO_FORMS.get(str(times[0])[10:].translate(_NINES), "")
            if (compact := _compact(times, form)) is not None:
                self._form = form
                self._times.append(compact)
                return
        if self._form:  # as they were written
            self._times = [part.dt.strftime(self._form) for part in self._times]
            self._form = ""
        self._times.append(times)

    def _time(self, chunk: pl.DataFrame) -> pl.Series:
        return _joined(chunk, self._columns.places["ts"])


def _joined(chunk: pl.DataFrame, places: Sequence[int]) -> pl.Series:
    """The times of one column, or the texts of several."""
    parts = [chunk[str(place)] for place in places]
    if len(parts) == 1 and parts[0].dtype != pl.String:
        return parts[0]
    texts = pl.DataFrame([_text(part).alias(str(n)) for n, part in enumerate(parts)])
    return texts.select(pl.concat_str(pl.all(), separator=" ")).to_series()


def _ratio(values: pl.Series, by: pl.Series) -> pl.Series:
    """Quotients, rounded once; of a single divisor Polars would multiply by its reciprocal."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotients = pl.Series(values.name, values.to_numpy() / by.to_numpy())
    return quotients.set(values.is_null() | by.is_null(), None)


def _compact(times: pl.Series, form: str) -> pl.Series | None:
    """Texts of a form as times; None where one of them has another form."""
    if not form or times.null_count() or (times.str.len_bytes() != len(str(times[0]))).any():
        return None
    parsed = times.str.to_datetime(form, time_unit="us", strict=False, cache=False)
    if parsed.null_count():
        return None
    return parsed.dt.replace_time_zone("UTC") if form.endswith("Z") else parsed


def _text(column: pl.Series) -> pl.Series:
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text == "", None) if (text == "").any() else text

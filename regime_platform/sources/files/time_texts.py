"""Texts of times in one spelling, before they are parsed.

What is removed or moved says nothing about the time (a weekday, a comma, a T), or is spelled
otherwise (a month by its name, an offset as GMT). Dates keep the order of day and month.
"""

# ruff: noqa: RUF001 - names of months have their own letters

from typing import NamedTuple

import polars as pl

#: How the names of months begin in English, German, French, Spanish, Italian, Portuguese, Russian.
_MONTHS = (
    ("JAN", "ENE", "GEN", "ЯНВ"),
    ("FEB", "FEV", "FÉV", "ФЕВ"),
    ("MAR", "MÄR", "MRZ", "МАР"),
    ("APR", "AVR", "ABR", "АПР"),
    ("MAY", "MAI", "MAG", "МАЙ", "МАЯ"),
    ("JUN", "JUIN", "GIU", "ИЮН"),
    ("JUL", "JUIL", "LUG", "ИЮЛ"),
    ("AUG", "AOU", "AOÛ", "AGO", "АВГ"),
    ("SEP", "SET", "СЕН"),
    ("OCT", "OKT", "OTT", "OUT", "ОКТ"),
    ("NOV", "НОЯ"),
    ("DEC", "DEZ", "DÉC", "DIC", "ДЕК"),
)
_WIDTHS = (4, 6, 9)  # of HHMM, HHMMSS, and with milliseconds
_OFFSET = r"[+-]\d{2}:\d{2}$"
_CLOCK = r"(:\d{2}(?:\.\d+)?(?: [AP]M)?| \d{4,6})"


class _Step(NamedTuple):
    pattern: str
    replacement: str


#: In this order, on texts in capitals.
_STEPS = (
    _Step(r"[^\S ]|  +", " "),
    _Step(r"^(?:MON|TUE|WED|THU|FRI|SAT|SUN)[A-Z]*[.,]*\s+", ""),
    _Step(r",\s+", " "),
    _Step(r"\s*([AP])\.?\s?M\.?$", " ${1}M"),
    _Step(r"\s+(\d{1,2})[\s-]+([AP]M)$", " ${1}:00 ${2}"),
    _Step(r"(\d{1,2}:\d{2}:\d{2})[,:](\d+)", "${1}.${2}"),
    _Step(r"^(\d{4})[年년]\s?(\d{1,2})[月월]\s?(\d{1,2})[日일]", "${1}-${2}-${3}"),
    _Step(r"^(\d{8})[T_;,\-]?(\d{4}|\d{6}|\d{9})(\D.*)?$", "${1} ${2}${3}"),
    _Step(r"^(\S*\d)[T_;,\-]+(\d{1,2}:\d{2})", "${1} ${2}"),
    _Step(r"^(\S+)[T ]00:00(?::00(?:\.0+)?)?\s+(\d)", "${1} ${2}"),  # a midnight beside the time
    _Step(r"^(\d{1,2}:\d{2}(?::\d{2})?(?: [AP]M)?)\s+(\d\S*)$", "${2} ${1}"),
    _Step(_CLOCK + r"\s?(?:Z|UTC|GMT)$", "${1}+00:00"),
    _Step(_CLOCK + r"\s?(?:UTC|GMT)?\s?([+-]\d{2}):?(\d{2})?(?: \(.*\))?$", "${1}${2}:${3}"),
    _Step(r"([+-]\d{2}):$", "${1}:00"),
)
#: A date with the name of its month.
_DAY, _MONTH, _YEAR = r"(?<day>\d{1,2})", r"(?<month>\p{L}{3,})\.?", r"(?<year>\d{4}|\d{2})"
_NAMED = (
    rf"^{_DAY}(?:ST|ND|RD|TH|\.)?[ /-]*(?:DE )?{_MONTH}[ /-]*(?:DE )?{_YEAR}\b",
    rf"^{_MONTH}[ /-]*{_DAY}(?:ST|ND|RD|TH)?[ /-]+{_YEAR}\b",
    rf"^{_YEAR}[ /-]*{_MONTH}[ /-]*{_DAY}\b",
)


class PlainTexts(NamedTuple):
    """Texts of numbers and AM or PM, with the offset beside them."""

    texts: pl.Series
    offsets: pl.Series | None  # such as +02:00; None where none was named
    has_named_months: bool  # dates are day/month/year


def plain_texts(column: pl.Series) -> PlainTexts:
    """The column in one spelling; ``column`` has one text that is not null at least.

    The first one decides what is looked for.
    """
    texts = column.str.to_uppercase()
    for step in _STEPS:
        if texts.drop_nulls().head(1).str.contains(step.pattern).any():
            texts = texts.str.replace_all(step.pattern, step.replacement)
    offsets = None
    first = texts.drop_nulls().head(1)
    if first.str.contains(_OFFSET).any():
        offsets = texts.str.extract(f"({_OFFSET})")
        texts = texts.str.replace(_OFFSET, "").set(offsets.is_null(), None)
    for pattern in _NAMED:
        if first.str.contains(pattern).any():
            return PlainTexts(_numbered(texts, pattern), offsets, has_named_months=True)
    return PlainTexts(_padded(texts), offsets, has_named_months=False)


def _numbered(texts: pl.Series, pattern: str) -> pl.Series:
    """Dates with the number of the month for its name; null where there is no such name."""
    parts = texts.str.extract_groups(pattern).struct.unnest()
    names = parts["month"].unique().drop_nulls().to_list()
    numbers = {name: _month(name) for name in names}
    months = parts["month"].replace_strict(numbers, default=None, return_dtype=pl.String)
    rest = texts.str.replace(pattern, "")
    return parts.select(
        pl.concat_str("day", pl.lit("/"), months, pl.lit("/"), "year", rest).alias("ts")
    ).to_series()


def _month(name: str) -> str | None:
    fitting = [
        (len(start), str(number))
        for number, starts in enumerate(_MONTHS, 1)
        for start in starts
        if name.startswith(start)
    ]
    return max(fitting)[1] if fitting else None


def _padded(texts: pl.Series) -> pl.Series:
    """Times that are numbers with their leading zeros: 930 is 0930, and 93000 is 093000."""
    tails = texts.str.extract(r" (\d+)$")
    lengths = tails.str.len_bytes()
    shortest, longest = lengths.min(), lengths.max()
    if longest is None or (shortest == longest and longest in _WIDTHS):
        return texts
    assert isinstance(longest, int)
    width = next((size for size in _WIDTHS if longest <= size), longest)
    if longest <= 2 and tails.str.contains("[1-9]").any():
        return texts  # hours or minutes
    frame = pl.DataFrame({"texts": texts, "tails": tails})
    whole = pl.concat_str(
        pl.col("texts").str.replace(r" \d+$", " "), pl.col("tails").str.zfill(width)
    )
    return frame.select(ts=pl.coalesce(whole, "texts")).to_series()

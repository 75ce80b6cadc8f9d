"""How a file spells its times: the one spelling by which every row is a time.

A spelling is chosen by the values of all rows. Where day and month could be exchanged in each of
them, the order of the rows decides, if it shows days that follow each other in one case only;
else nothing is chosen.
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import polars as pl

from regime_platform.errors import ConfigError
from regime_platform.sources.files.epochs import epoch_times, has_epochs
from regime_platform.sources.files.facts import STATED, Fact
from regime_platform.sources.files.time_texts import plain_texts
from regime_platform.sources.files.times import bounded
from regime_platform.sources.files.zones import fixed_zone

ISO = "ISO 8601"
_HOURS = ("%H", "%I", "%T", "%R", "%X", "%c", "%s", "%k", "%l", "%+", "%p")
_OFFSETS = ("%z", "%#z", "%:z", "%+")
_ISO_SHAPE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$"
#: ISO 8601 in texts of one length, which are parsed at once.
_ISO_FORMS = {
    10: "%Y-%m-%d",
    16: "%Y-%m-%d %H:%M",
    19: "%Y-%m-%d %H:%M:%S",
    20: "%Y-%m-%d %H:%M:%SZ",
    23: "%Y-%m-%d %H:%M:%S%.f",
    24: "%Y-%m-%d %H:%M:%S%.fZ",
    26: "%Y-%m-%d %H:%M:%S%.f",
    27: "%Y-%m-%d %H:%M:%S%.fZ",
}
_YEARS = (1800, 2200)
#: Of two digits: no bar is older, and chrono takes 69 and above for the century before.
_SHORT_YEARS = (1900, 2050)
_FEWEST_STEPS = 4
_LONGEST_STEP, _MONTH, _LONGEST_MONTHS = 15, 32, 70  # days
_RARE = 0.05
_SATURDAY = 6

_DATES = (
    (r"\d{4}([-/.])\d{1,2}([-/.])\d{1,2}", ("%Y{s}%m{s}%d",)),
    (r"\d{1,2}(\.)\d{1,2}(\.)\d{4}", ("%d.%m.%Y",)),
    (r"\d{1,2}([-/])\d{1,2}([-/])\d{4}", ("%d{s}%m{s}%Y", "%m{s}%d{s}%Y")),
    (r"\d{1,2}(\.)\d{1,2}(\.)\d{2}", ("%d.%m.%y", "%y.%m.%d")),
    (r"\d{1,2}([-/])\d{1,2}([-/])\d{2}", ("%d{s}%m{s}%y", "%m{s}%d{s}%y", "%y{s}%m{s}%d")),
    (r"()\d{8}()", ("%Y%m%d", "%d%m%Y", "%m%d%Y")),
    (r"()\d{6}()", ("%y%m%d", "%d%m%y", "%m%d%y")),
)
_TIMES = (
    ("", ""),
    (r" \d{1,2}:\d{2}", " %H:%M"),
    (r" \d{1,2}:\d{2}:\d{2}", " %H:%M:%S"),
    (r" \d{1,2}:\d{2}:\d{2}\.\d+", " %H:%M:%S%.f"),
    (r" \d{1,2}:\d{2} [AP]M", " %I:%M %p"),
    (r" \d{1,2}:\d{2}:\d{2} [AP]M", " %I:%M:%S %p"),
    (r" \d{1,2}:\d{2}:\d{2}\.\d+ [AP]M", " %I:%M:%S%.f %p"),
    (r" \d{4}", " %H%M"),
    (r" \d{6}", " %H%M%S"),
    (r" \d{9}", " %H%M%S%3f"),
)
EXPECTED = (
    "YYYY-MM-DD HH:MM:SS with or without an offset, or YYYY-MM-DD; else state time_format (as "
    '"%d.%m.%Y %H:%M"), or the unit of numbers as epoch, in mapping.yaml'
)


@dataclass(frozen=True)
class Spelling:
    """The times of a column."""

    #: Dates, times or texts in ISO 8601 (where offsets differ), null where a row is no time.
    values: pl.Series
    fact: Fact  # with choices where the values are those of the first of several
    is_own: bool = False  # dates or times by their type, or texts in ISO 8601


def spelling(column: pl.Series, time_format: str | None, epoch: str, origin: str) -> Spelling:
    """The times of a column of texts, numbers, dates or times.

    ``time_format`` and ``epoch`` are as the mapping ``origin`` states them. ``ConfigError`` refuses
    a time_format that cannot be used.
    """
    if column.dtype.is_integer() or column.dtype.is_decimal() or _are_whole(column):
        column = column.cast(pl.Int64, strict=False)
        if not (epoch or (column.len() > column.null_count() and has_epochs(column.drop_nulls()))):
            column = column.cast(pl.String)
    if column.dtype in (pl.Int64, pl.Float64) or (epoch and column.dtype == pl.String):
        return Spelling(*epoch_times(column, epoch))
    if column.dtype != pl.String:
        return Spelling(
            bounded(column), Fact("time_format", "times", f"type {column.dtype}"), is_own=True
        )
    if time_format is not None:
        fact = Fact("time_format", time_format, STATED)
        return Spelling(by_format(column, time_format, origin), fact, is_own=True)
    texts = column.drop_nulls()
    if texts.is_empty() or texts.head(1).str.contains(_ISO_SHAPE)[0]:
        return Spelling(_iso(column), Fact("time_format", ISO, "all rows"), is_own=True)
    if has_epochs(texts):
        return Spelling(*epoch_times(column, epoch))
    return _recognised(column)


def _are_whole(column: pl.Series) -> bool:
    return column.dtype == pl.Float64 and bool((column == column.floor()).all())


def by_format(texts: pl.Series, time_format: str, origin: str) -> pl.Series:
    """Dates, or times without a zone or in UTC, of texts in a strftime format; null where not.

    A ``ConfigError`` of code mapping-time-format refuses a format that cannot be used.
    """
    form, texts = _usable(time_format, texts, origin)
    if form == "%s":
        return epoch_times(texts, "s")[0]
    is_aware = any(directive in form for directive in _OFFSETS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of chrono's own directives
            times = texts.str.to_datetime(
                form, time_unit="us", time_zone="UTC" if is_aware else None, strict=False,
                cache=False,
            )  # fmt: skip
    except (pl.exceptions.PolarsError, ValueError) as error:
        reason = str(error).splitlines()[0]
        message = f"{origin}: time_format {time_format!r} cannot be used: {reason}; {_REMEDY}"
        raise ConfigError(message, code="mapping-time-format") from error
    times = times.set(~times.dt.year().is_between(1, 9999), None)
    return times if any(directive in form for directive in _HOURS) else times.cast(pl.Date)


_REMEDY = 'write it as "%d.%m.%Y %H:%M", or "%m/%d/%Y %I:%M %p" with AM or PM'


def _usable(form: str, texts: pl.Series, origin: str) -> tuple[str, pl.Series]:
    """The format as the parser takes it, and the texts for it."""
    given, form = form, re.sub(r"%[-_0]([A-Za-z])", r"%\1", form.replace(".%f", "%.f"))
    directives = re.findall(r"%(?:[-_0.:#]*\d?)?[A-Za-z%+]", form)
    bare = {directive[-1] for directive in directives}
    problem = ""
    if "Z" in bare:
        problem = "%Z names no offset, since the names of zones are not unique: state `zone`, and "
        problem += "spell the name in the format if all rows have one, or `%z` for an offset"
    elif "s" in bare and form != "%s":
        problem = "%s stands alone, for seconds since 1970; for other units state `epoch`"
    elif not bare & set("sdjeDcxF+u"):
        problem = f"it names no day; {_REMEDY}"
    elif "p" in bare and not bare & set("IlrX"):
        problem = f"AM or PM needs the hour as %I; {_REMEDY}"
    elif bare & set("Il") and not bare & set("pPr"):
        problem = f"the hour %I needs AM or PM as %p; {_REMEDY}"
    if problem:
        message = f"{origin}: time_format {given!r} cannot be used: {problem}"
        raise ConfigError(message, code="mapping-time-format")
    if bare & set("HIkl") and not bare & set("MRTrX"):  # the parser wants a minute beside an hour
        return f"{form}|%M", texts + "|00"
    return form, texts


def _iso(texts: pl.Series) -> pl.Series:
    """Dates or times where all texts have one form, else the texts."""
    if texts.is_empty() or texts.null_count():
        return texts
    short, zone = texts, None
    if match := re.search(r":\d{2}\S*?([+-]\d{2}:00)$", texts[0]):
        zone = fixed_zone(match[1])
        if zone is None or not texts.str.ends_with(match[1]).all():
            return texts
        short = texts.str.head(-len(match[1]))
    lengths = short.str.len_bytes()
    form = _ISO_FORMS.get(len(short[0].encode()), "") if lengths.n_unique() == 1 else ""
    form = form.replace(" ", "T" if "T" in short[0] else " ")
    times = short.str.to_datetime(form, time_unit="us", strict=False, cache=False) if form else None
    if times is None or times.null_count():
        return texts
    if " " not in form and "T" not in form:
        return times.cast(pl.Date)
    zone = "UTC" if form.endswith("Z") else zone
    return times.dt.replace_time_zone(zone) if zone else times


def _recognised(column: pl.Series) -> Spelling:
    plain = plain_texts(column)
    first = plain.texts.drop_nulls().head(1)
    forms = _forms(first[0] if first.len() else "")
    if plain.has_named_months:
        forms = [form for form in forms if form.startswith("%d/%m/")]
    readings = {form: _parsed(plain.texts, form) for form in forms}
    if not readings:
        nothing = pl.Series(column.name, [None], pl.Date).new_from_index(0, column.len())
        return Spelling(nothing, Fact("time_format", "", "no known form"))
    fewest = min(values.null_count() for values in readings.values())
    readings = {form: values for form, values in readings.items() if values.null_count() == fewest}
    form, evidence, choices = _chosen(readings)
    values = readings[form]
    evidence += ", with the names of months" if plain.has_named_months else ""
    evidence += ", with an offset" if plain.offsets is not None else ""
    zone = None
    if plain.offsets is not None and plain.offsets.n_unique() == 1:
        zone = fixed_zone(plain.offsets[0])
    if zone is not None:
        values = values.cast(pl.Datetime("us")).dt.replace_time_zone(zone)
    elif plain.offsets is not None:
        clock = values.cast(pl.Datetime("us")).dt.strftime("%Y-%m-%d %H:%M:%S%.6f")
        values = (clock + plain.offsets).alias(column.name)
    return Spelling(values, Fact("time_format", form, evidence, choices))


def _forms(text: str) -> list[str]:
    """The formats that a text may have."""
    for date, formats in _DATES:
        for time, clock in _TIMES:
            if match := re.fullmatch(date + time, text):
                return [form.replace("{s}", match[1]) + clock for form in formats]
    return []


def _parsed(texts: pl.Series, form: str) -> pl.Series:
    times = texts.str.to_datetime(form, time_unit="us", strict=False, cache=False)
    first, last = _SHORT_YEARS if "%y" in form else _YEARS
    times = times.set(~times.dt.year().is_between(first, last), None)
    return times if " " in form else times.cast(pl.Date)


def _chosen(readings: Mapping[str, pl.Series]) -> tuple[str, str, tuple[str, ...]]:
    """The format of the times, the evidence and, where nothing decides, the choices."""
    forms = list(readings)
    first = readings[forms[0]]
    if all(values.equals(first) for values in readings.values()):
        return forms[0], "all rows", ()
    steps = {form: _steps(values) for form, values in readings.items()}
    following = [form for form in forms if _follow(readings[form], steps, form)]
    if len(following) == 1:
        return following[0], "all rows, whose days follow each other", ()
    return forms[0], "day and month could be exchanged in all rows", tuple(forms)


def _steps(values: pl.Series) -> list[int]:
    """Days from each date to the next other one."""
    steps = values.cast(pl.Date).drop_nulls().diff().drop_nulls().dt.total_days()
    return steps.filter(steps != 0).to_list()


def _follow(values: pl.Series, steps: Mapping[str, Sequence[int]], form: str) -> bool:
    """Whether these dates are days that follow each other, and no others look like a series.

    The first days of months, with the month as the day, follow each other too, over weekends.
    """
    own, direction = [abs(step) for step in steps[form]], {step > 0 for step in steps[form]}
    long = sum(step > _LONGEST_STEP for step in own)
    if len(direction) != 1 or len(own) < _FEWEST_STEPS or long > _RARE * len(own):
        return False
    others = [[abs(step) for step in steps[name]] or [0] for name in steps if name != form]
    if min(median(other) for other in others) > _LONGEST_MONTHS:
        return True
    has_weekend = (values.dt.weekday() >= _SATURDAY).any()
    return min(map(max, others)) > _MONTH and not long and not has_weekend

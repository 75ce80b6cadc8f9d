"""Writes the bars of a form as the bytes of its file, and states what a mapping would say."""

import datetime as dt
import gzip
import io
import zipfile
from functools import cache
from typing import Any

import polars as pl

from regime_platform.model.bar_schema import BAR_COLUMNS, PRICE_COLUMNS
from regime_platform.model.calendar.sessions import sessions
from regime_platform.model.timeframes import DURATION
from regime_platform_tests.dialects.form import (
    BROKER,
    CLOCKS,
    DATES,
    EPOCHS,
    HEADERS,
    PREAMBLES,
    Form,
)
from regime_platform_tests.dialects.truth import TRUTHS

GAP = 3  # the row whose numbers are missing, where any are
_UNNAMED = ""
_OTHER = "OTHER"  # another symbol in the same file
_SUFFIX = {"plain": "", "gz": ".gz", "zip": ".zip", "feather": ".feather", "parquet": ".parquet"}
_MIDNIGHT = dt.time()


def file_name(form: Form) -> str:
    """The name of its file."""
    suffix = _SUFFIX[form.container]
    return f"{form.truth.timeframe}{suffix if form.is_binary else '.csv' + suffix}"


def written(form: Form) -> bytes:
    """The bytes of the file."""
    table = _table(form.truth.part(few=form.size == "few"), form)
    if form.is_binary:
        stream = io.BytesIO()
        (table.write_ipc if form.container == "feather" else table.write_parquet)(stream)
        return stream.getvalue()
    content = _text(table, form).encode(form.encoding)
    if form.container == "gz":
        return gzip.compress(content, mtime=0)
    if form.container == "zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("bars.csv", content)
        return stream.getvalue()
    return content


def labels(bars: pl.DataFrame, form: Form) -> pl.Series:
    """What the bars are labelled by: instants in UTC, or midnights of dates."""
    opens, market = bars["ts"], form.truth.instrument.market
    if form.label in ("monday", "date"):
        return opens
    if form.truth.timeframe == "1week" and form.label != "midnight":
        days = {"friday": 4, "sunday": 6}
        if form.label in days:
            return opens.dt.offset_by(f"{days[form.label]}d")
        traded = sessions(market.calendar).select(pl.col("date").cast(opens.dtype)).sort("date")
        nights = opens.dt.offset_by("6d").alias("date").to_frame()
        last = nights.join_asof(traded.rename({"date": "last"}), left_on="date", right_on="last")
        return last["last"]
    if form.truth.timeframe in ("1day", "1week"):
        times = {"open": market.hours.open, "close": market.close, "midnight": _MIDNIGHT}
        zone = form.zone if form.label == "midnight" else market.zone
        if form.label == "midnight" and form.has_clock and form.offset in ("none", "GMT"):
            zone = "UTC"  # the midnight that is written, whatever the zone
        zone = _iana(form, zone)
        if form.label == "open" and market.hours.is_overnight:
            opens = opens.dt.offset_by("-1d")
        if form.label == "close" and market.close == _MIDNIGHT:
            opens = opens.dt.offset_by("1d")
        local = opens.dt.replace_time_zone(None).dt.date().dt.combine(times[form.label])
        return local.dt.replace_time_zone(zone).dt.convert_time_zone("UTC")
    if form.label == "close":
        ends = opens + DURATION[form.truth.timeframe]
        if market.has_exchange:
            closes = sessions(market.calendar).select("closes").sort("closes")
            frame = pl.DataFrame({"ts": opens, "ends": ends}).join_asof(
                closes, left_on="ts", right_on="closes", strategy="forward"
            )
            ends = frame.select(pl.min_horizontal("ends", "closes")).to_series()
        return ends
    return opens


def answers(form: Form) -> dict[str, Any]:
    """What the keys of mapping.yaml are for this form."""
    times, numbers = _names(form)
    columns: dict[str, Any] = {"ts": times if len(times) > 1 else times[0]}
    columns |= dict(zip(BAR_COLUMNS[1:], numbers, strict=True))
    if form.header != "none":
        columns = {"close": columns["close"]}  # all that can be asked
    else:
        places = {name: place for place, name in enumerate(_ordered(form), 1)}
        columns = {
            name: [places[each] for each in value] if isinstance(value, list) else places[value]
            for name, value in columns.items()
        }
    days = {"midnight": "monday", "last session": "friday"}
    stated: dict[str, Any] = {
        "columns": columns,
        "zone": _iana(form, form.zone),
        "date_zone": _iana(form, form.zone),
        "label": "close" if form.label in ("close", "friday", "sunday") else "open",
        "week_label": days.get(form.label, form.label),
        "decimal": form.decimal,
        "delimiter": form.delimiter,
        "encoding": form.encoding,
        "header": form.header != "none",
        "timeframe": form.truth.timeframe,  # an option of `regime files`
    }
    if form.thousands:
        stated["thousands"] = form.thousands
    if form.is_epoch:
        stated["epoch"] = form.date
    else:
        stated["time_format"] = _format(form, "T" if form.joined == "T" else " ")
    if form.extra in ("symbol", "other symbols"):
        is_named = form.header != "none"
        stated["symbol_column"] = "Symbol" if is_named else len(_ordered(form)) + 1
    return stated


def _names(form: Form) -> tuple[list[str], list[str]]:
    """The columns of the times, and of open, high, low, close and volume."""
    stamp, date, time, *numbers = HEADERS[form.header]
    if form.joined == "columns" and form.has_clock:
        return [date, time], numbers
    return [stamp if form.has_clock or form.is_epoch else date], numbers


def _ordered(form: Form) -> list[str]:
    """The names of times and numbers, in the order of the file."""
    times, numbers = _names(form)
    if form.order == "close first":
        numbers = [numbers[3], *numbers[:3], numbers[4]]
    first = [_UNNAMED] if form.extra == "row numbers" else []
    return [*first, *numbers, *times] if form.order == "time last" else [*first, *times, *numbers]


def _iana(form: Form, zone: str) -> str:
    return form.truth.instrument.market.zone if zone == "market" else zone


def _format(form: Form, separator: str) -> str:
    if not form.has_clock:
        return DATES[form.date]
    offset = {"none": "", "Z": "Z", "GMT": " GMT%z"}.get(form.offset, "%z")
    return f"{DATES[form.date]}{separator}{CLOCKS[form.clock]}{offset}"


def _times(bars: pl.DataFrame, form: Form) -> list[pl.Series]:
    """One or two columns of text, or a column of a binary file."""
    moments = labels(bars, form)
    if form.is_epoch:
        ticks = EPOCHS[form.date]
        micros = moments.dt.epoch("us")
        return [micros // ticks if ticks else micros * 1000]
    local = moments
    if form.has_clock and form.zone == BROKER:
        local = moments.dt.convert_time_zone("America/New_York").dt.replace_time_zone(None)
        local = local.dt.offset_by("7h").dt.replace_time_zone("UTC")
    elif form.has_clock:
        local = moments.dt.convert_time_zone(_iana(form, form.zone))
        if form.label == "midnight" and form.offset in ("none", "GMT"):
            local = moments
    if form.is_binary and form.date == "iso" and form.joined != "columns":
        if not form.has_clock:
            return [local.dt.date()]
        return [local if form.offset != "none" else local.dt.replace_time_zone(None)]
    if form.joined == "columns" and form.has_clock:
        parts = (DATES[form.date], _format(form, "\n").partition("\n")[2])
        return [_stamps(local, part, form) for part in parts]
    separator = "T" if form.joined == "T" else " "
    return [_stamps(local, _format(form, separator), form)]


def _stamps(times: pl.Series, form_of_time: str, form: Form) -> pl.Series:
    offset = "%:z" if form.offset in ("+00:00", "local") else "%z"
    return times.dt.strftime(form_of_time.replace("%f", "%3f").replace("%z", offset))


def _table(bars: pl.DataFrame, form: Form) -> pl.DataFrame:
    """All columns under their names, in their order; numbers as text where the file is text."""
    times, numbers = _names(form)
    columns = dict(zip(times, _times(bars, form), strict=True))
    for name, column in zip(numbers, BAR_COLUMNS[1:], strict=True):
        columns[name] = bars[column] if form.is_binary else _numbers(column, form)
    columns |= _extra(bars, form)
    ordered = {name: columns[name] for name in dict.fromkeys((*_ordered(form), *columns))}
    table = pl.DataFrame(ordered)
    if form.nulls != "none":
        prices = [name for name in (*numbers, "Adj Close") if name in table.columns]
        gap = table[GAP : GAP + 1].with_columns(
            pl.lit(_null(form)).cast(table[name].dtype).alias(name) for name in prices
        )
        table = pl.concat([table[:GAP], gap, table[GAP + 1 :]])
    if form.extra == "other symbols":
        table = pl.concat([table, table.with_columns(Symbol=pl.lit(_OTHER))])
    return table.reverse() if form.direction == "down" else table


def _null(form: Form) -> str | None:
    return None if form.is_binary else {"empty": "", "none": ""}.get(form.nulls, form.nulls)


def _extra(bars: pl.DataFrame, form: Form) -> dict[str, pl.Series]:
    rows = bars.height
    match form.extra:
        case "adjusted" | "same adjusted":
            factor = 0.97 if form.extra == "adjusted" else 1.0
            adjusted = (bars["close"] * factor).round(form.truth.digits)
            extra = {"Adj Close": adjusted if form.is_binary else _numbers("close", form, factor)}
        case "symbol" | "other symbols":
            extra = {"Symbol": pl.Series([form.truth.instrument.symbol] * rows)}
        case "trades":
            extra = {"trades": pl.Series([100 + 7 * (row % 13) for row in range(rows)])}
        case "row numbers":
            extra = {_UNNAMED: pl.Series(range(rows))}
        case "last delimiter":
            extra = {_UNNAMED: pl.Series([""] * rows)}
        case _:
            extra = {}
    return extra


def _numbers(column: str, form: Form, factor: float = 1.0) -> pl.Series:
    marks = str.maketrans({",": form.thousands, ".": form.decimal})
    texts = _printed(form.series, form.size, column, factor)
    return pl.Series(texts.translate(marks).split("\n"))


@cache
def _printed(series: str, size: str, column: str, factor: float) -> str:
    """Numbers with the marks ``,`` and ``.``, one per line."""
    truth = TRUTHS[series]
    digits = truth.digits if column in PRICE_COLUMNS else 0
    values = truth.part(few=size == "few")[column] * factor
    return "\n".join(f"{value:,.{digits}f}" for value in values)


def _text(table: pl.DataFrame, form: Form) -> str:
    text = table.write_csv(
        separator=form.delimiter,
        quote_style="always" if form.quotes == "all" else "never",
        include_header=form.header != "none",
    )
    preamble = PREAMBLES[form.preamble].format(delimiter=form.delimiter)
    return (preamble + text).replace("\n", form.line_end)

"""A form of a file: what the sources of the world choose differently, and which choices agree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from random import Random

from regime_platform_tests.dialects.truth import TRUTHS, Truth

#: Names of: date and time in one column, date, time, open, high, low, close, volume.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "ours": ("ts", "ts", "time", "open", "high", "low", "close", "volume"),
    "english": ("Datetime", "Date", "Time", "Open", "High", "Low", "Close", "Volume"),
    "last": ("Date Time", "Date", "Time", "Open", "High", "Low", "Last", "Vol."),
    "letters": ("t", "date", "time", "o", "h", "l", "c", "v"),
    "numbered": ("date", "date", "time", "1. open", "2. high", "3. low", "4. close", "5. volume"),
    "angled": ("<DATE>", "<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"),
    "german": ("Datum", "Datum", "Uhrzeit", "Eröffnung", "Hoch", "Tief", "Schluss", "Volumen"),
    "french": ("Date", "Date", "Heure", "Ouverture", "Plus haut", "Plus bas", "Clôture", "Volume"),
    "spanish": ("Fecha", "Fecha", "Hora", "Apertura", "Máximo", "Mínimo", "Cierre", "Volumen"),
    "italian": ("Data", "Data", "Ora", "Apertura", "Massimo", "Minimo", "Chiusura", "Volume"),
    "portuguese": ("Data", "Data", "Hora", "Abertura", "Máxima", "Mínima", "Fechamento", "Volume"),
    "russian": ("Дата", "Дата", "Время", "Открытие", "Максимум", "Минимум", "Закрытие", "Объем"),
    "chinese": ("时间", "日期", "时间", "开盘", "最高", "最低", "收盘", "成交量"),
    "japanese": ("日時", "日付", "時刻", "始値", "高値", "安値", "終値", "出来高"),
    "none": ("ts", "date", "time", "open", "high", "low", "close", "volume"),
}
DATES: Mapping[str, str] = {
    "iso": "%Y-%m-%d",
    "compact": "%Y%m%d",
    "dotted": "%d.%m.%Y",
    "year_dotted": "%Y.%m.%d",
    "day_first": "%d/%m/%Y",
    "month_first": "%m/%d/%Y",
    "short_year": "%m/%d/%y",
    "month_name": "%b %d, %Y",
    "day_name": "%d-%b-%Y",
}
CLOCKS: Mapping[str, str] = {
    "minutes": "%H:%M",
    "seconds": "%H:%M:%S",
    "fractions": "%H:%M:%S.%f",
    "digits": "%H%M%S",
    "half_days": "%I:%M %p",
}
EPOCHS: Mapping[str, int] = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0}  # microseconds a tick
PREAMBLES: Mapping[str, str] = {
    "none": "",
    "comment": "# made-up prices\n# not for trading\n",
    "address": "https://example.org/prices\n",
    "sep": "sep={delimiter}\n",
    "title": "Historical prices of MINE\n\n",
}
#: The clock of brokers' servers: seven hours ahead of New York, all year.
BROKER = "America/New_York+7h"
BINARY = ("feather", "parquet")


@dataclass(frozen=True)
class Form:
    """One choice of everything; the defaults are those of our own form."""

    series: str = "daily"
    size: str = "all"
    container: str = "plain"
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    encoding: str = "utf-8"
    header: str = "ours"
    preamble: str = "none"
    quotes: str = "none"
    nulls: str = "none"
    order: str = "ohlc"
    extra: str = "none"
    date: str = "iso"
    clock: str = "seconds"
    joined: str = " "  # between date and time; "columns" for two of them
    offset: str = "none"
    zone: str = "UTC"
    label: str = "open"
    direction: str = "up"
    line_end: str = "\n"

    @property
    def truth(self) -> Truth:
        """What its file says."""
        return TRUTHS[self.series]

    @property
    def is_binary(self) -> bool:
        """True where columns have types."""
        return self.container in BINARY

    @property
    def is_epoch(self) -> bool:
        """True where times are numbers."""
        return self.date in EPOCHS

    @property
    def has_clock(self) -> bool:
        """True where a time of day is written."""
        return not self.is_epoch and self.label not in _DATES_ONLY

    def __str__(self) -> str:
        plain = Form()
        named = (
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(plain, field.name)
        )
        return f"Form({', '.join(named)})"


#: Labels of days and weeks that are written as a date alone.
_DATES_ONLY = ("date", "monday", "friday", "sunday", "last session")
_LABELS = {
    "1day": ("date", "midnight", "open", "close"),
    "1week": ("monday", "midnight", "friday", "sunday", "last session"),
}
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "series": tuple(TRUTHS),
    "size": ("all", "few"),
    "container": ("plain", "gz", "zip", "feather", "parquet"),
    "delimiter": (",", ";", "\t", "|"),
    "decimal": (".", ","),
    "thousands": ("", ",", ".", " ", "'", "\u00a0"),
    "encoding": (
        *("utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1251", "cp866", "gbk"),
        "shift_jis",
    ),
    "header": tuple(HEADERS),
    "preamble": tuple(PREAMBLES),
    "quotes": ("none", "all"),
    "nulls": ("none", "null", "-", "empty"),
    "order": ("ohlc", "close first", "time last"),
    "extra": (
        *("none", "adjusted", "same adjusted", "symbol", "trades", "other symbols"),
        *("row numbers", "last delimiter"),
    ),
    "date": (*DATES, *EPOCHS),
    "clock": tuple(CLOCKS),
    "joined": (" ", "T", "columns"),
    "offset": ("none", "Z", "+00:00", "local", "GMT"),
    "zone": ("UTC", "market", "Europe/Berlin", BROKER),
    "label": ("open", "close", "date", "midnight", "monday", "friday", "sunday", "last session"),
    "direction": ("up", "down"),
    "line_end": ("\n", "\r\n"),
}


def fits(form: Form) -> bool:
    """True where a source could choose so, and no choice is without effect."""
    return all(rule(form) for rule in (_labels_fit, _times_fit, _numbers_fit, _text_fits))


def random_forms(count: int, seed: int, chosen: Mapping[str, str] | None = None) -> Iterator[Form]:
    """Forms with the chosen values, else drawn from the whole product."""
    draw = Random(seed)
    for _ in range(count):
        yield completed(chosen or {}, draw)


def completed(chosen: Mapping[str, str], draw: Random, most: int = 10_000) -> Form:
    """A random form that fits with these choices."""
    for _ in range(most):
        # most choices usual, so that what is chosen otherwise is seen
        share = draw.choice((0.15, 0.4, 0.8))
        others = {
            name: draw.choice(values)
            for name, values in OPTIONS.items()
            if name in ("series", "label", "date") or draw.random() < share
        }
        form = Form(**{**others, **chosen})
        if fits(form):
            return form
    raise AssertionError(f"nothing fits {chosen}")


def covering(count: int, pool: int = 6) -> list[Form]:
    """So many forms with every choice, and with as many pairs of choices as they can have."""
    draw = Random(count)
    left = {(name, value): None for name, values in OPTIONS.items() for value in values}
    pairs: set[tuple[tuple[str, str], tuple[str, str]]] = set()
    forms: list[Form] = []
    while len(forms) < count:
        chosen = dict([next(iter(left))] if left else [])
        candidates = [completed(chosen, draw) for _ in range(pool)]
        forms.append(max(candidates, key=lambda form: len(pairs_of(form) - pairs)))
        pairs |= pairs_of(forms[-1])
        for name in OPTIONS:
            left.pop((name, getattr(forms[-1], name)), None)
    return forms


def pairs_of(form: Form) -> set[tuple[tuple[str, str], tuple[str, str]]]:
    """All pairs of choices of a form."""
    names = list(OPTIONS)
    return {
        ((a, getattr(form, a)), (b, getattr(form, b)))
        for place, a in enumerate(names)
        for b in names[place + 1 :]
    }


def _labels_fit(form: Form) -> bool:
    usual = _LABELS.get(form.truth.timeframe, ("open", "close"))
    if form.is_epoch and form.label in _DATES_ONLY:
        return False
    if form.series == "days of coins" and (
        form.label == "close" or (form.header == "ours" and form.zone != "UTC")
    ):
        return False  # by definition, a midnight is that of its date, and of UTC in our column
    # by definition, our own column has the opens, where sessions do not show the closes
    shows = form.truth.timeframe not in ("15min", "5min", "1h") or (
        form.series == "hourly" and form.size == "all"
    )
    return form.label in usual and (form.header != "ours" or form.label != "close" or shows)


def _times_fit(form: Form) -> bool:
    plain = Form()
    if not form.has_clock:  # neither clock, nor zone, nor offset is written
        bare = replace(form, clock=plain.clock, joined=plain.joined, offset="none", zone="UTC")
        days = form.is_epoch and form.label == "midnight" and form.zone != BROKER
        return form == bare or (days and form == replace(bare, zone=form.zone))
    if form.offset in ("Z", "+00:00") and form.zone != "UTC":
        return False
    if form.zone == BROKER and (form.offset != "none" or form.series != "fx"):
        return False
    if form.joined == "T" and not (form.date == "iso" and form.clock in ("minutes", "seconds")):
        return False
    if form.clock == "half_days" and form.offset != "none":
        return False
    # by definition, times of our own column are in UTC
    is_ours = form.header == "ours" and form.offset == "none"
    is_elsewhere = form.zone != "UTC" and form.truth.timeframe != "1day"
    is_split = form.joined == "columns" and form.header == "ours"
    return not (is_ours and is_elsewhere) and not is_split


def _numbers_fit(form: Form) -> bool:
    if form.is_binary:
        return form.decimal == "." and not form.thousands
    if form.thousands == form.decimal:
        return False
    return form.quotes == "all" or form.delimiter not in (form.decimal, form.thousands)


def _text_fits(form: Form) -> bool:
    plain = Form()
    if form.is_binary:
        names = ("delimiter", "encoding", "preamble", "quotes", "line_end")
        return (
            form.header != "none"
            and form.extra != "last delimiter"
            and all(getattr(form, name) == getattr(plain, name) for name in names)
        )
    if form.date == "month_name" and form.delimiter == "," and form.quotes == "none":
        return False
    try:
        "".join((*HEADERS[form.header], form.thousands)).encode(form.encoding)
    except UnicodeEncodeError:
        return False
    return True

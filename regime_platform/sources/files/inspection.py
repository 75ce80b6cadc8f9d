"""What is understood of a file of bars, why, and what has to be stated before it can be added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from regime_platform.errors import BarsError, RegimeError, UsageError
from regime_platform.model.calendar.best_fit import Fit, best_calendars
from regime_platform.model.exchanges import NEW_YORK
from regime_platform.model.instants import iso
from regime_platform.model.markets import MARKETS, Market, market_of
from regime_platform.model.symbols import Symbol, parse_symbol
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.sources.files.doubts import price_scale, split_doubts
from regime_platform.sources.files.facts import AmbiguousReadingError, Fact, remedy
from regime_platform.sources.files.finding import listed, symbol_of_name, timeframe_of_name
from regime_platform.sources.files.kinds import (
    FileRequest,
    as_tracked,
    calendar_fact,
    class_fact,
    stated_calendar,
    stated_mapping,
)
from regime_platform.sources.files.mapping import FileMapping, parsed_setting
from regime_platform.sources.files.opens import file_instants
from regime_platform.sources.files.series import table_series
from regime_platform.sources.files.spacing import spacing
from regime_platform.sources.files.table import FileTable, read_table

_OF_COLUMNS = ("columns", "where", "symbol_column")  # keys that name some
_SHOWN = 3  # bars of the start and of the end
_CLEAR = 0.4  # of all steps between bars, those of one length
_UNKNOWN = "SYNTHETIC"  # the class by which bars are read while theirs is asked for


@dataclass(frozen=True)
class SeriesOfFile:
    """The bars of one symbol in a file."""

    symbol: Symbol
    in_file: str  # as the symbol column has it; empty where there is none
    asset_class: str  # empty where it has to be stated
    calendar: str  # where it is not that of the class
    bars: int
    first: str = ""  # open, ISO 8601 UTC
    last: str = ""


@dataclass(frozen=True)
class Inspection:
    """What was understood of one file."""

    path: Path
    facts: tuple[Fact, ...] = ()
    series: tuple[SeriesOfFile, ...] = ()
    timeframe: str = ""
    skipped: int = 0  # rows without any price
    ends: pl.DataFrame | None = None  # the first and last bars of the first symbol, as stored
    fits: tuple[Fit, ...] = ()  # calendars, the best first
    splits: tuple[str, ...] = ()  # where prices may not be adjusted for one
    unused: tuple[str, ...] = ()  # keys of --set that name columns it has not, nor needs
    problem: str = ""  # why the file is refused
    code: str = ""

    @property
    def asked(self) -> tuple[Fact, ...]:
        """What has to be stated."""
        return tuple(fact for fact in self.facts if not fact.is_certain)

    @property
    def is_clear(self) -> bool:
        """True where it can be added as it is."""
        return not (self.asked or self.problem)

    @property
    def reason(self) -> str:
        """Why it cannot be added as it is, and what to state."""
        asked = [f"{fact.key} is unclear ({fact.evidence}): {remedy(fact)}" for fact in self.asked]
        return "; ".join(filter(None, (*asked, self.problem)))


def inspect_file(request: FileRequest, path: Path) -> Inspection:
    """Reads a file as it would be stored, and asks for what is unclear; never raises for a file.

    Where a key decides between several readings, the first of them shows what else is unclear.
    """
    if not str(path).isprintable():
        problem = f"{str(path)!a}: an entry cannot name it; rename the file to printable characters"
        return Inspection(path, problem=problem, code="file-name")
    asked: dict[str, Fact] = {}
    stated = dict(request.settings)
    tried: set[str] = set()
    while True:
        try:
            inspection = _understood(replace(request, settings=stated), path, tuple(asked.values()))
            return _without_guesses(inspection) if _has_guess(asked) else inspection
        except RegimeError as error:
            fact = error.fact if isinstance(error, AmbiguousReadingError) else None
            if error.code == "bar-columns" and not request.is_alone:
                without = _without_columns(request, path)
                if without is not None:
                    return without
            setting = f"{fact.key}={fact.choices[0]}" if fact else ""
            if _has_guess(asked):
                return Inspection(path, tuple(asked.values()))
            if fact is None or setting in tried:
                return Inspection(path, tuple(asked.values()), problem=str(error), code=error.code)
            asked.setdefault(fact.key, fact)
            tried.add(setting)
            key, value = parsed_setting(setting)
            stated[key] = value


def _has_guess(asked: Mapping[str, Fact]) -> bool:
    """Whether a choice that is not made may be none of those that are tried."""
    return any(fact.further for fact in asked.values())


def _without_guesses(inspection: Inspection) -> Inspection:
    """Without what only a guessed zone shows."""
    facts = [fact for fact in inspection.facts if fact.key not in ("calendar", "label")]
    return replace(inspection, facts=tuple(facts), fits=(), splits=())


def _without_columns(request: FileRequest, path: Path) -> Inspection | None:
    """The inspection without keys that name columns of other files of the command; None where it
    needs one."""
    unused = tuple(key for key in request.settings if key in _OF_COLUMNS)
    if not unused:
        return None
    rest = {key: value for key, value in request.settings.items() if key not in unused}
    inspection = inspect_file(replace(request, settings=rest), path)
    return replace(inspection, unused=unused) if inspection.is_clear else None


@dataclass(frozen=True)
class _Series:
    """The bars of one symbol, read."""

    symbol: Symbol
    in_file: str
    kind: tuple[Fact, Fact]  # class and calendar
    market: Market
    facts: tuple[Fact, ...]
    bars: pl.DataFrame  # by ts
    fits: tuple[Fit, ...]

    def summary(self) -> SeriesOfFile:
        asset_class, calendar = self.kind
        opens = self.bars["ts"].drop_nulls()
        ends = [] if opens.is_empty() else [iso(opens[0]), iso(opens[-1])]
        is_own = calendar.value not in ("", MARKETS.get(asset_class.value, self.market).calendar)
        own = calendar.value if is_own else ""
        kind = (asset_class.value, own)
        return SeriesOfFile(self.symbol, self.in_file, *kind, self.bars.height, *ends)

    def ends(self) -> pl.DataFrame:
        is_short = self.bars.height <= 2 * _SHOWN
        shown = [self.bars.head(_SHOWN), self.bars.tail(_SHOWN)]
        return self.bars if is_short else pl.concat(shown)


def _understood(request: FileRequest, path: Path, asked: Sequence[Fact]) -> Inspection:
    request = as_tracked(request, path)
    mapping = stated_mapping(request, path)
    table = read_table(path, mapping)
    timeframe = _timeframe(table, mapping, request)
    facts = (*asked, *table.facts, timeframe)
    if not timeframe.is_certain:
        return Inspection(path, _once(facts), skipped=table.skipped)
    named, symbol = _symbols(table, request, timeframe.value)
    read = [
        _read(
            each,
            in_file,
            table.of_symbol(in_file),
            replace(request, timeframe=timeframe.value),
            mapping,
        )
        for each, in_file in named
    ]
    # of many symbols, the first question stands for all of its kind
    kinds = sorted((fact for each in read for fact in each.kind), key=lambda fact: fact.is_certain)
    if not kinds[0].value and kinds[0].key == "class":
        kinds = kinds[:1]  # the calendar follows from it
    first = read[0]
    scale = filter(None, [price_scale(first.bars, mapping.scale)])
    return Inspection(
        path,
        _once((*facts, *first.facts, *scale, symbol, *kinds)),
        tuple(each.summary() for each in read),
        timeframe.value,
        table.skipped,
        first.ends(),
        first.fits,
        tuple(split_doubts(first.bars, timeframe.value, first.market)),
    )


def _once(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The first fact of each key."""
    known: dict[str, Fact] = {}
    for fact in facts:
        known.setdefault(fact.key, fact)
    return tuple(known.values())


def _timeframe(table: FileTable, mapping: FileMapping, request: FileRequest) -> Fact:
    if request.timeframe:
        return Fact("timeframe", request.timeframe, "--timeframe")
    named = timeframe_of_name(table.path, request.symbol_name)
    shown = spacing(_instants(table, mapping))
    if shown is not None and shown.share >= _CLEAR:
        evidence = f"{shown.share:.0%} of the bars follow the one before by {shown.words}"
        if shown.timeframe is None:
            message = f"{table.path}: {evidence}; give bars of {', '.join(DURATION)}"
            raise BarsError(message, code="other-spacing")
        is_named = f"; the name is {'also' if named == shown.timeframe else 'not'} of that length"
        return Fact("timeframe", shown.timeframe, evidence + (is_named if named else ""))
    if named:
        return Fact("timeframe", named, "the name of the file")
    evidence = "neither the steps between bars nor the name show it"
    return Fact("timeframe", "", evidence, tuple(DURATION))


def _instants(table: FileTable, mapping: FileMapping) -> pl.Series:
    """The times of the rows as if those without an offset were UTC, where nothing is stated."""
    return file_instants(table, mapping if mapping.zone else replace(mapping, zone="UTC"))


def _symbols(
    table: FileTable, request: FileRequest, timeframe: str
) -> tuple[list[tuple[Symbol, str]], Fact]:
    """The symbols of a file, each as it is written in it, and why."""
    texts = table.symbol_texts
    if not texts:
        symbol = request.symbol or _parsed(symbol_of_name(table.path, timeframe), table.path)
        return [(symbol, "")], Fact("symbol", symbol.name, _why(request, "the name of the file"))
    if request.symbol and len(texts) == 1:
        return [(request.symbol, texts[0])], Fact("symbol", request.symbol_name, request.symbol_by)
    named = [(_parsed(text, table.path), text) for text in texts]
    if request.symbol:
        named = [pair for pair in named if request.symbol.name == pair[0].name]
    if not named:
        message = f"{table.path} has no rows of {request.symbol_name}, only of {listed(texts)}"
        raise BarsError(f"{message}; give one of these as --symbol", code="no-symbol-rows")
    names = listed([symbol.name for symbol, _ in named])
    return named, Fact("symbol", names, _why(request, "its symbol column"))


def _parsed(text: str, path: Path) -> Symbol:
    try:
        return parse_symbol(text)
    except UsageError as error:
        message = f"{path}: {error}; or give another one with --symbol"
        raise BarsError(message, code=error.code) from error


def _why(request: FileRequest, else_: str) -> str:
    return request.symbol_by if request.symbol else else_


def _read(
    symbol: Symbol, in_file: str, table: FileTable, request: FileRequest, mapping: FileMapping
) -> _Series:
    timeframe = request.timeframe
    stated = stated_calendar(symbol, request)
    is_known = request.asset_class or request.known(symbol)
    times = table.times if is_known else _instants(table, mapping)
    asset_class = class_fact(symbol, request, times, ())
    fits: Sequence[Fit] = ()
    if not asset_class.is_certain:
        fits = _fits(table, mapping, timeframe)
        asset_class = class_fact(symbol, request, times, fits)
    code = stated.value if stated else "" if asset_class.value or not fits else fits[0].calendar
    market = market_of(asset_class.value or _UNKNOWN, code)
    series = table_series(table, timeframe, market, mapping)
    if request.is_alone and asset_class.value:
        fits = best_calendars(series.opens.ts, timeframe)
    calendar = stated or calendar_fact(market, series.opens.ts, timeframe)
    kind, bars = (asset_class, calendar), series.bars.sort("ts")
    return _Series(symbol, in_file, kind, market, series.facts, bars, tuple(fits))


def _fits(table: FileTable, mapping: FileMapping, timeframe: str) -> Sequence[Fit]:
    """The calendars that the bars fit best, in UTC or, without an offset, in New York."""
    zones = [mapping.zone] if mapping.zone else ["UTC", NEW_YORK][: 1 + is_intraday(timeframe)]
    fits = [
        best_calendars(file_instants(table, replace(mapping, zone=zone)), timeframe)
        for zone in zones
    ]
    return max(fits, key=lambda best: best[0].total if best else 0.0)

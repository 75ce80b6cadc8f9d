"""What kind of instrument the bars of a file are of: stated, certain by the bars, or asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.model.calendar.best_fit import Fit, best_calendars
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import MARKETS, Market
from regime_platform.model.symbols import Symbol, parse_symbol
from regime_platform.model.universe.plausibility import class_of_pair
from regime_platform.sources.files.facts import Fact
from regime_platform.sources.files.finding import symbol_of_name, timeframe_of_name
from regime_platform.sources.files.mapping import FileMapping, read_mapping

_FITS, _CLEARLY = 0.9, 0.2  # shares of bars by a calendar
_FEWEST = 20  # bars, to doubt the calendar of a class
_FEWEST_WEEKS, _DAYS = 4, 7
_MOST_MISSING = 0.2  # of the days of all weeks, for a market that never closes


@dataclass(frozen=True)
class FileRequest:
    """What is stated about files that are to be added."""

    symbol: Symbol | None = None
    symbol_by: str = "--symbol"
    timeframe: str = ""
    asset_class: str = ""
    calendar: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)  # keys of mapping.yaml
    tracked: Mapping[str, Instrument] = field(default_factory=dict)  # by symbol
    is_alone: bool = False  # one file, of which all calendars that fit are shown

    @property
    def symbol_name(self) -> str:
        """The stated symbol; empty where it is not stated."""
        return "" if self.symbol is None else self.symbol.name

    def known(self, symbol: Symbol) -> Instrument | None:
        """The tracked instrument of a symbol, where its bars come from files."""
        instrument = self.tracked.get(symbol.name)
        return instrument if instrument is not None and instrument.source == "files" else None


def stated_mapping(request: FileRequest, path: Path) -> FileMapping:
    """What is stated about a file, in sections by what its name says."""
    timeframe = request.timeframe or timeframe_of_name(path, request.symbol_name) or ""
    symbol = request.symbol_name or symbol_of_name(path, timeframe).upper()
    mapping = read_mapping(path.parent).for_series(timeframe, symbol)
    return mapping.stating(request.settings, "--set") if request.settings else mapping


def as_tracked(request: FileRequest, path: Path) -> FileRequest:
    """With the symbol whose entry names the file, where keys are stated of that symbol."""
    sections = read_mapping(path.parent).symbols
    timeframe = request.timeframe or timeframe_of_name(path) or ""
    if request.symbol or symbol_of_name(path, timeframe).upper() in sections:
        return request
    of_file = [
        name
        for name, fields in sections.items()
        if "symbol_column" not in fields and _names(request.tracked.get(name), path)
    ]
    if len(of_file) != 1:
        return request
    return replace(request, symbol=parse_symbol(of_file[0]), symbol_by="the entry of the file")


def _names(instrument: Instrument | None, path: Path) -> bool:
    """Whether an entry names a file by its path."""
    files = instrument.files if instrument is not None else {}
    return any(str(path) in paths for paths in files.values())


def class_fact(symbol: Symbol, request: FileRequest, times: pl.Series, best: Sequence[Fit]) -> Fact:
    """The asset class; of a pair by its sides, of what trades on all days crypto, else asked for.

    ``times`` are those of the bars, ``best`` the calendars that fit them.
    """
    known = request.known(symbol)
    if request.asset_class:
        return Fact("class", request.asset_class, "--class")
    if known is not None:
        return Fact("class", known.asset_class, f"the entry of {symbol.name}")
    if pair := class_of_pair(symbol.written):
        return Fact("class", pair, f"the sides of {symbol.written}")
    if _is_on_all_days(times):
        return Fact("class", "CRYPTO", "bars on all days of the week")
    fitting = best[0].calendar if best else ""
    classes = sorted(MARKETS, key=lambda name: MARKETS[name].calendar != fitting)
    choices = tuple(name for name in classes if name != "SYNTHETIC")
    return Fact("class", "", "bars do not show what they are of", choices)


def stated_calendar(symbol: Symbol, request: FileRequest) -> Fact | None:
    """The calendar that is stated or that of the tracked instrument; None where it is neither."""
    known = request.known(symbol)
    if request.calendar:
        return Fact("calendar", request.calendar, "--calendar")
    if known is not None:
        return Fact("calendar", known.market.calendar, f"the entry of {symbol.name}")
    return None


def calendar_fact(market: Market, opens: pl.Series, timeframe: str) -> Fact:
    """The calendar of the class, unless the bars clearly fit another one: then it is asked for."""
    usual, name = market.calendar, market.name
    own = best_calendars(opens, timeframe, calendars=(usual,)) if opens.len() >= _FEWEST else ()
    if not own:
        return Fact("calendar", usual, f"that of {name}")
    evidence = f"that of {name}: {shares(own[0])}"
    if own[0].inside >= _FITS and own[0].present >= _FITS:
        return Fact("calendar", usual, evidence)
    best = best_calendars(opens, timeframe)
    better = tuple(fit.calendar for fit in best if fit.total - own[0].total >= _CLEARLY)
    if not better:
        return Fact("calendar", usual, evidence)
    evidence = f"of {usual}, {evidence}; of {best[0].calendar} {shares(best[0])}"
    return Fact("calendar", "", evidence, (*better, usual))


def shares(fit: Fit) -> str:
    """How bars fit a calendar, as a part of a message."""
    return f"{fit.inside:.0%} of the bars in its sessions, {fit.present:.0%} of its bars present"


def _is_on_all_days(times: pl.Series) -> bool:
    dates = times.drop_nulls().dt.date().unique()
    weeks = dates.dt.truncate("1w").n_unique()
    is_whole = dates.dt.weekday().n_unique() == _DAYS
    return (
        is_whole and weeks >= _FEWEST_WEEKS and dates.len() >= (1 - _MOST_MISSING) * _DAYS * weeks
    )

"""Runs a study over symbols on all cores; a symbol without an answer is named, with the reason."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from regime_platform.errors import RegimeError, ResultsError, UsageError, failure_reason
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.study.stored_series import StoredSeries, series_of
from regime_platform.studies.catalog import StudyEntry, study_entry
from regime_platform.studies.options import StudyOptions
from regime_platform.studies.result import LeftOut, StudyReport, SymbolStudy
from regime_platform.studies.series import StudySeries
from regime_platform.workers import map_in_processes
from regime_platform.workspace import Where, Workspace

#: Symbols for each process beyond the first: its start takes three seconds.
WORTH_A_PROCESS = 40
#: What such an error means is that there is nothing to study.
_NOTHING_TO_STUDY = {"no-bars", "no-results", "no-states", "too-short", "split-outside"}

Outcome = SymbolStudy | LeftOut
#: Receives the outcomes and how many there will be, and yields them again.
Watch = Callable[[Iterable[Outcome], int], Iterable[Outcome]]


def _unwatched(outcomes: Iterable[Outcome], _total: int) -> Iterable[Outcome]:
    return outcomes


def run_study(  # noqa: PLR0913 - what a command line has
    name: str,
    symbols: Iterable[str] | None = None,
    timeframe: str = "1day",
    options: StudyOptions | None = None,
    *,
    where: Where = None,
    watch: Watch = _unwatched,
) -> StudyReport:
    """The answer of a study for symbols, and across them where two or more have one.

    Args:
        name: of ``studies.catalog.STUDIES``.
        symbols: in any case and order; None for all of the universe.
        timeframe: or an alias of it.
        options: None for the defaults.
        where: settings or a data root; default: the environment.
        watch: sees each outcome as soon as it is there, in the order of the symbols.

    Raises:
        UsageError: study, timeframe, or a symbol is unknown, no symbol is asked for, or the split
            is outside the bars of all symbols.
        ConfigError: the libraries of studies are not installed.
        ResultsError, BarsError: no symbol has an answer; the error of the first.
    """
    entry, wanted = study_entry(name), canonical_timeframe(timeframe)
    study, options = entry.load(), options or StudyOptions()
    workspace = Workspace.open(where)
    universe = workspace.universe
    names = sorted(universe.symbols if symbols is None else universe.symbols_of(symbols))
    for symbol in names:
        workspace.find(symbol)
    if not names:
        raise UsageError("no symbol to study: name one, or all", code="no-symbols")
    work = partial(_outcome, _Request(workspace, entry, wanted, options))
    workers = min(workspace.settings.workers, len(names) // WORTH_A_PROCESS)
    outcomes = list(watch(map_in_processes(workers, work, names, _died), len(names)))
    answers = tuple(each for each in outcomes if isinstance(each, SymbolStudy))
    left_out = tuple(each for each in outcomes if isinstance(each, LeftOut))
    if not answers:
        raise left_out[0].error
    tables, conclusions = study.pooled(answers, options) if len(answers) > 1 else ((), ())
    return StudyReport(
        study=entry.name,
        title=entry.title,
        question=entry.question,
        timeframe=wanted,
        options=options,
        symbols=answers,
        tables=tables,
        conclusions=conclusions,
        left_out=left_out,
    )


@dataclass(frozen=True)
class _Request:
    workspace: Workspace
    entry: StudyEntry
    timeframe: str
    options: StudyOptions


def _outcome(request: _Request, symbol: str) -> Outcome:
    try:
        return _answer(request, symbol)
    except RegimeError as error:
        return LeftOut(symbol, error, is_damaged=error.code not in _NOTHING_TO_STUDY)
    except Exception as error:  # noqa: BLE001 - one damaged symbol must not stop the others
        return _died(symbol, failure_reason(error, symbol))


def _answer(request: _Request, symbol: str) -> SymbolStudy:
    options = request.options
    series, notes = series_of(request.workspace, symbol, request.timeframe)
    _require_length(series, options.horizon)
    if options.split is not None:
        _require_split_inside(series, options.split)
    others = _others(request, symbol) if request.entry.reads_others else {}
    study = request.entry.load().of(
        series, {name: other.series for name, other in others.items()}, options
    )
    notes += tuple(note for other in others.values() for note in other.notes)
    return replace(study, notes=(*notes, *study.notes))


def _others(request: _Request, symbol: str) -> Mapping[str, StoredSeries]:
    """The other timeframes of a symbol that have states."""
    instrument, _paths = request.workspace.find(symbol)
    others = {}
    for timeframe in instrument.timeframes:
        if timeframe == request.timeframe:
            continue
        try:
            others[timeframe] = series_of(request.workspace, symbol, timeframe)
        except RegimeError as error:
            if error.code not in _NOTHING_TO_STUDY:
                raise
    return others


def _require_length(series: StudySeries, horizon: int) -> None:
    if len(series) < horizon + 2:
        raise ResultsError(
            f"{series.symbol} has {len(series):,} {series.timeframe} bars with a state, fewer than "
            f"the {horizon + 2:,} that a horizon of {horizon:,} bars needs",
            code="too-short",
        )


def _require_split_inside(series: StudySeries, split: dt.datetime) -> None:
    at = np.datetime64(split.astimezone(dt.UTC).replace(tzinfo=None), "us")
    first, last = series.ts[0], series.ts[-1]
    if not first < at <= last:
        raise UsageError(
            f"{series.symbol}: split {split:%Y-%m-%d} is outside its bars, "
            f"{first.astype('datetime64[D]')} to {last.astype('datetime64[D]')}",
            code="split-outside",
        )


def _died(symbol: str, reason: str) -> LeftOut:
    return LeftOut(symbol, ResultsError(reason, code="study-failed"), is_damaged=True)

"""Validates a symbol's bars in their context; writes nothing."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import version

import polars as pl

from regime_platform.bar_store.actions_file import read_actions
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.acquisition import earliest_dates
from regime_platform.bar_store.raw.gate_input import GateInput, gate_inputs
from regime_platform.bar_store.raw.raw_names import RawListing, RawLog
from regime_platform.bar_store.session import raw_listing, stored_finer
from regime_platform.bar_store.verdicts import recorded_first_dates
from regime_platform.errors import ConfigError
from regime_platform.model.calendar.trading_hours import MIDNIGHT
from regime_platform.model.instants import instant
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import FINER
from regime_platform.pipeline.gate.derived import derived_series, sources_of
from regime_platform.regular_files import read_text
from regime_platform.revisions.contradictions import contradictions
from regime_platform.revisions.price_factors import Adjustment
from regime_platform.validation.gate import GateResult, compared, gate
from regime_platform.validation.overrides import in_force, out_of_force
from regime_platform.validation.policy import Policy, ValidationContext, parse_policy
from regime_platform.validation.rules.bar import Listed, finished_when_fetched
from regime_platform.validation.rules.comparison import Overlap, overlap, versions_of_repeated

_DAY = "1day"


@dataclass(frozen=True)
class ValidatedSeries:
    """One series as it went into the gate, and the gate's result."""

    rows: pl.DataFrame
    result: GateResult
    log: RawListing  # of the raw log that it was read from
    factors: tuple[Adjustment, ...]  # by which its prices were adjusted
    actions: tuple[int, ...]  # numbers of the corporate actions that they were adjusted for before
    listed: Listed  # the dates between which it can have bars
    derived_from: str | None = None  # the series that its rows are built from; None where given


def validation_context(
    paths: SymbolPaths, instrument: Instrument, policy: Policy, as_of: dt.datetime | None = None
) -> ValidationContext:
    """What the bars of a symbol are validated against; ``as_of`` leaves out later decisions."""
    known = {name: date.isoformat() for name, date in earliest_dates(paths).items()}
    first = recorded_first_dates(paths) | known  # acquisition.json may be lost
    listing = {
        timeframe: Listed(first=first.get(timeframe, ""), last=instrument.delisted)
        for timeframe in (*FINER, *instrument.timeframes)
    }
    context = with_overrides(paths, policy, as_of)
    return replace(
        context,
        listing=listing,
        actions=read_actions(paths, as_of),
        calendar=instrument.market.calendar,
    )


def with_overrides(
    paths: SymbolPaths, policy: Policy, as_of: dt.datetime | None = None
) -> ValidationContext:
    """The severities, and the overrides of a symbol; ``as_of`` leaves out later ones."""
    entries = read_overrides(paths)
    if as_of is not None:
        entries = tuple(entry for entry in entries if instant(entry.at) <= as_of)
    return ValidationContext(
        policy, in_force(entries), withdrawn=out_of_force(entries), symbol=paths.symbol
    )


def read_policy(root: DataRoot) -> Policy:
    """The severities of gate.yaml (`ConfigError` where damaged), or the default ones."""
    where = root.gate_policy
    try:
        return parse_policy(read_text(where), str(where))
    except FileNotFoundError:
        return Policy()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read {where}: {error}; correct or remove it", code="unreadable-file"
        ) from error


def validate_log(
    paths: SymbolPaths,
    instrument: Instrument,
    context: ValidationContext,
    as_of: dt.datetime | None = None,
) -> dict[str, ValidatedSeries]:
    """Validates every series of a symbol: finer ones in its raw log, then its timeframes.

    A timeframe without a row of its own is built from the valid bars of the coarsest series that it
    can be built from. ``as_of`` leaves out later fetches.
    """
    market, stored = instrument.market, (*stored_finer(paths), *instrument.timeframes)
    logs = {name: raw_listing(paths, name) for name in stored}
    inputs = gate_inputs(paths, logs, market, as_of, logs)
    sources = sources_of({name: series.rows.height for name, series in inputs.items()})
    overlaps = {
        timeframe: overlap_of(logs[timeframe], series, timeframe, market, context)
        for timeframe, series in inputs.items()
        if timeframe not in sources
    }
    rows = {name: series.rows for name, series in inputs.items() if name not in sources}
    results = validate_rows(rows, market, context, overlaps)
    for name, derived in derived_series(sources, results, market, context).items():
        rows[name], results[name] = derived
    return {
        name: ValidatedSeries(
            rows[name],
            results[name],
            logs[name],
            inputs[sources.get(name, name)].factors,
            inputs[sources.get(name, name)].actions,
            context.listed(name),
            sources.get(name),
        )
        for name in stored
    }


def overlap_of(
    log: RawLog, series: GateInput, timeframe: str, market: Market, context: ValidationContext
) -> Overlap:
    """How the fetches of one series agree where they brought the same bars."""
    settled = context.settled(timeframe)
    raw = versions_of_repeated(series.raw, timeframe, market)
    contradicting = contradictions(
        raw,
        series.served,
        timeframe,
        market,
        repeated=lambda: dict(raw_log.read_origins(log).select("batch", "same").iter_rows()),
        settled=settled,
        readings=series.readings,
    )
    agreed = overlap(raw, series.served, timeframe, market)
    awaited = series.awaited
    is_accepted = awaited is None or (settled is not None and awaited.seen_at <= settled)
    rereading = "" if awaited is None or is_accepted else awaited.describe()
    return replace(agreed, contradicting=contradicting, rereading=rereading, lost=series.lost)


def validate_rows(
    rows: Mapping[str, pl.DataFrame],
    market: Market,
    context: ValidationContext,
    overlaps: Mapping[str, Overlap] | None = None,
) -> dict[str, GateResult]:
    """The rows of each timeframe of one symbol through the gate, then against each other."""
    validated = partial(gate, market=market, context=context)
    compare = partial(compared, overlaps=overlaps or {}, market=market, context=context)
    results = {name: validated(series, timeframe=name) for name, series in rows.items()}
    together = compare(results)
    days = together.get(_DAY)
    # all of them tell where days end, and that decides whether the newest one was over
    if days is None or days.anchor != MIDNIGHT:
        return together
    if finished_when_fetched(days.valid, _DAY, market, MIDNIGHT).all():
        return together
    return compare({**results, _DAY: validated(rows[_DAY], timeframe=_DAY, day_end=MIDNIGHT)})


@cache
def calendar_version() -> str:
    """Version of the library of holidays: with another one, bars may be validated differently."""
    return version("exchange_calendars")

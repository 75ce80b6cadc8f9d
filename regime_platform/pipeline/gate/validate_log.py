"""What the gate says of a symbol's bars, wherever they lie; nothing is written here."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import polars as pl

from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.overrides import read_decisions
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.acquisition import earliest_dates
from regime_platform.bar_store.raw.contradictions import contradictions
from regime_platform.bar_store.raw.gate_input import GateInput, gate_input
from regime_platform.bar_store.recorded import recorded_first_dates
from regime_platform.errors import ConfigError
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import instant
from regime_platform.regular_files import read_text
from regime_platform.revisions.price_factors import Adjustment
from regime_platform.validation.comparison import compared
from regime_platform.validation.gate import GateResult, gate
from regime_platform.validation.overrides import in_force, out_of_force
from regime_platform.validation.policy import Policy, Standard, parse_policy
from regime_platform.validation.rules.listing import Listed
from regime_platform.validation.rules.overlap import Overlap, overlap


@dataclass(frozen=True)
class ValidatedSeries:
    """One series as it went into the gate, and what came of it."""

    rows: pl.DataFrame
    result: GateResult
    log_digest: str  # of the raw log it was read from
    raw_files: tuple[str, ...]  # of that log, in order of arrival
    factors: tuple[Adjustment, ...]  # by which its prices were adjusted
    listed: Listed  # the dates it was judged by


def standard_of(
    root: DataRoot, instrument: Instrument, as_of: dt.datetime | None = None
) -> Standard:
    """By what the bars held of an instrument are judged.

    ``as_of`` leaves out what persons decided later; severities, the delisting and the first bars
    that the source has are those of today.

    Raises:
        ConfigError: gate.yaml or decisions.yaml is damaged or says what cannot be.
    """
    paths = root.symbol(instrument.symbol)
    known = {name: date.isoformat() for name, date in earliest_dates(paths).items()}
    first = recorded_first_dates(paths) | known  # the memory of requests may be lost
    listing = {
        timeframe: Listed(first=first.get(timeframe, ""), last=instrument.delisted)
        for timeframe in instrument.timeframes
    }
    return replace(decided(root, instrument.symbol, as_of), listing=listing)


def decided(root: DataRoot, symbol: str, as_of: dt.datetime | None = None) -> Standard:
    """What persons decided on: gate.yaml of the data root, and the symbol's decisions.

    ``as_of`` leaves out what persons decided later; the severities are those of today.

    Raises:
        ConfigError: one of the files is damaged or says what cannot be.
    """
    entries = read_decisions(root.symbol(symbol))
    if as_of is not None:
        entries = tuple(entry for entry in entries if instant(entry.at) <= as_of)
    return Standard(severities(root), in_force(entries), withdrawn=out_of_force(entries))


def severities(root: DataRoot) -> Policy:
    """Those of gate.yaml, or as they ship where there is none.

    Raises:
        ConfigError: the file cannot be read, or says what cannot be.
    """
    where = root.gate_policy
    try:
        return parse_policy(read_text(where), str(where))
    except FileNotFoundError:
        return Policy()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {where}: {error}; correct or remove it") from error


def validate_log(
    paths: SymbolPaths,
    instrument: Instrument,
    standard: Standard,
    as_of: dt.datetime | None = None,
) -> dict[str, ValidatedSeries]:
    """Every series of the raw log of ``instrument``, judged; ``as_of`` leaves out later fetches."""
    folders = {timeframe: paths.raw(timeframe) for timeframe in instrument.timeframes}
    logs = {
        one: (raw_log.log_digest(folder), tuple(raw_log.names(folder)))
        for one, folder in folders.items()
    }
    given = {folder: gate_input(paths, folder, instrument.asset_class, as_of) for folder in folders}
    overlaps = {
        timeframe: overlap_of(folders[timeframe], one, timeframe, instrument.asset_class, standard)
        for timeframe, one in given.items()
    }
    rows = {timeframe: one.rows for timeframe, one in given.items()}
    results = validate_rows(rows, instrument.asset_class, standard, overlaps)
    return {
        one: ValidatedSeries(
            rows[one], result, *logs[one], given[one].factors, standard.listed(one)
        )
        for one, result in results.items()
    }


def overlap_of(
    folder: Path, given: GateInput, timeframe: str, asset_class: str, standard: Standard
) -> Overlap:
    """How the fetches of one series agree where they brought the same bars."""

    def repeated() -> dict[str, str]:
        return dict(raw_log.read_origins(folder).select("batch", "same").iter_rows())

    contradicting = contradictions(
        given.raw,
        given.served,
        timeframe,
        asset_class,
        repeated=repeated,
        settled=standard.settled(timeframe),
    )
    agreed = overlap(given.raw, given.served, timeframe, asset_class)
    return replace(agreed, contradicting=contradicting)


def validate_rows(
    rows: Mapping[str, pl.DataFrame],
    asset_class: str,
    standard: Standard,
    overlaps: Mapping[str, Overlap] | None = None,
) -> dict[str, GateResult]:
    """The rows of each timeframe of one symbol through the gate, then against each other."""
    results = {
        timeframe: gate(row, timeframe=timeframe, asset_class=asset_class, standard=standard)
        for timeframe, row in rows.items()
    }
    return compared(results, overlaps or {}, asset_class=asset_class, standard=standard)


@cache
def calendar_version() -> str:
    """Of the library that knows the holidays: another one may judge otherwise."""
    return version("exchange_calendars")

"""The input of the gate for one series: the raw log folded, on one price basis.

It depends on the raw log, on what fetches showed of it (splits.json), on withdrawals by operators
and on corporate actions, as of any moment, so that an earlier verdict can be reproduced.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from types import MappingProxyType

import polars as pl

from regime_platform.bar_store.actions_file import read_actions
from regime_platform.bar_store.basis_files import BasisRecord, basis_records
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.overrides import withdrawals
from regime_platform.bar_store.raw.raw_log import read_current
from regime_platform.bar_store.raw.raw_names import RawListing
from regime_platform.model.actions import Action, in_force
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import is_intraday
from regime_platform.revisions.basis_changes import is_older, rebased
from regime_platform.revisions.contradictions import Reading
from regime_platform.revisions.corporate_actions import SplitInput, split_adjusted
from regime_platform.revisions.fold import fold
from regime_platform.revisions.price_factors import Adjustment, adjusted, price_factors
from regime_platform.revisions.withdrawals import Current, no_opens, without
from regime_platform.validation.rules.bar import finished_when_fetched
from regime_platform.validation.rules.series import GATE_SCHEMA

_COLUMNS = (*GATE_SCHEMA, "price_basis")


@dataclass(frozen=True)
class GateInput:
    """The stored rows of one series, from every revision to what the gate reads."""

    #: Every revision in order of arrival, without what marks and readings took back.
    raw: pl.DataFrame
    served: pl.DataFrame  # those in force, as they were served
    rows: pl.DataFrame  # the same in the gate's schema, on today's price basis
    timeframe: str
    market: Market
    factors: tuple[Adjustment, ...] = ()  # by which ``rows`` differ from ``served``
    records: tuple[BasisRecord, ...] = ()  # what fetches showed of the stored bars
    lost: pl.Series = field(default_factory=no_opens)  # opens that their source no longer has
    actions: tuple[int, ...] = ()  # numbers of the declared splits that ``rows`` differ by, too

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The series was read again because of bars that no factor explains."""
        return tuple(
            Reading(record.before, record.refetched_at)
            for record in self.records
            if record.before is not None and record.refetched_at and self._is_doubtful(record)
        )

    @property
    def awaited(self) -> BasisRecord | None:
        """Because of which the series has to be read again before its bars are on one basis."""
        waiting = (record for record in self.records if record.refetched_at is None)
        return next(filter(self._is_doubtful, waiting), None)

    def _is_doubtful(self, record: BasisRecord) -> bool:
        """True where no factor explains the bars, or it is unknown from when on it applies."""
        if record.rebase is None:
            return True
        before, change = record.rebase
        later = self.served.filter(is_older(before) & (pl.col("ts") > change.last))
        are_finished = finished_when_fetched(later, self.timeframe, self.market)
        return change.same_from is None and are_finished.any()


@dataclass(frozen=True)
class _Stored:
    """The revisions in force of one series, on the basis that its source serves now."""

    known: Current
    served: pl.DataFrame  # as they were served
    records: tuple[BasisRecord, ...]

    @property
    def rows(self) -> pl.DataFrame:
        """Those of before a change of the basis put on the new one."""
        changes = [record.rebase for record in self.records]
        return rebased(self.served, [change for change in changes if change is not None])


def gate_input(
    paths: SymbolPaths,
    timeframe: str,
    market: Market,
    as_of: dt.datetime | None = None,
    logs: Mapping[str, RawListing] = MappingProxyType({}),
) -> GateInput:
    """The revisions in force of one series, on today's price basis.

    Bars that were not served again since their source changed its basis are put on the new one.
    Declared splits are applied to bars whose source does not state that they are split-adjusted,
    and measured factors to intraday bars that it declares unadjusted beside daily bars that it
    declares split-adjusted. ``as_of`` leaves out what was fetched or declared later, of the daily
    bars as well; ``logs`` has listings (by timeframe) that the caller made.

    Raises:
        BarsError: a file of the raw log, splits.json or actions.json is damaged.
    """
    return gate_inputs(paths, (timeframe,), market, as_of, logs)[timeframe]


def gate_inputs(
    paths: SymbolPaths,
    timeframes: Iterable[str],
    market: Market,
    as_of: dt.datetime | None = None,
    logs: Mapping[str, RawListing] = MappingProxyType({}),
) -> dict[str, GateInput]:
    """`gate_input` of several series, which share the daily bars that they are measured by."""
    read = cache(partial(_stored, paths, market=market, as_of=as_of, logs=logs))
    splits = in_force(read_actions(paths, as_of))
    return {timeframe: _input(timeframe, market, splits, read) for timeframe in timeframes}


def _input(
    timeframe: str, market: Market, splits: Sequence[Action], read: Callable[..., _Stored]
) -> GateInput:
    if not splits and not is_intraday(timeframe):
        bars = read(timeframe, columns=tuple(GATE_SCHEMA))
        known = bars.known
        stored = known.rows, bars.served, bars.rows, timeframe, market
        return GateInput(*stored, records=bars.records, lost=known.lost)
    bars, series, days = _parts(timeframe, market, read)
    declared = split_adjusted(series, splits)
    known, rows = bars.known, declared.rows
    steps: tuple[Adjustment, ...] = ()
    is_unadjusted = _is_served(known.rows, "unadjusted")
    if days is not None:
        unadjusted = rows.filter(is_unadjusted)
        recorded = [record.ratio for record in days.records if record.ratio is not None]
        steps = price_factors(days.rows, unadjusted, timeframe, market, recorded)
    if steps:
        parts = [adjusted(unadjusted, steps, market), rows.filter(~is_unadjusted)]
        rows = pl.concat(parts).sort("ts", maintain_order=True)
    stored = known.rows, bars.served, rows, timeframe, market
    return GateInput(*stored, steps, bars.records, known.lost, declared.applied)


def split_input(paths: SymbolPaths, timeframe: str, market: Market) -> SplitInput:
    """The rows in force of one series before declared splits; raises as `gate_input`."""
    return _parts(timeframe, market, partial(_stored, paths, market=market))[1]


def _stored(  # noqa: PLR0913 - which rows of a log
    paths: SymbolPaths,
    timeframe: str,
    *,
    market: Market,
    as_of: dt.datetime | None = None,
    logs: Mapping[str, RawListing] = MappingProxyType({}),
    columns: Sequence[str] = _COLUMNS,
) -> _Stored:
    known = read_current(logs.get(timeframe, paths.raw(timeframe)), as_of, columns)
    known = without(known, withdrawals(paths, timeframe, as_of))
    records = _in_effect(basis_records(paths, timeframe, as_of), known.rows)
    return _Stored(known, fold(known.rows, timeframe, market), records)


def _parts(
    timeframe: str, market: Market, read: Callable[[str], _Stored]
) -> tuple[_Stored, SplitInput, _Stored | None]:
    """The series, the input of declared splits, and daily bars to measure unadjusted ones by."""
    bars, days, daily = read(timeframe), None, None
    raw = bars.known.rows
    if timeframe == "1week":
        daily = _parts("1day", market, read)[1]
    elif is_intraday(timeframe) and (raw["price_basis"] == "unadjusted").any():
        stored = read("1day")
        is_adjusted = _is_served(stored.known.rows, "split_adjusted")
        served = stored.served.filter(is_adjusted)
        days = None if served.is_empty() else replace(stored, served=served)
    lacks = _is_served(raw, "as_served")
    if days is None:
        lacks |= _is_served(raw, "unadjusted")
    return bars, SplitInput(bars.rows, lacks, timeframe, market, daily), days


def _in_effect(records: Sequence[BasisRecord], raw: pl.DataFrame) -> tuple[BasisRecord, ...]:
    """Those whose batch arrived; it may have been lost with a process that was killed."""
    return tuple(
        record
        for record in records
        if record.before is not None and not raw.filter(~is_older(record.before)).is_empty()
    )


def _is_served(raw: pl.DataFrame, basis: str) -> pl.Expr:
    """True for rows of the batches that were served on a price basis."""
    batches = raw.filter(pl.col("price_basis") == basis)["batch"].unique()
    return pl.col("batch").is_in(batches.implode())

"""What a page shows of the stored bars beside revisions, and what follows from it.

A source rewrites its history on the day of a split or a dividend. What a page shows of that, and
what is to be fetched again, is recorded before the page is stored, since a process may be killed in
between.
"""

import datetime as dt
from dataclasses import dataclass

import polars as pl

from regime_platform.bar_store.basis_files import (
    BasisRecord,
    basis_records,
    note_basis,
    pending_record,
    settle_basis,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.overrides import read_overrides
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.raw.acquisition import proven_coverage, write_coverage
from regime_platform.bar_store.raw.page_update import FetchOrigin, LogUpdate
from regime_platform.bar_store.raw.raw_names import RawListing
from regime_platform.bar_store.session import raw_listing
from regime_platform.model.coverage import UNREAD, Coverage
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
from regime_platform.revisions.basis_changes import (
    BasisChange,
    detect_basis_change,
    is_older,
    rebased,
)
from regime_platform.revisions.contradictions import FEWEST, Disagreement, page_disagreement
from regime_platform.revisions.fold import fold
from regime_platform.sources.protocol import BarPage
from regime_platform.validation.overrides import in_force
from regime_platform.validation.policy import ValidationContext
from regime_platform.validation.rules.bar import finished_when_fetched
from regime_platform.validation.rules.series import GATE_SCHEMA


@dataclass(frozen=True)
class Shown:
    """What a page shows of the stored bars beside ordinary revisions."""

    evidence: BasisChange | Disagreement

    def record(self, paths: SymbolPaths, origin: FetchOrigin) -> BasisRecord:
        """The same for splits.json; hold the lock, and append the page next."""
        evidence, listed = self.evidence, raw_listing(paths, origin.timeframe)
        change = evidence if isinstance(evidence, BasisChange) else None
        return BasisRecord(
            timeframe=origin.timeframe,
            ratio=None if change is None else change.ratio,
            seen_at=origin.fetched_at,
            seen_on=origin.timeframe,
            evidence=evidence,
            before=listed.next_sequence,
            stored=None if change is None else _stored_up_to(listed, change.last),
        )


def shown_by(
    paths: SymbolPaths, timeframe: str, page: BarPage, update: LogUpdate, *, joins: bool = False
) -> Shown | None:
    """What ``page`` shows, unless that is known and its bars are being read again already.

    ``joins``: it is a page of the history, which has to agree with the one after it in every bar.
    """
    if not update.diff.revised or update.is_other_reading:
        return None
    records = basis_records(paths, timeframe)
    stored = update.diff.in_force
    newest = max((entry.before or 0 for entry in records), default=0)
    change = detect_basis_change(stored.filter(~is_older(newest)), page.bars)
    if change is not None:
        return Shown(change)
    if any(entry.ratio is None and entry.refetched_at is None for entry in records):
        return None
    moved = rebased(stored, [entry.rebase for entry in records if entry.rebase is not None])
    unlike = page_disagreement(moved, page.bars, joins=joins)
    return None if unlike is None else Shown(unlike)


def lost_overlap(
    paths: SymbolPaths,
    instrument: Instrument,
    timeframe: str,
    start: dt.datetime,
    update: LogUpdate,
) -> str:
    """Why a page that was requested from ``start`` on is refused: none of the stored bars of its
    source came back, and all of its bars are later. Empty where that is not so."""
    diff = update.diff
    if diff.same or diff.revised or not diff.new:
        return ""
    raw = raw_log.read_current(update.listed, columns=(*GATE_SCHEMA, "source")).rows
    batches = raw.filter(source=instrument.source)["batch"].unique()
    rows = fold(raw, timeframe, instrument.market)
    rows = rows.filter(finished_when_fetched(rows, timeframe, instrument.market))
    first = diff.rows["ts"].min()
    stored = rows.filter(pl.col("batch").is_in(batches.implode()), pl.col("ts") >= start)
    if stored.height < FEWEST or stored.filter(pl.col("ts") >= first).height:
        return ""
    accepted = ValidationContext(overrides=in_force(read_overrides(paths))).settled(timeframe)
    if accepted is not None and stored.filter(pl.col("fetched_at") > accepted).is_empty():
        return ""
    symbol, opens = instrument.symbol, stored["ts"]
    return (
        f"{symbol} {timeframe}: none of the {stored.height} stored bars from {opens[0]:%Y-%m-%d} "
        f"to {opens[-1]:%Y-%m-%d} is served any more, but {diff.new:,} later ones are: its source "
        "may have given the symbol to another instrument; nothing of it is stored until "
        f"`regime universe repoint {symbol} --reason TEXT` says --same (one instrument) or "
        "--archive (another one: its bars start from scratch), or the stored bars are served again"
    )


def basis_note(paths: SymbolPaths, timeframe: str, since: dt.datetime, coverage: Coverage) -> str:
    """What fetches have shown of a series ``since`` a moment, and what is to be read again."""
    unread = sum(window.read_at == UNREAD for window in coverage.windows)
    left = f" ({unread:,} windows left)" if unread else ""
    return " | ".join(
        record.describe() + ("" if record.refetched_at else left)
        for record in basis_records(paths, timeframe)
        if record.refetched_at is None or record.seen_at >= since
    )


def await_rewrite(
    paths: SymbolPaths,
    instrument: Instrument,
    shown: Shown,
    origin: FetchOrigin,
    present: dt.datetime,
) -> None:
    """Marks all that was read before as unread, and records what was shown; hold the lock.

    After a new basis of daily or weekly bars both of them are read again.
    """
    frames = [origin.timeframe]
    if isinstance(shown.evidence, BasisChange) and not is_intraday(origin.timeframe):
        frames = [timeframe for timeframe in instrument.timeframes if not is_intraday(timeframe)]
    for frame in frames:  # first, because what is recorded counts on it
        known = proven_coverage(paths, instrument, frame, present)
        write_coverage(paths, frame, known.unread())
    note_basis(paths, shown.record(paths, origin))


def settle_rewrite(
    paths: SymbolPaths, timeframe: str, coverage: Coverage, now: dt.datetime
) -> None:
    """Records that the series is on the new price basis, once all of it was read."""
    if pending_record(paths, timeframe) is None:
        return
    unread = any(window.read_at == UNREAD for window in coverage.windows)
    if coverage.is_complete and not unread:
        with writing(paths):
            settle_basis(paths, timeframe, now)


def _stored_up_to(listed: RawListing, last: dt.datetime) -> int:
    """How many bars open by ``last``."""
    opens = raw_log.read_current(listed, columns=("ts",)).rows["ts"]
    return opens.filter(opens <= last).n_unique()

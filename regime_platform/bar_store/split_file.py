"""splits.json of a symbol: splits that overlapping fetches showed, and what was fetched since.

A split is recorded before the page that shows it is stored. A fetch that is killed in between meets
the split again; after a later kill, the entries here state which timeframes are still to be fetched
again. So no series is left on two price bases.
"""

import datetime as dt
from collections.abc import Iterable

from pydantic import TypeAdapter

from regime_platform.bar_store.documents import read_document
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.recorded import recorded_of
from regime_platform.bar_store.session import read_once
from regime_platform.errors import BarsError
from regime_platform.files import write_json
from regime_platform.model.document import Array, Document, Instant
from regime_platform.revisions.splits import Ratio, Split


class SplitRecord(Document):
    """A split, and what has become of one timeframe since."""

    timeframe: str  # to be fetched again
    ratio: Ratio  # new shares for one old
    seen_at: Instant
    seen_on: str  # the timeframe that showed it
    evidence: Split
    refetched_at: Instant | None = None  # when the whole history was served on the new basis

    @property
    def is_pending(self) -> bool:
        """True until the history was fetched again."""
        return self.refetched_at is None


class _Splits(Document):
    """splits.json."""

    splits: Array[SplitRecord]


_DOCUMENT = TypeAdapter(_Splits)


@read_once("splits")
def read_splits(paths: SymbolPaths) -> tuple[SplitRecord, ...]:
    """Every split recorded so far, oldest first.

    Raises:
        BarsError: the file is damaged; names it.
    """
    document = read_document(paths.splits, _DOCUMENT, "splits-damaged")
    return () if document is None else document.splits


def recorded_splits(paths: SymbolPaths) -> tuple[SplitRecord, ...]:
    """The splits that the bar manifest recorded."""
    recorded = recorded_of(paths, "splits") or ()
    return _Splits.model_validate({"splits": recorded}).splits


def lost_splits(
    stored: Iterable[SplitRecord], recorded: Iterable[SplitRecord]
) -> tuple[SplitRecord, ...]:
    """Those of ``recorded`` that ``stored`` lacks, settled or not."""
    states = [
        state
        for entry in stored
        for state in (entry, entry.model_copy(update={"refetched_at": None}))
    ]
    return tuple(entry for entry in recorded if entry not in states)


def restore_splits(paths: SymbolPaths) -> None:
    """Writes the file again from the bar manifest's record and later entries; hold the lock."""
    try:
        stored = read_splits(paths)
    except BarsError:
        stored = ()
    recorded = recorded_splits(paths)
    whole = (*recorded, *stored, *lost_splits(stored, recorded))
    by_key = {(entry.timeframe, entry.ratio, entry.seen_at): entry for entry in whole}
    if by_key:
        _write(paths, tuple(by_key.values()))
    else:
        paths.splits.unlink(missing_ok=True)


def pending_split(paths: SymbolPaths, timeframe: str) -> SplitRecord | None:
    """The latest split after which the history of ``timeframe`` was not fetched again yet."""
    waiting = [
        entry for entry in read_splits(paths) if entry.timeframe == timeframe and entry.is_pending
    ]
    return waiting[-1] if waiting else None


def note_split(
    paths: SymbolPaths,
    timeframes: Iterable[str],
    split: Split,
    *,
    seen_on: str,
    seen_at: dt.datetime,
) -> None:
    """Records ``split`` and makes the refetch of ``timeframes`` pending; hold the lock.

    Call it before the page that shows the split is appended. A timeframe that is pending because of
    the same ratio already is not recorded again.
    """
    known = read_splits(paths)
    waiting = {
        entry.timeframe for entry in known if entry.ratio == split.ratio and entry.is_pending
    }
    added = tuple(
        SplitRecord(
            timeframe=timeframe,
            ratio=split.ratio,
            seen_at=seen_at,
            seen_on=seen_on,
            evidence=split,
        )
        for timeframe in timeframes
        if timeframe not in waiting
    )
    if added:
        _write(paths, known + added)


def settle_split(paths: SymbolPaths, timeframe: str, at: dt.datetime) -> None:
    """Records that the whole history of ``timeframe`` was fetched again; hold the lock."""
    known = read_splits(paths)
    settled = tuple(
        entry.model_copy(update={"refetched_at": at})
        if entry.timeframe == timeframe and entry.is_pending
        else entry
        for entry in known
    )
    if settled != known:
        _write(paths, settled)


def _write(paths: SymbolPaths, records: tuple[SplitRecord, ...]) -> None:
    write_json(paths.splits, _Splits(splits=records).model_dump(mode="json"))
    read_splits.written(paths, records)
